package node

import (
	"context"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/goptimedb/goptimedb/internal/base/config"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// TestParametersComeBack: what a driver sends as a parameter of a type it gets back as a value of that type, in text and in binary form.
func TestParametersComeBack(t *testing.T) {
	n := open(t, func(*config.Standalone) {})
	c, err := pgx.Connect(t.Context(), "postgres://ann@"+n.PostgresAddr()+"/public?sslmode=disable&timezone=Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	m := c.TypeMap()
	at := time.Date(2024, 6, 1, 12, 30, 0, 125000000, time.UTC)
	for _, v := range []struct {
		oid uint32
		v   any
	}{
		{wire.OIDInt2, int16(-7)}, {wire.OIDInt4, int32(70000)}, {wire.OIDInt8, int64(1) << 40}, {wire.OIDFloat4, float32(1.5)}, {wire.OIDFloat8, 0.1}, {wire.OIDBool, true},
		{wire.OIDText, "x"}, {wire.OIDDate, time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)}, {wire.OIDTimestamp, at}, {wire.OIDBytea, []byte{0, 255}},
		{wire.OIDNumeric, pgtype.Numeric{Int: big.NewInt(12345), Exp: -2, Valid: true}}, {wire.OIDNumeric, pgtype.Numeric{Int: big.NewInt(3), Valid: true}},
	} {
		for _, format := range []int16{wire.Text, wire.Binary} {
			raw, err := m.Encode(v.oid, format, v.v, nil)
			if err != nil {
				t.Fatal(err)
			}
			r := c.PgConn().ExecParams(t.Context(), "SELECT $1 AS v", [][]byte{raw}, []uint32{v.oid}, []int16{format}, []int16{format}).Read()
			if r.Err != nil {
				t.Errorf("%d, format %d: %v", v.oid, format, r.Err)
				continue
			}
			back := reflect.New(reflect.TypeOf(v.v))
			if err := m.Scan(r.FieldDescriptions[0].DataTypeOID, format, r.Rows[0][0], back.Interface()); err != nil {
				t.Errorf("%d, format %d: %x as %d: %v", v.oid, format, r.Rows[0][0], r.FieldDescriptions[0].DataTypeOID, err)
				continue
			}
			got := back.Elem().Interface()
			if num, ok := got.(pgtype.Numeric); ok {
				f, _ := num.Float64Value()
				want := v.v.(pgtype.Numeric)
				g, _ := want.Float64Value()
				got, v.v = f.Float64, any(want)
				if f.Float64 != g.Float64 {
					t.Errorf("%d, format %d: %v", v.oid, format, f.Float64)
				}
				continue
			}
			if !reflect.DeepEqual(got, v.v) {
				t.Errorf("%d, format %d: %v, want %v", v.oid, format, got, v.v)
			}
		}
	}

	// Cursors that are described as portals (psycopg).
	if _, err := c.Exec(t.Context(), "DECLARE c CURSOR FOR SELECT 1 AS one"); err != nil {
		t.Fatal(err)
	}
	front := c.PgConn().Frontend()
	front.Send(&pgproto3.Describe{ObjectType: 'P', Name: "c"})
	front.Send(&pgproto3.Sync{})
	if err := front.Flush(); err != nil {
		t.Fatal(err)
	}
	msg, err := front.Receive()
	if d, ok := msg.(*pgproto3.RowDescription); err != nil || !ok || string(d.Fields[0].Name) != "one" {
		t.Errorf("%#v, %v", msg, err)
	}
	if _, err := front.Receive(); err != nil { // ReadyForQuery
		t.Fatal(err)
	}

	if _, err := c.Exec(t.Context(), "CREATE TABLE p (ts TIMESTAMP TIME INDEX, n DECIMAL(10, 2), u BIGINT UNSIGNED)"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(t.Context(), "INSERT INTO p VALUES ($1, $2, $3)", at, pgtype.Numeric{Int: big.NewInt(350), Exp: -2, Valid: true}, pgtype.Numeric{Int: big.NewInt(7), Valid: true}); err != nil {
		t.Error(err)
	}
	var got time.Time
	if err := c.QueryRow(t.Context(), "SELECT ts FROM p WHERE ts = $1 AND n = 3.5 AND u = 7", at).Scan(&got); err != nil || !got.Equal(at) {
		t.Error(got, err)
	}
}

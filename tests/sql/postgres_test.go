package sql

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/tests/sql/scripttest"
)

// overPostgres sends scripts with pgx: each in the simple protocol, and what only reads in the extended one too. Types are PostgreSQL's
// by their OID, times are text in the zone of the session with microseconds, lists are its arrays, errors have its SQLSTATE.
var overPostgres = scripttest.Protocol{Name: "postgres", Dialect: model.DialectPostgres, Open: func(t *testing.T) (scripttest.Database, scripttest.Conn) {
	p := start(t)
	c := &pgConn{process: p}
	c.Reconnect()
	t.Cleanup(func() { c.conn.Close(context.Background()) })
	return p, c
}}

type pgConn struct {
	*process
	conn *pgconn.PgConn
}

func (c *pgConn) Reconnect() {
	if c.conn != nil {
		c.conn.Close(context.Background())
	}
	var err error
	if c.conn, err = pgconn.Connect(context.Background(), "postgres://root@"+c.node.PostgresAddr()+"/public?sslmode=disable"); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.conn.Exec(context.Background(), "SET intervalstyle = 'iso_8601'").ReadAll(); err != nil {
		c.t.Fatal(err)
	}
}

func (c *pgConn) Ask(ctx context.Context, sess *model.Session, text string, want scripttest.Answer) (got scripttest.Answer, err error) {
	rd := c.conn.Exec(ctx, text)
	for rd.NextResult() {
		out, rerr := pgResult(rd.ResultReader(), sess, want, len(got.Outputs))
		if rerr != nil {
			return got, errors.Join(rerr, rd.Close())
		}
		got.Outputs = append(got.Outputs, out)
	}
	if err := rd.Close(); err != nil {
		return got, pgError(&got, err, want)
	}
	if got.String() != want.String() || !readsOnly(text) {
		return got, nil
	}
	var extended scripttest.Answer
	out, err := pgResult(c.conn.ExecParams(ctx, strings.TrimRight(text, "; \n"), nil, nil, nil, nil), sess, want, 0)
	if extended.Outputs = append(extended.Outputs, out); err == nil && extended.String() != want.String() {
		err = fmt.Errorf("in the extended protocol it gives\n%s", extended)
	}
	return got, err
}

// pgResult reads one result, output i of want.
func pgResult(rd *pgconn.ResultReader, sess *model.Session, want scripttest.Answer, i int) (out scripttest.Output, err error) {
	rows := false
	for j, f := range rd.FieldDescriptions() {
		rows = true
		t := wantType(want, i, j)
		if oid := pgType(t); oid != 0 && oid != f.DataTypeOID {
			err = fmt.Errorf("column %s of type %s has OID %d, not %d", f.Name, t, f.DataTypeOID, oid)
		}
		out.Fields = append(out.Fields, model.Field{Name: f.Name, Type: t})
	}
	for r := 0; rd.NextRow(); r++ {
		cells := make([]string, len(rd.Values()))
		for j, v := range rd.Values() {
			cells[j] = "NULL"
			if v != nil {
				cells[j] = pgCell(out.Fields[j].Type, string(v), sess, wantCell(want, i, r, j))
			}
		}
		out.Rows = append(out.Rows, cells)
	}
	tag, cerr := rd.Close()
	if cerr != nil {
		return out, cerr
	}
	if !rows {
		out.Affected = uint64(tag.RowsAffected())
		if i < len(want.Outputs) && want.Outputs[i].Fields != nil && len(want.Outputs[i].Fields) == 0 {
			out.Fields = want.Outputs[i].Fields
		}
		if tag := tag.String(); i < len(want.Outputs) && !strings.ContainsAny(tag, "0123456789") {
			out.Affected = want.Outputs[i].Affected // PostgreSQL's tags of definitions have no count
		}
	}
	return out, err
}

// pgType is the OID of a type; 0: any will do.
func pgType(t model.Type) uint32 {
	switch t.Kind {
	case model.KindBool:
		return 16
	case model.KindInt8, model.KindInt16, model.KindUint8:
		return 21
	case model.KindInt32, model.KindUint16:
		return 23
	case model.KindInt64, model.KindUint32:
		return 20
	case model.KindUint64, model.KindDecimal:
		return 1700
	case model.KindFloat32:
		return 700
	case model.KindFloat64:
		return 701
	case model.KindString:
		return 1043
	case model.KindBinary, model.KindVector:
		return 17
	case model.KindDate:
		return 1082
	case model.KindTimestamp:
		return 1114
	case model.KindInterval, model.KindDuration:
		return 1186
	case model.KindTime:
		return 1083
	case model.KindJSON, model.KindStruct, model.KindMap:
		return 114
	case model.KindList:
		return pgArrays[pgType(t.ElemType())]
	}
	return 0
}

// pgArrays are the OIDs of arrays, by those of their elements.
var pgArrays = map[uint32]uint32{16: 1000, 17: 1001, 20: 1016, 21: 1005, 23: 1007, 114: 199, 700: 1021, 701: 1022, 1043: 1015, 1082: 1182, 1083: 1183,
	1114: 1115, 1186: 1187, 1700: 1231}

// pgList reads an array as text, and gives it as the results have lists.
func pgList(elem model.Type, text string, sess *model.Session) string {
	var out []string
	body := strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
	for len(body) > 0 {
		var cell strings.Builder
		quoted := body[0] == '"'
		i := 0
		if quoted {
			for i = 1; i < len(body) && body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
				cell.WriteByte(body[i])
			}
			i++
		} else if i = strings.IndexByte(body, ','); i < 0 {
			i = len(body)
		}
		if !quoted {
			cell.WriteString(body[:i])
		}
		body = strings.TrimPrefix(body[min(i, len(body)):], ",")
		if cell.String() == "NULL" && !quoted {
			out = append(out, "null")
			continue
		}
		one := pgCell(elem, cell.String(), sess, "")
		switch elem.Kind {
		case model.KindBinary, model.KindVector:
			b, _ := hex.DecodeString(one)
			one = strconv.Quote(base64.StdEncoding.EncodeToString(b))
		case model.KindString, model.KindInterval:
			quotedOne, _ := json.Marshal(one)
			one = string(quotedOne)
		}
		out = append(out, one)
	}
	return "[" + strings.Join(out, ",") + "]"
}

// pgCell reads a cell of type t; want is what it should turn out to be.
func pgCell(t model.Type, text string, sess *model.Session, want string) string {
	switch t.Kind {
	case model.KindBool:
		return map[string]string{"f": "false", "t": "true"}[text]
	case model.KindFloat32:
		return float32Of(text)
	case model.KindFloat64:
		return float(text)
	case model.KindTimestamp:
		return microsOrBetter(unixOf(text, t.Unit, sess.Timezone), want, t)
	case model.KindDate:
		return daysOf(text)
	case model.KindInterval:
		if v, ok := isoInterval(text); ok {
			return scripttest.Interval(v)
		}
	case model.KindDuration:
		if v, ok := isoInterval(text); ok {
			return strconv.FormatInt((int64(v.Days)*86400e9+v.Nanos)/t.Unit.Nanos(), 10)
		}
	case model.KindBinary, model.KindVector:
		b, err := hex.DecodeString(strings.TrimPrefix(text, `\x`))
		if err != nil {
			return "not bytes: " + text
		}
		return hexOf(b)
	case model.KindTime:
		return clockOf(text, t.Unit)
	case model.KindJSON, model.KindStruct, model.KindMap:
		if sameJSON(text, want) {
			return want
		}
	case model.KindList:
		if got := pgList(t.ElemType(), text, sess); sameJSON(got, want) {
			return want
		}
	}
	return text
}

// microsOrBetter gives want where got is it without its nanoseconds, of which the protocol holds none.
func microsOrBetter(got, want string, t model.Type) string {
	w, err := strconv.ParseInt(want, 10, 64)
	if t.Unit == model.Nanosecond && err == nil && got == strconv.FormatInt(w-(w%1000+1000)%1000, 10) {
		return want
	}
	return got
}

// isoInterval reads an interval as PostgreSQL writes it in the style of ISO 8601: P1Y2M-3DT4H-5M6.7S.
func isoInterval(text string) (v model.MonthDayNano, ok bool) {
	date, clock, _ := strings.Cut(strings.TrimPrefix(text, "P"), "T")
	each := func(part string, units map[byte]func(float64)) bool {
		from := 0
		for i := range len(part) {
			if set := units[part[i]]; set != nil {
				x, err := strconv.ParseFloat(part[from:i], 64)
				if err != nil {
					return false
				}
				set(x)
				from = i + 1
			}
		}
		return from == len(part)
	}
	ok = each(date, map[byte]func(float64){'Y': func(x float64) { v.Months += int32(x) * 12 }, 'M': func(x float64) { v.Months += int32(x) },
		'D': func(x float64) { v.Days += int32(x) }})
	return v, ok && each(clock, map[byte]func(float64){'H': func(x float64) { v.Nanos += int64(x) * 3600e9 },
		'M': func(x float64) { v.Nanos += int64(x) * 60e9 }, 'S': func(x float64) { v.Nanos += int64(math.Round(x*1e6)) * 1000 }})
}

// pgStates are the SQLSTATEs of status codes; what is not among them is XX000.
var pgStates = map[errs.Code]string{
	errs.Unsupported: "0A000", errs.InvalidArguments: "22023", errs.Cancelled: "57000", errs.DeadlineExceeded: "57000", errs.External: "58000",
	errs.Suspended: "57P03", errs.InvalidSyntax: "42601", errs.PlanQuery: "P0000", errs.EngineExecuteQuery: "P0000", errs.TableAlreadyExists: "42P07",
	errs.RegionAlreadyExists: "42P07", errs.FlowAlreadyExists: "42P07", errs.TriggerAlreadyExists: "42P07", errs.TableNotFound: "42P01",
	errs.RegionNotFound: "42P01", errs.FlowNotFound: "42P01", errs.TriggerNotFound: "42P01", errs.TableColumnNotFound: "42703",
	errs.TableColumnExists: "42701", errs.DatabaseNotFound: "42704", errs.RegionReadonly: "25006", errs.RegionNotReady: "55000",
	errs.RegionBusy: "55000", errs.TableUnavailable: "55000", errs.DatabaseAlreadyExists: "42P04", errs.RuntimeResourcesExhausted: "53000",
	errs.RateLimited: "54000",
}

// pgError turns an error of the server into the answer's, whose code is that of want if its SQLSTATE is.
func pgError(a *scripttest.Answer, err error, want scripttest.Answer) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) || want.Err == nil {
		return err
	}
	state, ok := pgStates[want.Err.Code]
	if !ok {
		state = "XX000"
	}
	if e.Code != state {
		return fmt.Errorf("%s (%s) where %s belongs: %s", e.Code, want.Err.Code, state, e.Message)
	}
	a.Outputs, a.Err = nil, &scripttest.Error{Code: want.Err.Code, Text: e.Message}
	if m := masked(want.Err); *m == *a.Err {
		a.Err = want.Err
	}
	return nil
}

package files

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/model"
)

// duck asks DuckDB for one column of text; NULLs are "NULL".
func duck(t *testing.T, conn duckdb.Connection, query string) (out []string) {
	t.Helper()
	var res duckdb.Result
	if duckdb.Query(conn, query, &res) == duckdb.StateError {
		t.Fatalf("%s: %s", query, duckdb.ResultError(&res))
	}
	defer duckdb.DestroyResult(&res)
	for {
		chunk := duckdb.FetchChunk(res)
		if chunk.Ptr == nil {
			return out
		}
		n := int(duckdb.DataChunkGetSize(chunk))
		v := duckdb.DataChunkGetVector(chunk, 0)
		valid := duckdb.VectorGetValidity(v)
		data := unsafe.Slice((*duckdb.StringT)(duckdb.VectorGetData(v)), n)
		for i := range n {
			if valid != nil && !duckdb.ValidityRowIsValid(valid, duckdb.IdxT(i)) {
				out = append(out, "NULL")
			} else {
				out = append(out, duckdb.StringTData(&data[i]))
			}
		}
		duckdb.DestroyDataChunk(&chunk)
	}
}

// DuckDB reads what is written here, value by value, and its filters, which believe the bounds of row groups, find the same rows.
func TestDuckDBReads(t *testing.T) {
	types := []model.Type{model.Bool, model.Int8, model.Int16, model.Int32, model.Int64, model.Uint8, model.Uint16, model.Uint32, model.Uint64,
		model.Float32, model.Float64, model.String, model.Date, model.Timestamp(model.Second), model.Timestamp(model.Millisecond),
		model.Timestamp(model.Microsecond), model.Timestamp(model.Nanosecond), model.Decimal(38, 10), model.Decimal(5, 2)}
	fields := make([]model.Field, len(types))
	for i, typ := range types {
		fields[i] = model.Field{Name: fmt.Sprintf("c%d", i), Type: typ}
	}
	const n = 40_000 // several pages
	rnd := rand.New(rand.NewSource(3))
	b := model.NewBatch(fields, n)
	b.Len = n
	for c, v := range b.Cols {
		few := c%2 == 0 // with a dictionary
		for i := range n {
			x := rnd.Int63n(1 << 40)
			if few {
				x %= 100
			}
			switch typ := v.Type; {
			case i%7 == c%7 && i < n/2:
				v.AppendNull()
			case typ.Kind == model.KindBool:
				v.AppendBool(x&1 == 1)
			case typ.Floating():
				v.AppendFloat(float64(float32(float64(x) / 4)))
			case typ.Kind == model.KindString && few:
				v.AppendString(fmt.Sprintf("näme %d", x))
			case typ.Kind == model.KindString:
				v.AppendString(fmt.Sprintf("%d '%x", x, i))
			case typ.Kind == model.KindDecimal:
				v.AppendValue(model.Value{Type: typ, Decimal: fromBig(toBig(model.Int128{Lo: uint64(x % 90000)}))})
			case typ.Kind == model.KindDate:
				v.AppendInt(x % 40000)
			case typ.IsTimestamp():
				v.AppendInt(x % 4e9)
			default:
				lo, hi, ok := typ.IntRange()
				if !ok {
					lo, hi = math.MinInt64, math.MaxInt64
				}
				if x == 0 {
					v.AppendInt(lo)
				} else {
					v.AppendInt(min(hi, x))
				}
			}
		}
	}
	path := filepath.Join(t.TempDir(), "x.parquet")
	if err := os.WriteFile(path, write(t, Options{}, fields, b), 0o600); err != nil {
		t.Fatal(err)
	}
	var db duckdb.Database
	var conn duckdb.Connection
	if duckdb.Open(":memory:", &db) == duckdb.StateError || duckdb.Connect(db, &conn) == duckdb.StateError {
		t.Fatal("DuckDB does not start")
	}
	defer duckdb.Close(&db)
	defer duckdb.Disconnect(&conn)
	var o Options
	for c, f := range fields {
		x := fmt.Sprintf("c%d", c)
		if f.Type.IsTimestamp() {
			x = fmt.Sprintf("epoch_ns(%s)", x)
		}
		got := duck(t, conn, fmt.Sprintf("SELECT CAST(%s AS VARCHAR) FROM read_parquet('%s')", x, path))
		if len(got) != n {
			t.Fatalf("%s: %d rows", f.Type, len(got))
		}
		v := b.Cols[c]
		for i, g := range got {
			want := "NULL"
			if !v.Null(i) {
				switch {
				case f.Type.IsTimestamp():
					want = strconv.FormatInt(v.Ints[i]*int64(f.Type.Unit.Nanos()), 10)
				case f.Type.Floating():
					if y, err := strconv.ParseFloat(g, 64); err == nil && float32(y) == float32(v.Floats[i]) {
						continue
					}
					want = fmt.Sprint(v.Floats[i])
				default:
					text, _ := o.textOf(nil, v, i)
					want = string(text)
				}
			}
			if g != want {
				t.Fatalf("%s: row %d is %s, want %s", f.Type, i, g, want)
			}
		}
		if f.Type.Integer() && f.Type.Kind != model.KindUint64 {
			most, count := int64(math.MinInt64), 0
			for i, x := range v.Ints {
				switch {
				case v.Null(i):
				case x > most:
					most, count = x, 1
				case x == most:
					count++
				}
			}
			if got := duck(t, conn, fmt.Sprintf("SELECT CAST(count(*) AS VARCHAR) FROM read_parquet('%s') WHERE c%d >= %d", path, c, most)); got[0] != strconv.Itoa(count) {
				t.Errorf("%s: %s rows with the greatest value, want %d", f.Type, got[0], count)
			}
		}
	}
}

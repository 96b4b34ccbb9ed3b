package sst

import (
	"bytes"
	"context"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// pythonVariable names a Python that has pyarrow, see `make test-pyarrow`.
const pythonVariable = "GOPTIMEDB_TEST_PYTHON"

// pyarrowText prints column v of a file as the test does.
const pyarrowText = `import sys, pyarrow.parquet as p
print(",".join("NULL" if x is None else str(x) for x in p.read_table(sys.argv[1], columns=["v"])["v"].to_pylist()))`

// Files of every way to store a column, whether the writer would choose it for these values or not, are read alike by this reader, by
// arrow-go, by DuckDB, and where there is one by pyarrow, upon which pandas stands.
func TestEveryChoiceIsReadByOthers(t *testing.T) {
	var db duckdb.Database
	var conn duckdb.Connection
	if duckdb.Open(":memory:", &db) == duckdb.StateError || duckdb.Connect(db, &conn) == duckdb.StateError {
		t.Fatal("duckdb does not open")
	}
	defer duckdb.Close(&db)
	defer duckdb.Disconnect(&conn)
	rnd := rand.New(rand.NewSource(4))
	ints := func(i int) model.Value { return model.IntValue(model.Int64, int64(i)*1000+int64(rnd.Intn(7))) }
	reals := func(int) model.Value { return model.FloatValue(float64(rnd.Intn(1<<20)) + 0.5) }
	words := func(i int) model.Value {
		return model.StringValue(fmt.Sprintf("/var/log/service-%03d/%06d", i/100, rnd.Intn(1<<20)))
	}
	few := func(v func(int) model.Value) func(int) model.Value {
		return func(int) model.Value { return v(rnd.Intn(3)) }
	}
	for _, c := range []struct {
		typ    model.Type
		force  *choice // nil: what the writer chooses
		value  func(int) model.Value
		expect string
	}{
		{model.Int64, &choicePlain, ints, "PLAIN zstd-3"},
		{model.Int64, &choiceDelta, ints, "DELTA_BINARY_PACKED zstd-1"},
		{model.Int64, &choiceAligned, ints, "DELTA_BINARY_PACKED/8 zstd-1"},
		{model.Int64, &choiceAlignedEntropy, ints, "DELTA_BINARY_PACKED/8 entropy"},
		{model.Float64, &choicePlain, reals, "PLAIN zstd-3"},
		{model.Float64, &choiceSplit, reals, "BYTE_STREAM_SPLIT zstd-3"},
		{model.Float64, &choiceSplitFast, reals, "BYTE_STREAM_SPLIT zstd-1"},
		{model.Float64, &choiceSplitEntropy, reals, "BYTE_STREAM_SPLIT entropy"},
		{model.Float64, nil, few(func(i int) model.Value { return model.FloatValue(float64(i)*77 + 0.25) }), "RLE_DICTIONARY"},
		{model.String, &choiceLengths, words, "DELTA_LENGTH_BYTE_ARRAY zstd-3"},
		{model.String, &choiceLengthsFast, words, "DELTA_LENGTH_BYTE_ARRAY zstd-1"},
		{model.String, &choiceShared, words, "DELTA_BYTE_ARRAY zstd-3"},
		{model.String, nil, few(func(i int) model.Value { return model.StringValue(strconv.Itoa(i)) }), "RLE_DICTIONARY zstd-1"},
	} {
		t.Run(c.typ.String()+" "+c.expect, func(t *testing.T) {
			const n = 20_000
			s := &model.Schema{Version: 1, TimeIndex: 1, NextColumn: 4, PrimaryKey: []model.ColumnID{2}, Columns: []model.Column{
				{ID: 1, Name: "ts", Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn},
				{ID: 2, Name: "host", Type: model.String, Nullable: true, Semantic: model.TagColumn},
				{ID: 3, Name: "v", Type: c.typ, Nullable: true}}}
			ids, types := series.TagsOf(s)
			tb := series.NewBuilder(ids, types)
			tb.AppendRun([][]byte{[]byte("a")}, n/2)
			tb.AppendRun([][]byte{[]byte("b")}, n/2)
			b := &Batch{Rows: n, Runs: []Run{{0, 0, n / 2}, {1, n / 2, n}}, Fields: []*model.Vector{model.NewVector(c.typ, n)}}
			var err error
			if b.Table, err = tb.Finish(); err != nil {
				t.Fatal(err)
			}
			var want []string
			for i := range n {
				b.Time, b.Seq = append(b.Time, int64(i)), append(b.Seq, int64(i))
				if i%11 == 3 {
					b.Fields[0].AppendNull()
					want = append(want, "NULL")
					continue
				}
				v := c.value(i)
				b.Fields[0].AppendValue(v)
				switch c.typ.Class() {
				case model.ClassInt:
					want = append(want, strconv.FormatInt(v.Int, 10))
				case model.ClassFloat:
					want = append(want, strconv.FormatFloat(v.Float, 'f', -1, 64))
				default:
					want = append(want, v.Bytes)
				}
			}
			var out bytes.Buffer
			w, err := NewWriter(&out, s, WriterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if c.force != nil {
				w.past = map[model.ColumnID]*pastChoice{3: {choice: *c.force, groups: 100}}
			}
			if err := w.Append(b); err != nil {
				t.Fatal(err)
			}
			info, err := w.Finish()
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Columns[1].Encodings[0]; !strings.HasPrefix(got, c.expect) {
				t.Fatalf("stored as %s", got)
			}
			path := filepath.Join(t.TempDir(), "f.parquet")
			if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			ours(t, out.Bytes(), s, b.Fields[0])
			arrow(t, out.Bytes(), b.Fields[0])
			text := strings.Join(want, ",")
			if got := duckText(t, conn, fmt.Sprintf("SELECT string_agg(coalesce(v::VARCHAR, 'NULL'), ',' ORDER BY ts) FROM read_parquet('%s')", path)); got != text {
				t.Errorf("duckdb reads other values: %.200s, not %.200s", got, text)
			}
			if python := os.Getenv(pythonVariable); python != "" {
				got, err := exec.Command(python, "-c", pyarrowText, path).CombinedOutput()
				if err != nil || strings.TrimSpace(string(got)) != text {
					t.Errorf("pyarrow reads other values: %v, %.200s, not %.200s", err, got, text)
				}
			}
		})
	}
}

func ours(t *testing.T, data []byte, s *model.Schema, want *model.Vector) {
	t.Helper()
	f, err := newReader(t).Open(context.Background(), "f", memBlob(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.View(s, nil).Chunk(context.Background(), 3, 0, 0, want.Len)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Len {
		if !sameValue(got.At(i), want.At(i)) {
			t.Fatalf("row %d is %v, not %v", i, got.At(i), want.At(i))
		}
	}
}

func arrow(t *testing.T, data []byte, want *model.Vector) {
	t.Helper()
	pf, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	r, err := pf.RowGroup(0).Column(1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := foreignColumn(r, &column{typ: want.Type, optional: true}, want.Len)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range got {
		if !sameValue(x, want.At(i)) {
			t.Fatalf("arrow-go reads row %d as %v, not %v", i, x, want.At(i))
		}
	}
}

// duckText asks DuckDB for one text.
func duckText(t *testing.T, conn duckdb.Connection, query string) string {
	t.Helper()
	var res duckdb.Result
	if duckdb.Query(conn, query, &res) == duckdb.StateError {
		t.Fatalf("%s: %s", query, duckdb.ResultError(&res))
	}
	defer duckdb.DestroyResult(&res)
	chunk := duckdb.FetchChunk(res)
	if chunk.Ptr == nil {
		t.Fatalf("%s: no answer", query)
	}
	defer duckdb.DestroyDataChunk(&chunk)
	return duckdb.StringTData((*duckdb.StringT)(duckdb.VectorGetData(duckdb.DataChunkGetVector(chunk, 0))))
}

package engine

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// schemaStory is a region whose schema changes while writers still use older ones.
type schemaStory struct {
	*node
	t      *testing.T
	schema *model.Schema
	dir    string
}

func newSchemaStory(t *testing.T) *schemaStory {
	s := &schemaStory{t: t, dir: t.TempDir()}
	s.open()
	t.Cleanup(func() { _ = s.stop() })
	meta := testMeta(contract.MergeAppend)
	if err := s.eng.Create(t.Context(), contract.CreateRegion{Meta: meta, TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	s.schema = meta.Schema
	return s
}

func (s *schemaStory) open() {
	s.t.Helper()
	n, err := start(s.t, vfs.OS(), s.dir, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.node = n
}

func (s *schemaStory) reopen() {
	s.t.Helper()
	if err := s.stop(); err != nil {
		s.t.Fatal(err)
	}
	s.open()
	if err := s.eng.Open(s.t.Context(), contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
		s.t.Fatal(err)
	}
}

// alter changes the schema.
func (s *schemaStory) alter(change func(n *model.Schema)) {
	s.t.Helper()
	n := s.schema.Clone()
	change(n)
	n.Version++
	if err := s.eng.Alter(s.t.Context(), contract.AlterRegion{ID: region0, Schema: n}); err != nil {
		s.t.Fatal(err)
	}
	s.schema = n
}

// write puts a row that was made by a schema of the version, past the checks of the door: as one does that was under way when the schema
// changed.
func (s *schemaStory) write(version uint64, r row) {
	s.t.Helper()
	w := put(model.OpPut, r)
	w.Writes[0].SchemaVersion = version
	reg, err := s.eng.region(region0)
	if err != nil {
		s.t.Fatal(err)
	}
	p := s.eng.encode(&w.Writes[0], reg.meta())
	req := &request{region: reg, write: &w.Writes[0], payload: p.bytes}
	if err := reg.work.submit(s.t.Context(), req); err != nil {
		s.t.Fatal(err)
	}
	if <-req.done; req.err != nil {
		s.t.Fatal(req.err)
	}
}

// read gives "host ts: values" of all rows.
func (s *schemaStory) read(cols ...model.ColumnID) map[string]string {
	s.t.Helper()
	st, err := s.eng.Scan(s.t.Context(), contract.ScanRequest{Region: region0, TimeRange: model.AllTime, Projection: append([]model.ColumnID{colHost, colTime}, cols...)})
	if err != nil {
		s.t.Fatal(err)
	}
	defer st.Close()
	out := map[string]string{}
	for {
		b, err := st.Next(s.t.Context())
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			s.t.Fatal(err)
		}
		for i := range b.Len {
			text := ""
			for _, c := range b.Cols[2:] {
				text += " " + c.At(i).String()
			}
			out[fmt.Sprintf("%s %d", b.Cols[0].BytesAt(i), b.Cols[1].Ints[i])] += text
		}
	}
}

// same checks that the rows are want in memory, after a replay, in a file, after another start, and merged with another file.
func (s *schemaStory) same(want map[string]string, cols ...model.ColumnID) {
	s.t.Helper()
	check := func(when string) {
		s.t.Helper()
		if got := s.read(cols...); fmt.Sprint(got) != fmt.Sprint(want) {
			s.t.Errorf("%s: got %v, want %v", when, got, want)
		}
	}
	check("live")
	s.reopen()
	check("replayed")
	if err := s.eng.Flush(s.t.Context(), region0); err != nil {
		s.t.Fatal(err)
	}
	check("flushed")
	s.reopen()
	check("opened from files")
	if err := s.eng.Compact(s.t.Context(), contract.CompactRequest{Region: region0}); err != nil {
		s.t.Fatal(err)
	}
	check("compacted")
}

func intDefault(n int64) *model.Default {
	return &model.Default{Value: model.Value{Type: model.Int64, Int: n}}
}

// TestAddedColumn: rows from before a column was added have the default that it was added with, whoever writes them and wherever they
// are, and rows of later writers what these wrote, whatever becomes of the default.
func TestAddedColumn(t *testing.T) {
	for _, flushed := range []bool{false, true} {
		t.Run(fmt.Sprintf("flushed=%v", flushed), func(t *testing.T) {
			s := newSchemaStory(t)
			s.write(0, row{host: "a", ts: 1})
			if flushed {
				if err := s.eng.Flush(t.Context(), region0); err != nil {
					t.Fatal(err)
				}
			}
			var added, plain model.ColumnID
			s.alter(func(n *model.Schema) {
				added, plain = n.NextColumn, n.NextColumn+1
				n.Add(model.Column{Name: "added", Type: model.Int64, Nullable: true, Default: intDefault(3)}, len(n.Columns))
				n.Add(model.Column{Name: "plain", Type: model.Int64, Nullable: true}, 0)
			})
			s.write(0, row{host: "b", ts: 2}) // made before the change, applied after it
			s.write(1, row{host: "c", ts: 3}) // NULL was written
			s.alter(func(n *model.Schema) {
				n.Column(added).Default = intDefault(7)
				n.Column(plain).Default = intDefault(8)
			})
			s.write(0, row{host: "d", ts: 4})
			s.write(1, row{host: "e", ts: 5})
			s.write(2, row{host: "f", ts: 6})
			s.alter(func(n *model.Schema) { n.Column(added).Default = nil })
			s.same(map[string]string{"a 1": " 3 NULL", "b 2": " 3 NULL", "c 3": " NULL NULL", "d 4": " 3 NULL", "e 5": " NULL NULL", "f 6": " NULL NULL"}, added, plain)
		})
	}
}

// TestChangedAndDroppedColumns: writers of an older schema do not stop a region whose columns were dropped, added under the same name, or
// given another type.
func TestChangedAndDroppedColumns(t *testing.T) {
	num, text := 1.5, "12"
	r := func(host string, ts int64) row { return row{host: host, ts: ts, v: &num, s: &text} }
	for _, flushed := range []bool{false, true} {
		t.Run(fmt.Sprintf("flushed=%v", flushed), func(t *testing.T) {
			s := newSchemaStory(t)
			s.write(0, r("a", 1))
			if flushed {
				if err := s.eng.Flush(t.Context(), region0); err != nil {
					t.Fatal(err)
				}
			}
			var again model.ColumnID
			s.alter(func(n *model.Schema) {
				for i := range n.Columns {
					if n.Columns[i].ID == colText {
						n.Columns = append(n.Columns[:i], n.Columns[i+1:]...)
						break
					}
				}
				again = n.NextColumn
				n.Add(model.Column{Name: "s", Type: model.String, Nullable: true}, len(n.Columns))
				c := n.Column(colValue)
				c.Type, c.Changed = model.String, n.Version+1
			})
			s.write(0, r("b", 2))
			s.alter(func(n *model.Schema) {
				c := n.Column(colValue)
				c.Type, c.Changed = model.Int32, n.Version+1
			})
			s.write(0, r("c", 3))
			if flushed {
				if err := s.eng.Flush(t.Context(), region0); err != nil {
					t.Fatal(err)
				}
				s.write(0, r("d", 4))
			}
			// "1.5" is no integer where the file or the memtable holds text; where it still holds the number, its whole part is there.
			got := s.read(colValue, again)
			want := map[string]string{"a 1": " 1 NULL", "b 2": got["b 2"], "c 3": " 1 NULL"}
			if flushed {
				want["d 4"] = " 1 NULL"
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("got %v, want %v", got, want)
			}
			st := contract.ScanRequest{Region: region0, TimeRange: model.AllTime, Projection: []model.ColumnID{colText}, Bound: 1}
			if _, err := s.eng.Scan(t.Context(), st); err == nil {
				t.Error("a scan of a dropped column is taken")
			}
			st.Projection = []model.ColumnID{colValue}
			if _, err := s.eng.Scan(t.Context(), st); err == nil {
				t.Error("a scan bound to the old type is taken")
			}
			st.Bound = 3
			if x, err := s.eng.Scan(t.Context(), st); err != nil {
				t.Error(err)
			} else {
				x.Close()
			}
		})
	}
}

package memtable

import (
	"context"
	"fmt"
	"math/rand"
	"runtime"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// fleet makes batches of hosts with ten tags and ten fields, one row a host and point in time.
type fleet struct {
	schema *model.Schema
	hosts  int
	plain  bool // tags as plain strings, not coded
	tags   [][]string
}

func newFleet(hosts int, plain bool) *fleet {
	f := &fleet{hosts: hosts, plain: plain, schema: &model.Schema{Version: 1, TimeIndex: 11, NextColumn: 22}}
	r := rand.New(rand.NewSource(1))
	for k, c := range []int{0, 9, 27, 100, 3, 2, 8, 20, 2, 3} {
		id := model.ColumnID(k + 1)
		f.schema.Columns = append(f.schema.Columns, model.Column{ID: id, Name: fmt.Sprint("tag", k), Type: model.String, Nullable: true, Semantic: model.TagColumn})
		f.schema.PrimaryKey = append(f.schema.PrimaryKey, id)
		vals := make([]string, hosts)
		for h := range vals {
			vals[h] = fmt.Sprintf("host_%d", h)
			if c > 0 {
				vals[h] = fmt.Sprintf("tag_%d_value_%d", k, r.Intn(c))
			}
		}
		f.tags = append(f.tags, vals)
	}
	f.schema.Columns = append(f.schema.Columns, model.Column{ID: 11, Name: "ts", Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn})
	for k := range 10 {
		f.schema.Columns = append(f.schema.Columns, model.Column{ID: model.ColumnID(12 + k), Name: fmt.Sprint("f", k), Type: model.Float64, Nullable: true})
	}
	return f
}

// batch is the rows of hosts [from, to) at a time; set changes the time of a batch made before.
func (f *fleet) batch(from, to int, ts int64) *contract.RegionWrite {
	w := &contract.RegionWrite{Op: model.OpPut, Rows: &model.Batch{Len: to - from}}
	for i := range f.schema.Columns {
		c := &f.schema.Columns[i]
		v := model.NewVector(c.Type, to-from)
		seen := map[string]uint32{}
		if c.Semantic == model.TagColumn && !f.plain {
			v = &model.Vector{Type: c.Type, Dict: &model.Dict{}}
		}
		for h := from; h < to; h++ {
			switch {
			case c.Semantic == model.TimeColumn:
				v.AppendInt(ts)
			case c.Semantic == model.FieldColumn:
				v.AppendFloat(float64(h*i%1000) / 10)
			case f.plain:
				v.AppendString(f.tags[i][h])
			default:
				s := f.tags[i][h]
				x, ok := seen[s]
				if !ok {
					x = v.Dict.AppendString(s)
					seen[s] = x
				}
				v.AppendCode(x)
			}
		}
		w.Columns, w.Rows.Cols = append(w.Columns, c.ID), append(w.Rows.Cols, v)
	}
	return w
}

func setTime(w *contract.RegionWrite, ts int64) {
	v := w.Rows.Cols[10]
	for i := range v.Ints {
		v.Ints[i] = ts
	}
}

func fill1M(tb testing.TB, f *fleet, rows int) *Memtable {
	m, err := New(1, f.schema, Options{Window: 86_400_000})
	if err != nil {
		tb.Fatal(err)
	}
	w := f.batch(0, f.hosts, 0)
	for i := 0; i*f.hosts < rows; i++ {
		setTime(w, int64(i)*10_000)
		if err := m.Write(w, model.Sequence(i*f.hosts+1)); err != nil {
			tb.Fatal(err)
		}
	}
	return m
}

// BenchmarkWrite is rows of 10 tags and 10 fields of 4000 hosts in order of time; memory is given back every 4 M rows.
func BenchmarkWrite(b *testing.B) {
	for _, plain := range []bool{false, true} {
		for _, rows := range []int{100, 4000} {
			f := newFleet(4000, plain)
			var ws []*contract.RegionWrite
			for h := 0; h < 4000; h += rows {
				ws = append(ws, f.batch(h, h+rows, 0))
			}
			b.Run(fmt.Sprintf("plain=%v/batch=%d", plain, rows), func(b *testing.B) {
				var m *Memtable
				n := 0
				for b.Loop() {
					if n%(4<<20/rows) == 0 {
						m, _ = New(1, f.schema, Options{Window: 86_400_000})
					}
					w := ws[n%len(ws)]
					setTime(w, int64(n/len(ws))*10_000)
					if err := m.Write(w, model.Sequence(n*rows+1)); err != nil {
						b.Fatal(err)
					}
					n++
				}
				b.ReportMetric(float64(n*rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
				b.ReportMetric(float64(m.Bytes())/float64(m.Rows()), "bytes/row")
			})
		}
	}
}

// BenchmarkNewSeries adds 1 M series of ten tags, and measures what is held for each beside its one row.
func BenchmarkNewSeries(b *testing.B) {
	f := newFleet(1_000_000, false)
	var ws []*contract.RegionWrite
	for h := 0; h < f.hosts; h += 10_000 {
		ws = append(ws, f.batch(h, h+10_000, 0))
	}
	for b.Loop() {
		m, _ := New(1, f.schema, Options{})
		for i, w := range ws {
			if err := m.Write(w, model.Sequence(i*10_000+1)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(m.dict.bytes())/1e6, "bytes/series")
	}
}

// TestBytesPerIdleSeries measures the heap, so that the account is not the only witness.
func TestBytesPerIdleSeries(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 50,000 series")
	}
	const hosts = 50_000
	f := newFleet(hosts, false)
	w := f.batch(0, hosts, 0)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m, _ := New(1, f.schema, Options{})
	b, err := m.check(w, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.number(b); err != nil {
		t.Fatal(err)
	}
	m.scratch = scratch{}
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(w)
	runtime.KeepAlive(f)
	per := float64(after.HeapAlloc-before.HeapAlloc) / hosts
	t.Logf("%.0f bytes a series on the heap, %.0f counted", per, float64(m.dict.bytes())/hosts)
	if per > 300 {
		t.Errorf("an idle series holds %.0f bytes", per)
	}
}

// read is a scan of one field by series: align, then for each global series the values of each member.
func read(tb testing.TB, sources []source.Source, pred *model.Expr) float64 {
	ctx := context.Background()
	tables, sels, cols := make([]*series.Table, len(sources)), make([]series.Selection, len(sources)), make([]*model.Vector, len(sources))
	for i, s := range sources {
		t, err := s.Series(ctx)
		if err != nil {
			tb.Fatal(err)
		}
		tables[i] = t
		if sels[i], err = series.Match(t, pred); err != nil {
			tb.Fatal(err)
		}
		if cols[i], err = s.Chunk(ctx, 15, 0, 0, s.Rows()); err != nil {
			tb.Fatal(err)
		}
	}
	a, err := series.Align(tables, sels)
	if err != nil {
		tb.Fatal(err)
	}
	sum := 0.0
	for i, t := range tables {
		numbers, selected := a.Numbers(i), a.Selected(i)
		n := a.Len()
		if numbers != nil {
			n = len(numbers)
		}
		for at := range n {
			if selected != nil {
				at = int(selected[at])
			}
			for _, x := range cols[i].Floats[t.Start[at]:t.Start[at+1]] {
				sum += x
			}
		}
	}
	return sum
}

func BenchmarkRead(b *testing.B) {
	host := model.Compare(model.OpEq, 1, model.StringValue("host_77"))
	for _, hosts := range []int{4000, 250_000} {
		f := newFleet(hosts, false)
		b.Run(fmt.Sprintf("first/%d", hosts), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				m := fill1M(b, f, 1_000_000)
				b.StartTimer()
				read(b, m.Snapshot().Sources(f.schema, model.AllTime), nil)
			}
		})
		m := fill1M(b, f, 1_000_000)
		read(b, m.Snapshot().Sources(f.schema, model.AllTime), nil)
		b.Run(fmt.Sprintf("again/%d", hosts), func(b *testing.B) {
			for b.Loop() {
				read(b, m.Snapshot().Sources(f.schema, model.AllTime), nil)
			}
			b.ReportMetric(float64(len(m.Snapshot().runs)), "sources")
		})
		b.Run(fmt.Sprintf("host/%d", hosts), func(b *testing.B) {
			for b.Loop() {
				read(b, m.Snapshot().Sources(f.schema, model.AllTime), host)
			}
		})
		// A query after every write of 100 rows, at ever other fillings of the chunk.
		b.Run(fmt.Sprintf("hostWhileWriting/%d", hosts), func(b *testing.B) {
			m := fill1M(b, f, 1_000_000)
			read(b, m.Snapshot().Sources(f.schema, model.AllTime), nil)
			w := f.batch(0, 100, 0)
			seq := model.Sequence(10_000_000)
			for b.Loop() {
				b.StopTimer()
				setTime(w, int64(seq))
				if err := m.Write(w, seq); err != nil {
					b.Fatal(err)
				}
				seq += 100
				b.StartTimer()
				read(b, m.Snapshot().Sources(f.schema, model.AllTime), host)
			}
		})
	}
}

func BenchmarkFlushRead(b *testing.B) {
	for _, queried := range []bool{false, true} {
		f := newFleet(4000, false)
		b.Run(fmt.Sprintf("queried=%v", queried), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				m := fill1M(b, f, 1_000_000)
				m.Freeze()
				if queried {
					read(b, m.Snapshot().Sources(f.schema, model.AllTime), nil)
				}
				b.StartTimer()
				fs, err := m.FlushSources(f.schema)
				if err != nil {
					b.Fatal(err)
				}
				for c := range len(fs[0].Chunks()) - 1 {
					for id := model.ColumnID(11); id < 22; id++ {
						if _, err := fs[0].Chunk(context.Background(), id, c, 0, 0); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
		})
	}
}

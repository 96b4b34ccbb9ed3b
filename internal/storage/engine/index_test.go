package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/index"
	"github.com/goptimedb/goptimedb/internal/model"
)

// colNumber is a column that the tests of indexes have beside those of the test table.
const colNumber model.ColumnID = 5

var allIndexes = map[model.ColumnID]map[string]string{
	colValue:  {"inverted_index": "true", "skipping_index": "true", "skipping_index.granularity": "32"},
	colNumber: {"skipping_index": "true", "skipping_index.granularity": "50"},
	colText: {"inverted_index": "true", "skipping_index": "true", "skipping_index.granularity": "64",
		"fulltext_index": "true", "fulltext_index.granularity": "40", "fulltext_index.backend": "bloom"},
}

func indexedMeta(mode contract.MergeMode, options map[model.ColumnID]map[string]string) contract.RegionMeta {
	m := testMeta(mode)
	m.Schema.Columns = append(m.Schema.Columns, model.Column{ID: colNumber, Name: "n", Type: model.Int64, Nullable: true})
	m.Schema.NextColumn++
	setOptions(m.Schema, options)
	m.Options.RowGroupRows, m.Options.TriggerFileNum = 700, 1000
	return m
}

func setOptions(s *model.Schema, options map[model.ColumnID]map[string]string) {
	for i := range s.Columns {
		s.Columns[i].Options = options[s.Columns[i].ID]
	}
}

var indexedColumns = []model.ColumnID{colHost, colTime, colValue, colText, colNumber}

// indexStory is a region with indexes and what was written to it.
type indexStory struct {
	*node
	t   *testing.T
	dir string
	rnd *rand.Rand
}

func newIndexStory(t *testing.T, seed int64, meta contract.RegionMeta, tune func(*Options)) *indexStory {
	s := &indexStory{t: t, dir: t.TempDir(), rnd: rand.New(rand.NewSource(seed))}
	var err error
	if s.node, err = start(t, vfs.OS(), s.dir, tune); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.stop() })
	if err := s.eng.Create(t.Context(), contract.CreateRegion{Meta: meta, TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	return s
}

var words = []string{"GET", "POST", "error", "errors", "timeout", "user-7", "达到", "文件", "path/a", "Über", "a_b"}

func (s *indexStory) text() string {
	var parts []string
	for range s.rnd.Intn(4) {
		parts = append(parts, words[s.rnd.Intn(len(words))])
	}
	if s.rnd.Intn(3) == 0 {
		parts = append(parts, fmt.Sprintf("id%04d", s.rnd.Intn(2000)))
	}
	return strings.Join(parts, []string{" ", ", ", "-"}[s.rnd.Intn(3)])
}

func (s *indexStory) float() float64 {
	switch s.rnd.Intn(30) {
	case 0:
		return math.NaN()
	case 1:
		return math.Copysign(0, -1)
	case 2:
		return math.Inf(1)
	}
	return float64(s.rnd.Intn(300)) / 4
}

// write puts n random rows of times [from, to).
func (s *indexStory) write(n int, from, to int64) {
	s.t.Helper()
	b := &model.Batch{Len: n, Cols: []*model.Vector{model.NewVector(model.String, n), model.NewVector(model.Timestamp(model.Millisecond), n), model.NewVector(model.Float64, n),
		model.NewVector(model.String, n), model.NewVector(model.Int64, n)}}
	for range n {
		b.Cols[0].AppendString(fmt.Sprintf("h%d", s.rnd.Intn(6)))
		b.Cols[1].AppendInt(from + s.rnd.Int63n(to-from))
		for _, c := range b.Cols[2:] {
			switch {
			case s.rnd.Intn(10) == 0:
				c.AppendNull()
			case c.Type.Class() == model.ClassFloat:
				c.AppendFloat(s.float())
			case c.Type.Class() == model.ClassInt:
				c.AppendInt(int64(s.rnd.Intn(500)))
			default:
				c.AppendString(s.text())
			}
		}
	}
	s.send(contract.RegionWrite{Region: region0, Op: model.OpPut, Columns: indexedColumns, Rows: b})
}

func (s *indexStory) remove(n int, from, to int64) {
	s.t.Helper()
	b := &model.Batch{Len: n, Cols: []*model.Vector{model.NewVector(model.String, n), model.NewVector(model.Timestamp(model.Millisecond), n)}}
	for range n {
		b.Cols[0].AppendString(fmt.Sprintf("h%d", s.rnd.Intn(6)))
		b.Cols[1].AppendInt(from + s.rnd.Int63n(to-from))
	}
	s.send(contract.RegionWrite{Region: region0, Op: model.OpDelete, Columns: indexedColumns[:2], Rows: b})
}

func (s *indexStory) send(w contract.RegionWrite) {
	s.t.Helper()
	if _, err := s.eng.Write(s.t.Context(), contract.WriteRequest{Writes: []contract.RegionWrite{w}}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *indexStory) flush() {
	s.t.Helper()
	if err := s.eng.Flush(s.t.Context(), region0); err != nil {
		s.t.Fatal(err)
	}
}

func (s *indexStory) compact() {
	s.t.Helper()
	if err := s.eng.Compact(s.t.Context(), contract.CompactRequest{Region: region0}); err != nil {
		s.t.Fatal(err)
	}
}

// rows are all rows that a predicate leaves, and what the scan did.
func (s *indexStory) rows(pred *model.Expr, times model.TimeRange) ([][]model.Value, contract.ScanStats) {
	s.t.Helper()
	st, err := s.eng.Scan(s.t.Context(), contract.ScanRequest{Region: region0, TimeRange: times, Predicate: pred, Projection: indexedColumns})
	if err != nil {
		s.t.Fatalf("%s: %v", pred, err)
	}
	defer st.Close()
	var out [][]model.Value
	for {
		b, err := st.Next(s.t.Context())
		if errors.Is(err, io.EOF) {
			return out, st.Stats()
		}
		if err != nil {
			s.t.Fatalf("%s: %v", pred, err)
		}
		for i := range b.Len {
			row := make([]model.Value, len(b.Cols))
			for c := range row {
				row[c] = b.Cols[c].At(i)
			}
			out = append(out, row)
		}
	}
}

func (s *indexStory) leaf() *model.Expr {
	id := []model.ColumnID{colHost, colValue, colValue, colNumber, colNumber, colText, colText, colText, colText}[s.rnd.Intn(9)]
	value := func() model.Value {
		switch id {
		case colValue:
			return model.FloatValue(s.float())
		case colNumber:
			return model.IntValue(model.Int64, int64(s.rnd.Intn(520)))
		case colHost:
			return model.StringValue(fmt.Sprintf("h%d", s.rnd.Intn(7)))
		}
		return model.StringValue(s.text())
	}
	if id == colText && s.rnd.Intn(3) > 0 {
		w := words[s.rnd.Intn(len(words))]
		if s.rnd.Intn(2) == 0 {
			w = fmt.Sprintf("id%04d", s.rnd.Intn(2000))
		}
		pattern := map[model.Op][]string{
			model.OpMatchesTerm: {w, w, "rror", ""},
			model.OpMatches:     {w, "+" + w + " -GET", "error AND " + w, `"` + w + `"`},
			model.OpContains:    {regexp.QuoteMeta(w), "^" + w, "(?i)" + strings.ToUpper(w), "id00[0-9]7"},
			model.OpRegex:       {".*" + regexp.QuoteMeta(w) + ".*", "(?s)" + w + ".*", w},
		}
		op := []model.Op{model.OpMatchesTerm, model.OpMatches, model.OpContains, model.OpRegex}[s.rnd.Intn(4)]
		p := pattern[op][s.rnd.Intn(len(pattern[op]))]
		if s.rnd.Intn(6) == 0 {
			op++
		}
		return &model.Expr{Op: op, Column: id, Pattern: p}
	}
	switch op := []model.Op{model.OpEq, model.OpEq, model.OpEq, model.OpNe, model.OpLt, model.OpLe, model.OpGt, model.OpGe, model.OpIn, model.OpNotIn, model.OpIsNull, model.OpNotNull}[s.rnd.Intn(12)]; op {
	case model.OpIn, model.OpNotIn:
		e := &model.Expr{Op: op, Column: id}
		for range 1 + s.rnd.Intn(4) {
			e.Values = append(e.Values, value())
		}
		return e
	case model.OpIsNull, model.OpNotNull:
		return &model.Expr{Op: op, Column: id}
	default:
		return model.Compare(op, id, value())
	}
}

func (s *indexStory) predicate(depth int) *model.Expr {
	if depth > 0 && s.rnd.Intn(2) == 0 {
		args := []*model.Expr{s.predicate(depth - 1), s.predicate(depth - 1)}
		if s.rnd.Intn(2) == 0 {
			return &model.Expr{Op: model.OpAnd, Args: args}
		}
		return model.Or(args...)
	}
	return s.leaf()
}

// printed are rows as text, in the order of the text.
func printed(rows [][]model.Value) []string {
	out := make([]string, len(rows))
	var line []byte
	for i, r := range rows {
		line = line[:0]
		for _, v := range r {
			line = append(append(line, v.String()...), ' ')
		}
		out[i] = string(line)
	}
	slices.Sort(out)
	return out
}

// used sums what indexes did.
type used struct{ inverted, bloom, fulltext contract.IndexStats }

func (u *used) add(st contract.ScanStats) {
	u.inverted.Add(st.Inverted)
	u.bloom.Add(st.Bloom)
	u.fulltext.Add(st.Fulltext)
}

// check asks n random predicates and compares with a filter of all rows.
func (s *indexStory) check(n int) (u used) {
	s.t.Helper()
	all, _ := s.rows(nil, model.AllTime)
	for range n {
		pred, times := s.predicate(2), model.AllTime
		if s.rnd.Intn(3) == 0 {
			times.Start = s.rnd.Int63n(3000)
			times.End = times.Start + s.rnd.Int63n(2000)
		}
		var want [][]model.Value
		holds := meaning(pred)
		for _, r := range all {
			if times.Contains(r[1].Int) && holds(columnsOf(r)) {
				want = append(want, r)
			}
		}
		rows, st := s.rows(pred, times)
		u.add(st)
		got, wanted := printed(rows), printed(want)
		if !slices.Equal(got, wanted) {
			s.t.Fatalf("%s in %s: %d rows, want %d", pred, times, len(got), len(wanted))
		}
	}
	return u
}

// Predicates give the same rows with indexes as without, in all modes, whatever overlaps.
func TestIndexesChangeNoAnswer(t *testing.T) {
	for _, mode := range []contract.MergeMode{contract.MergeLastRow, contract.MergeLastNonNull, contract.MergeAppend} {
		for _, backend := range []string{"bloom", "tantivy"} {
			t.Run(mode.String()+"/"+backend, func(t *testing.T) {
				options := map[model.ColumnID]map[string]string{}
				for id, o := range allIndexes {
					options[id] = map[string]string{}
					for k, v := range o {
						options[id][k] = v
					}
				}
				options[colText]["fulltext_index.backend"] = backend
				_, err := index.NewBuilder(index.FulltextPostings, index.Options{}, model.String, index.Scratch{})
				unsupported := backend == "tantivy" && errs.Is(err, errs.Unsupported)
				s := newIndexStory(t, 1, indexedMeta(mode, options), nil)
				var u used
				plus := func(v used) {
					u.inverted.Add(v.inverted)
					u.bloom.Add(v.bloom)
					u.fulltext.Add(v.fulltext)
				}
				for round := range 5 {
					from := s.rnd.Int63n(3000)
					s.write(200+s.rnd.Intn(1500), from, from+1+s.rnd.Int63n(2000))
					if mode != contract.MergeAppend && s.rnd.Intn(2) == 0 {
						s.remove(100, 0, 4000)
					}
					if round%4 != 3 {
						s.flush()
					}
					if round == 4 {
						s.compact()
					}
					plus(s.check(15))
				}
				s.flush()
				s.compact()
				plus(s.check(40))
				for name, x := range map[string]contract.IndexStats{"inverted": u.inverted, "bloom": u.bloom, "fulltext": u.fulltext} {
					if unsupported && name == "fulltext" {
						continue
					}
					if x.Files == 0 || x.RowsAfter >= x.Rows || x.Failed > 0 {
						t.Errorf("%s: %+v", name, x)
					}
				}
			})
		}
	}
}

// Files that were written without indexes get them on request, and the schema's change asks for them in the background.
func TestIndexesOfExistingFiles(t *testing.T) {
	for _, asked := range []bool{true, false} {
		t.Run(fmt.Sprint(asked), func(t *testing.T) {
			built := make(chan struct{}, 100)
			meta := indexedMeta(contract.MergeLastRow, nil)
			s := newIndexStory(t, 2, meta, func(o *Options) {
				o.Listener.Step = func(_ model.RegionID, name string, after bool) error {
					if name == "index.commit" && after {
						built <- struct{}{}
					}
					return nil
				}
				o.Index.SkipOnFlush = IndexKinds{asked, asked, asked} // then the background leaves the files alone
			})
			s.write(2000, 0, 1000)
			s.flush()
			s.write(1500, 1000, 2000)
			s.flush()
			if u := s.check(20); u != (used{}) {
				t.Fatalf("indexes out of nowhere: %+v", u)
			}
			next := meta.Schema.Clone()
			next.Version++
			setOptions(next, allIndexes)
			if err := s.eng.Alter(t.Context(), contract.AlterRegion{ID: region0, Schema: next}); err != nil {
				t.Fatal(err)
			}
			if asked {
				if u := s.check(20); u.inverted.Files != 0 {
					t.Fatalf("indexes out of nowhere: %+v", u)
				}
				if err := s.eng.BuildIndex(t.Context(), region0); err != nil {
					t.Fatal(err)
				}
			}
			<-built
			<-built
			if err := s.eng.BuildIndex(t.Context(), region0); err != nil { // waits for the job, and finds nothing to do
				t.Fatal(err)
			}
			if n := len(built); n != 0 {
				t.Errorf("%d files were indexed again", n)
			}
			if u := s.check(60); u.inverted.Files == 0 || u.bloom.Files == 0 || u.fulltext.Files == 0 {
				t.Errorf("indexes are not used: %+v", u)
			}
			files, _ := filepath.Glob(s.dir + "/objects/" + tableDir + "*/index/*")
			if len(files) != 2 || !strings.HasSuffix(files[0], ".1.puffin") || !strings.HasSuffix(files[1], ".1.puffin") {
				t.Errorf("index files %v, want two of version 1", files)
			}
			if err := s.stop(); err != nil {
				t.Fatal(err)
			}
			var err error
			if s.node, err = start(t, vfs.OS(), s.dir, nil); err != nil {
				t.Fatal(err)
			}
			if err := s.eng.Open(t.Context(), contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
				t.Fatal(err)
			}
			if u := s.check(40); u.inverted.Files == 0 || u.inverted.Failed > 0 {
				t.Errorf("indexes are not used after a restart: %+v", u)
			}
			s.compact()
			s.check(30)
		})
	}
}

// Whatever happens to index files costs time, never answers.
func TestDamagedIndexesChangeNoAnswer(t *testing.T) {
	s := newIndexStory(t, 3, indexedMeta(contract.MergeLastRow, allIndexes), nil)
	s.write(3000, 0, 2000)
	s.flush()
	s.write(2000, 2000, 4000)
	s.flush()
	s.check(20)
	files, _ := filepath.Glob(s.dir + "/objects/" + tableDir + "*/index/*.puffin")
	if len(files) != 2 {
		t.Fatal(files)
	}
	whole := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		whole[f] = b
	}
	reopen := func() {
		t.Helper()
		if err := s.eng.Close(t.Context(), region0); err != nil { // forgets all that is cached
			t.Fatal(err)
		}
		if err := s.eng.Open(t.Context(), contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
			t.Fatal(err)
		}
	}
	var u used
	for round := range 16 {
		for f, b := range whole {
			b = slices.Clone(b)
			switch round % 4 {
			case 0:
				b = b[:s.rnd.Intn(len(b))]
			default:
				for range 1 + s.rnd.Intn(8) {
					b[s.rnd.Intn(len(b))] ^= 1 << s.rnd.Intn(8)
				}
			}
			if err := os.WriteFile(f, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		reopen()
		v := s.check(6)
		u.inverted.Add(v.inverted)
		u.bloom.Add(v.bloom)
		u.fulltext.Add(v.fulltext)
	}
	if u.inverted.Failed+u.bloom.Failed+u.fulltext.Failed == 0 {
		t.Error("no damage was seen")
	}
	files, _ = filepath.Glob(s.dir + "/objects/" + tableDir + "*/index/*.puffin")
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	reopen()
	s.check(10)
	if err := s.eng.BuildIndex(context.Background(), region0); err != nil {
		t.Fatal(err)
	}
	if u := s.check(40); u.inverted.Files == 0 || u.inverted.Failed+u.bloom.Failed+u.fulltext.Failed > 0 {
		t.Errorf("after build_index: %+v", u)
	}
}

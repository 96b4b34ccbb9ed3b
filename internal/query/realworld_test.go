package query

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	objlocal "github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/relational"
	"github.com/goptimedb/goptimedb/internal/storage/engine"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
	"github.com/goptimedb/goptimedb/internal/wal/local"
)

// realWorld is an engine over tables in regions of the storage engine. Beside each table is another, "truth_" and its name, whose rows a
// plain model has merged, and which the relational half reads as they are.
type realWorld struct {
	world
	rng     *rand.Rand
	storage *engine.Engine
	tables  []*realTable
	catalog plainCatalog
	// origin is when the tables' rows begin, in seconds since 1970.
	origin int64
	did    []string // what was done, for people
	// memory is where queries account for what they hold; nil: nowhere.
	memory *budget.Account
}

// realTable is a table of random types and its plain model.
type realTable struct {
	w      *realWorld
	plan   *plan.Table
	opts   contract.RegionOptions
	unit   model.TimeUnit
	series [][]model.Value               // values of the tags
	rows   map[string][][]model.Value    // by key: its rows, by position in the schema; several only where rows are appended
	gen    map[model.ColumnID]columnKind // of each field
}

// columnKind makes the values of a column.
type columnKind struct {
	typ   model.Type
	value func(rng *rand.Rand) model.Value
}

// newRealWorld writes two tables at random: of every merge mode, one region or several, with rows written again, deleted by key and by
// condition, flushed, compacted, and read from the log, while columns are added and made wider.
func newRealWorld(t testing.TB, seed uint64) *realWorld {
	memory := budget.New(1 << 30)
	if seed%4 == 3 { // nothing fits: all that can be done without memory is
		memory = budget.New(64)
	}
	w := emptyRealWorld(t, seed, memory.Account("queries", budget.Options{}))
	for i, name := range []string{"a", "b"} {
		w.tables = append(w.tables, w.newTable(i, name))
	}
	for range 14 + w.rng.IntN(16) {
		w.step(w.tables[w.rng.IntN(len(w.tables))])
	}
	if w.rng.IntN(4) > 0 { // rows in memory above all files
		for _, t := range w.tables {
			w.write(t)
		}
	}
	for _, t := range w.tables {
		w.catalog["public."+t.plan.Name] = t.plan
		w.catalog["public.truth_"+t.plan.Name] = t.truth()
	}
	return w
}

// emptyRealWorld has no tables. Its queries account for what they hold with memory, which may be nil.
func emptyRealWorld(t testing.TB, seed uint64, memory *budget.Account) *realWorld {
	w := &realWorld{rng: rand.New(rand.NewPCG(seed, 5)), catalog: plainCatalog{}, memory: memory}
	w.t, w.sess = t, model.NewSession("http")
	w.origin = []int64{base / 1000, base / 1000, -60, 1<<31 - 100}[w.rng.IntN(4)]
	w.start(seed)
	return w
}

// start opens the storage engine over a disk in memory, and the query engine above it.
func (w *realWorld) start(seed uint64) {
	t, disk := w.t, crashfs.New()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("world %d: %v", seed, err)
		}
	}
	store, err := objlocal.Open("/objects", objlocal.Options{FS: disk})
	must(err)
	log, err := local.Open(t.Context(), local.Options{Dir: "/wal", FS: disk, FileSize: 256 << 10})
	must(err)
	files, err := sst.NewReader(sst.ReaderOptions{Budget: budget.New(64 << 20)})
	must(err)
	w.storage = engine.New(engine.Options{Store: store, WAL: log, Files: files, Sweep: time.Hour, CheckpointDistance: 3, CompactionShare: 1, ScanParallelism: 1 + w.rng.IntN(3),
		QueryAccount: w.memory})
	w.engine, err = Open(Options{Catalog: w.catalog, Regions: w.storage, Memory: w.memory, Relational: relational.Options{Threads: 2}, Parallelism: 1 + w.rng.IntN(3), Version: "1.3.0",
		Now: func() time.Time { return time.Unix(w.origin+200, 0).UTC() }})
	must(err)
	t.Cleanup(func() {
		w.engine.Close()
		w.storage.Stop()
		if err := log.Close(); err != nil {
			t.Error(err)
		}
		files.Close()
	})
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// newTable makes a table's schema and its regions. Columns have the names that the generator of queries knows.
func (w *realWorld) newTable(at int, name string) *realTable {
	rng := w.rng
	t := &realTable{w: w, rows: map[string][][]model.Value{}, gen: map[model.ColumnID]columnKind{}, unit: model.TimeUnit(rng.IntN(4))}
	s := &model.Schema{NextColumn: 1}
	column := func(name string, typ model.Type, as model.Semantic) *model.Column {
		c := model.Column{ID: s.NextColumn, Name: name, Type: typ, Nullable: as != model.TimeColumn, Semantic: as}
		if as != model.TimeColumn && typ.Kind == model.KindString && rng.IntN(3) == 0 {
			c.Options = map[string]string{pick(rng, "inverted_index", "skipping_index"): "true"}
		}
		s.NextColumn++
		s.Columns = append(s.Columns, c)
		if as == model.TagColumn {
			s.PrimaryKey = append(s.PrimaryKey, c.ID)
		}
		return &s.Columns[len(s.Columns)-1]
	}
	column("host", model.String, model.TagColumn)
	column("dc", model.String, model.TagColumn)
	rack := rackTypes[rng.IntN(len(rackTypes))]
	column("rack", rack.typ, model.TagColumn)
	s.TimeIndex = column("ts", model.Timestamp(t.unit), model.TimeColumn).ID
	for _, f := range fieldsOf(rng) {
		t.gen[column(f.name, f.kind.typ, model.FieldColumn).ID] = f.kind
	}
	for i := range 3 + rng.IntN(9) {
		host, dc := model.StringValue(fmt.Sprintf("h%d", i%5)), model.NullOf(model.String)
		if i%5 == 4 && rng.IntN(2) == 0 {
			host = model.NullOf(model.String)
		}
		if i%3 < 2 {
			dc = model.StringValue([]string{"east", "west"}[i%3])
		}
		t.series = append(t.series, []model.Value{host, dc, orNull(rng, rack.value(rng))})
	}
	mode := contract.MergeMode(rng.IntN(3))
	t.opts = contract.RegionOptions{Merge: mode, RowGroupRows: pick(rng, 0, 8, 40), CompactionWindow: pick(rng, 0, time.Minute, time.Hour), TriggerFileNum: pick(rng, 0, 2)}
	t.plan = &plan.Table{Catalog: "greptime", Database: "public", Name: name, ID: model.TableID(1024 + at), Schema: s, Merge: mode}
	var rules []*model.Expr
	cmp := func(op model.Op, v string) *model.Expr {
		return model.Compare(op, s.PrimaryKey[0], model.StringValue(v))
	}
	switch rng.IntN(3) {
	case 1:
		rules = []*model.Expr{cmp(model.OpLt, "h2"), cmp(model.OpGe, "h2")}
	case 2:
		rules = []*model.Expr{cmp(model.OpLt, "h1"), model.And(cmp(model.OpGe, "h1"), cmp(model.OpLt, "h3")), cmp(model.OpGe, "h3")}
	}
	if rules != nil {
		t.plan.Partition = &model.Partition{Columns: s.PrimaryKey[:1], Rules: rules}
	}
	for i := range max(1, len(rules)) {
		id := model.NewRegionID(t.plan.ID, uint32(i))
		t.plan.Regions = append(t.plan.Regions, id)
		w.must(w.storage.Create(w.t.Context(), contract.CreateRegion{Meta: contract.RegionMeta{ID: id, Schema: s, Options: t.opts}, TableDir: t.dir()}))
	}
	w.note("%s: %s, %s, %d regions, %d series, rack %s, %+v", name, mode, s.Time().Type, len(t.plan.Regions), len(t.series), rack.typ, t.opts)
	return t
}

func (t *realTable) dir() string { return fmt.Sprintf("data/greptime/public/%d/", t.plan.ID) }

func (w *realWorld) note(format string, args ...any) {
	w.did = append(w.did, fmt.Sprintf(format, args...))
}

func (w *realWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", strings.Join(w.did, "\n"), err)
	}
}

func orNull(rng *rand.Rand, v model.Value) model.Value {
	if rng.IntN(7) == 0 {
		return model.NullOf(v.Type)
	}
	return v
}

// rackTypes are the types that a tag may have.
var rackTypes = []columnKind{
	{model.String, func(rng *rand.Rand) model.Value { return model.StringValue(pick(rng, "", "r1", "r2", "é")) }},
	{model.Int16, func(rng *rand.Rand) model.Value { return model.IntValue(model.Int16, rng.Int64N(5)-2) }},
	{model.Int64, func(rng *rand.Rand) model.Value { return model.IntValue(model.Int64, (rng.Int64N(5)-2)<<58) }},
	{model.Uint64, func(rng *rand.Rand) model.Value { return model.IntValue(model.Uint64, rng.Int64N(4)-2) }},
	{model.Float64, func(rng *rand.Rand) model.Value { return model.FloatValue(float64(rng.IntN(5)-2) / 2) }},
	{model.Bool, func(rng *rand.Rand) model.Value { return model.BoolValue(rng.IntN(2) == 0) }},
	{model.Date, func(rng *rand.Rand) model.Value { return model.IntValue(model.Date, rng.Int64N(4)-2) }},
	{model.Decimal(9, 2), decimalOf(model.Decimal(9, 2))},
	{model.Timestamp(model.Microsecond), func(rng *rand.Rand) model.Value {
		return model.IntValue(model.Timestamp(model.Microsecond), base*1000+rng.Int64N(4)*500_001)
	}},
}

func decimalOf(t model.Type) func(rng *rand.Rand) model.Value {
	return func(rng *rand.Rand) model.Value {
		n := rng.Int64N(400) - 200
		return model.Value{Type: t, Decimal: model.Int128{Hi: n >> 63, Lo: uint64(n)}}
	}
}

type namedKind struct {
	name string
	kind columnKind
}

// fieldsOf are the fields of a table, of random types. Numbers are such that sums are exact in any order.
func fieldsOf(rng *rand.Rand) []namedKind {
	ints := func(t model.Type, lo, n, scale int64) columnKind {
		return columnKind{t, func(rng *rand.Rand) model.Value { return model.IntValue(t, (lo+rng.Int64N(n))*scale) }}
	}
	floats := func(t model.Type) columnKind {
		return columnKind{t, func(rng *rand.Rand) model.Value { return model.Value{Type: t, Float: float64(rng.IntN(168)) / 4} }}
	}
	texts := func(t model.Type, of ...string) columnKind {
		return columnKind{t, func(rng *rand.Rand) model.Value { return model.Value{Type: t, Bytes: pick(rng, of...)} }}
	}
	dec := pick(rng, model.Decimal(5, 1), model.Decimal(18, 3), model.Decimal(38, 6))
	unit := model.TimeUnit(rng.IntN(4))
	out := []namedKind{
		{"usage", floats(pick(rng, model.Float64, model.Float64, model.Float32))},
		{"n", ints(pick(rng, model.Int8, model.Int16, model.Int32, model.Int64), -4, 9, 1)},
		{"ok", columnKind{model.Bool, func(rng *rand.Rand) model.Value { return model.BoolValue(rng.IntN(3) == 0) }}},
		{"note", columnKind{model.String, func(rng *rand.Rand) model.Value {
			return model.StringValue(pick(rng, "", "GET /a1", fmt.Sprintf("line %d: GET /a%d", rng.IntN(40), rng.IntN(5))))
		}}},
		{"big", ints(model.Int64, 0, 40, 1e9)},
		{"u", ints(pick(rng, model.Uint8, model.Uint16, model.Uint32, model.Uint64), 0, 7, 1)},
		{"d", columnKind{dec, decimalOf(dec)}},
		{"bin", texts(model.Binary, "", "\x00", "\xff\x01", "abc")},
		{"day", ints(model.Date, 19722, 5, 1)},
		{"seen", ints(model.Timestamp(unit), base/1000-2, 5, unit.PerSecond())},
		{"js", texts(model.JSON, `{"a":1}`, `[1,2]`, `"x"`, `null`)},
		{"vec", texts(model.VectorOf(2), "\x00\x00\x80\x3f\x00\x00\x00\x40", "\x00\x00\x00\x00\x00\x00\x00\x00")},
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// time is when a series has its row of a slot: no two series share one.
func (t *realTable) time(series, slot int) int64 {
	per := t.unit.PerSecond()
	at := (t.w.origin + int64(slot)*20) * per
	switch t.unit {
	case model.Second:
		return at + int64(series)
	case model.Millisecond:
		return at + int64(series)
	}
	return at + int64(series)*(per/1000) + int64(series*7) // digits below the millisecond
}

// step does one thing to a table.
func (w *realWorld) step(t *realTable) {
	ctx := w.t.Context()
	regions := func(what string, f func(model.RegionID) error) {
		w.note("%s: %s", t.plan.Name, what)
		for _, id := range t.plan.Regions {
			if w.rng.IntN(4) > 0 {
				w.must(f(id))
			}
		}
	}
	switch n := w.rng.IntN(20); {
	case n < 10:
		w.write(t)
	case n < 13:
		regions("flush", func(id model.RegionID) error { return w.storage.Flush(ctx, id) })
	case n < 15:
		w.delete(t)
	case n < 16:
		w.deleteWhere(t)
	case n < 17:
		strict := w.rng.IntN(2) == 0
		regions(fmt.Sprintf("compact, strict %v", strict), func(id model.RegionID) error {
			return w.storage.Compact(ctx, contract.CompactRequest{Region: id, Strict: strict})
		})
	case n < 18:
		regions("reopen", func(id model.RegionID) error {
			w.must(w.storage.Close(ctx, id))
			return w.storage.Open(ctx, contract.OpenRegion{ID: id, TableDir: t.dir()})
		})
	default:
		w.alter(t)
	}
}

// write puts rows of random series and slots, of all fields or a few.
func (w *realWorld) write(t *realTable) {
	s := t.plan.Schema
	var fields []model.ColumnID
	for _, c := range s.Fields() {
		if w.rng.IntN(5) > 0 {
			fields = append(fields, c.ID)
		}
	}
	rows := [][]model.Value{}
	first := w.rng.IntN(30)
	for range 1 + w.rng.IntN(40) {
		at := w.rng.IntN(len(t.series))
		row := t.key(at, first+w.rng.IntN(12))
		for _, id := range fields {
			row[t.position(id)] = orNull(w.rng, t.gen[id].value(w.rng))
		}
		if k := t.keyOf(row); t.plan.Merge == contract.MergeAppend && len(t.rows[k]) > 0 { // which of two is first is nobody's business
			row = t.rows[k][0]
			if slices.ContainsFunc(s.Fields(), func(c *model.Column) bool { return !row[t.position(c.ID)].Null() && !slices.Contains(fields, c.ID) }) {
				continue
			}
		}
		rows = append(rows, row)
		t.put(row)
	}
	w.note("%s: %d rows in slots from %d, fields %v", t.plan.Name, len(rows), first, fields)
	w.send(t, model.OpPut, append(append(slices.Clone(s.PrimaryKey), s.TimeIndex), fields...), rows)
}

// key is a row that has tags and time only.
func (t *realTable) key(series, slot int) []model.Value {
	s := t.plan.Schema
	row := make([]model.Value, len(s.Columns))
	for i, c := range s.Columns {
		row[i] = model.NullOf(c.Type)
	}
	for i, id := range s.PrimaryKey {
		row[t.position(id)] = t.series[series][i]
	}
	row[t.position(s.TimeIndex)] = model.IntValue(s.Time().Type, t.time(series, slot))
	return row
}

func (t *realTable) position(id model.ColumnID) int {
	return slices.IndexFunc(t.plan.Schema.Columns, func(c model.Column) bool { return c.ID == id })
}

func (t *realTable) keyOf(row []model.Value) string {
	var sb strings.Builder
	for _, id := range append(slices.Clone(t.plan.Schema.PrimaryKey), t.plan.Schema.TimeIndex) {
		fmt.Fprintf(&sb, "%s\x00", row[t.position(id)])
	}
	return sb.String()
}

// put is what a written row means.
func (t *realTable) put(row []model.Value) {
	k := t.keyOf(row)
	old := t.rows[k]
	switch {
	case t.plan.Merge == contract.MergeAppend:
		t.rows[k] = append(old, row)
		return
	case t.plan.Merge == contract.MergeLastNonNull && len(old) > 0:
		merged := slices.Clone(row)
		for i, v := range merged {
			if v.Null() {
				merged[i] = old[0][i]
			}
		}
		row = merged
	}
	t.rows[k] = [][]model.Value{row}
}

// send gives rows to the regions they belong to.
func (w *realWorld) send(t *realTable, op model.OpType, cols []model.ColumnID, rows [][]model.Value) {
	if len(rows) == 0 {
		return
	}
	var fields []model.Field
	for _, id := range cols {
		c := t.plan.Schema.Column(id)
		fields = append(fields, model.Field{Name: c.Name, Type: c.Type, ID: id})
	}
	b := model.NewBatch(fields, len(rows))
	for _, row := range rows {
		for i, id := range cols {
			b.Cols[i].AppendValue(row[t.position(id)])
		}
	}
	b.Len = len(rows)
	var req contract.WriteRequest
	add := func(region int, rows *model.Batch) {
		req.Writes = append(req.Writes, contract.RegionWrite{Region: t.plan.Regions[region], SchemaVersion: t.plan.Schema.Version, Op: op, Columns: cols, Rows: rows})
	}
	if p := t.plan.Partition; p != nil {
		parts, whole, err := p.Split(b.Len, func(id model.ColumnID) *model.Vector { return b.Cols[slices.Index(cols, id)] })
		w.must(err)
		if whole >= 0 {
			add(whole, b)
		}
		for i, part := range parts {
			if len(part) > 0 {
				add(i, b.Take(part))
			}
		}
	} else {
		add(0, b)
	}
	_, err := w.storage.Write(w.t.Context(), req)
	w.must(err)
}

// delete removes rows by key, some of which are not there.
func (w *realWorld) delete(t *realTable) {
	if t.plan.Merge == contract.MergeAppend {
		return
	}
	var rows [][]model.Value
	for range 1 + w.rng.IntN(15) {
		row := t.key(w.rng.IntN(len(t.series)), w.rng.IntN(40))
		rows = append(rows, row)
		delete(t.rows, t.keyOf(row))
	}
	w.note("%s: delete %d keys", t.plan.Name, len(rows))
	w.send(t, model.OpDelete, append(slices.Clone(t.plan.Schema.PrimaryKey), t.plan.Schema.TimeIndex), rows)
}

// deleteWhere removes rows by a condition on tags and time, and on fields where rows are appended.
func (w *realWorld) deleteWhere(t *realTable) {
	s := t.plan.Schema
	from := w.rng.IntN(40)
	times := model.TimeRange{Start: t.time(0, from), End: t.time(0, from+1+w.rng.IntN(5))}
	pred := pick(w.rng, nil, model.Compare(model.OpEq, s.PrimaryKey[0], model.StringValue("h1")), &model.Expr{Op: model.OpIsNull, Column: s.PrimaryKey[1]})
	if t.plan.Merge == contract.MergeAppend && w.rng.IntN(2) == 0 {
		pred = &model.Expr{Op: model.OpIsNull, Column: s.ByName("note").ID}
	}
	w.note("%s: delete where %s in %v", t.plan.Name, pred, times)
	at := func(row []model.Value, id model.ColumnID) model.Value { return row[t.position(id)] }
	for k, rows := range t.rows {
		rows = slices.DeleteFunc(slices.Clone(rows), func(row []model.Value) bool {
			return times.Contains(at(row, s.TimeIndex).Int) && (pred == nil || holds(pred, row, at))
		})
		if t.rows[k] = rows; len(rows) == 0 {
			delete(t.rows, k)
		}
	}
	for _, id := range t.plan.Regions {
		_, err := w.storage.DeleteWhere(w.t.Context(), contract.DeleteRequest{Region: id, SchemaVersion: s.Version, TimeRange: times, Predicate: pred})
		w.must(err)
	}
}

// alter adds a column, with a default or none, or gives n a wider type.
func (w *realWorld) alter(t *realTable) {
	s := t.plan.Schema.Clone()
	n := s.ByName("n")
	fill := model.NullOf(model.Int32)
	switch {
	case s.ByName("later") == nil:
		c := model.Column{Name: "later", Type: model.Int32, Nullable: true}
		if w.rng.IntN(2) == 0 {
			fill = model.IntValue(model.Int32, 7)
			c.Default = &model.Default{Value: fill}
		}
		s.Add(c, len(s.Columns))
		t.gen[s.ByName("later").ID] = columnKind{model.Int32, func(rng *rand.Rand) model.Value { return model.IntValue(model.Int32, rng.Int64N(3)) }}
		for _, rows := range t.rows {
			for i, row := range rows {
				rows[i] = append(slices.Clone(row), fill)
			}
		}
		w.note("%s: add later %s", t.plan.Name, fill)
	case n.Type != model.Int64:
		n.Type, n.Changed = model.Int64, s.Version+1
		old := t.gen[n.ID].value
		t.gen[n.ID] = columnKind{model.Int64, func(rng *rand.Rand) model.Value { v := old(rng); v.Type = model.Int64; return v }}
		at := t.position(n.ID)
		for _, rows := range t.rows {
			for i, row := range rows {
				rows[i] = slices.Clone(row)
				rows[i][at].Type = model.Int64
			}
		}
		w.note("%s: n is BIGINT", t.plan.Name)
	default:
		return
	}
	s.Version++
	for _, id := range t.plan.Regions {
		w.must(w.storage.Alter(w.t.Context(), contract.AlterRegion{ID: id, Schema: s}))
	}
	t.plan.Schema = s
}

// truth is the table as the model has it: in memory, in no order.
func (t *realTable) truth() *plan.Table {
	var fields []model.Field
	for _, c := range t.plan.Schema.Columns {
		fields = append(fields, model.Field{Name: c.Name, Type: c.Type, ID: c.ID})
	}
	all := model.NewBatch(fields, 0)
	for _, rows := range t.rows {
		for _, row := range rows {
			for i, v := range row {
				all.Cols[i].AppendValue(v)
			}
			all.Len++
		}
	}
	return &plan.Table{Catalog: "greptime", Database: "public", Name: "truth_" + t.plan.Name, ID: t.plan.ID + 100, Schema: t.plan.Schema, Merge: t.plan.Merge,
		Rows: func(context.Context, *model.Session) (model.RowStream, error) {
			return &memoryRows{fields: fields, rows: all}, nil
		}}
}

var literalTime = regexp.MustCompile(`2024-01-01 \d\d:\d\d:\d\d`)

// moved is a statement whose times are as far from the world's origin as they were from base.
func (w *realWorld) moved(text string) string {
	return literalTime.ReplaceAllStringFunc(text, func(s string) string {
		at, err := time.Parse(time.DateTime, s)
		if err != nil {
			panic(err)
		}
		return at.Add(time.Duration(w.origin-base/1000) * time.Second).Format(time.DateTime)
	})
}

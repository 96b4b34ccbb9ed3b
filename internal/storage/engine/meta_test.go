package engine

import (
	"errors"
	"fmt"
	"math"
	oldrand "math/rand"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/diskcache"
	"github.com/goptimedb/goptimedb/internal/objectstore/fault"
	objlocal "github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
	"github.com/goptimedb/goptimedb/internal/wal/local"
)

var nan = math.NaN()

// metaConfig is what a program runs with. Answers depend on none of it but the merge mode.
type metaConfig struct {
	mode     contract.MergeMode
	far      bool // files are in a store far away, behind a disk cache
	hosts    int
	slots    int64
	step     int64
	region   contract.RegionOptions
	cache    int64 // bytes of the disk cache
	budget   int64
	walFile  int64
	distance int
	workers  int
	jobs     int
	scans    int
	buffer   int64
	index    IndexOptions
	options  map[model.ColumnID]map[string]string
	faults   bool
}

func pick[T any](r *rand.Rand, vs ...T) T { return vs[r.IntN(len(vs))] }

// columnOptions are random indexes of a column.
func columnOptions(r *rand.Rand, c *model.Column) map[string]string {
	o := map[string]string{}
	if r.IntN(3) == 0 {
		o["inverted_index"] = "true"
	}
	if r.IntN(3) == 0 {
		o["skipping_index"], o["skipping_index.granularity"] = "true", pick(r, "1", "7", "64")
	}
	if c.Type == model.String && c.Semantic == model.FieldColumn && r.IntN(2) == 0 {
		o["fulltext_index"], o["fulltext_index.granularity"], o["fulltext_index.backend"] = "true", pick(r, "5", "40"), pick(r, "bloom", "tantivy")
		o["fulltext_index.analyzer"] = pick(r, "English", "Chinese")
	}
	return o
}

func newMetaConfig(seed uint64, faults bool) metaConfig {
	r := rand.New(rand.NewPCG(seed, 1<<40))
	c := metaConfig{faults: faults, mode: modes[seed%3], far: seed%2 == 1, hosts: 1 + r.IntN(6), slots: 1 + r.Int64N(120), step: pick(r, int64(1000), 60_000, 1800_000, 3600_000),
		cache: pick(r, int64(16<<10), 256<<10, 64<<20), budget: pick(r, int64(32<<10), 1<<20, 256<<20), walFile: pick(r, int64(16<<10), 64<<10, 1<<20),
		distance: 1 + r.IntN(6), workers: 1 + r.IntN(2), jobs: 1 + r.IntN(2), scans: 1 + r.IntN(3), buffer: pick(r, int64(8<<10), 64<<10, 1<<30)}
	c.region = contract.RegionOptions{Merge: c.mode, RowGroupRows: pick(r, 0, 3, 17, 200), CompactionWindow: pick(r, time.Duration(0), time.Hour, 12*time.Hour),
		TriggerFileNum: pick(r, 0, 2, 5), MaxOutputBytes: pick(r, int64(0), 2000, 20_000), TTL: pick(r, time.Duration(0), 0, 40*time.Hour)}
	kinds := func() IndexKinds { return IndexKinds{r.IntN(3) == 0, r.IntN(3) == 0, r.IntN(3) == 0} }
	c.index = IndexOptions{Async: r.IntN(3) == 0, SkipOnFlush: kinds(), SkipOnCompaction: kinds()}
	c.options = map[model.ColumnID]map[string]string{}
	for _, col := range indexedMeta(c.mode, nil).Schema.Columns {
		if col.Semantic != model.TimeColumn {
			c.options[col.ID] = columnOptions(r, &col)
		}
	}
	return c
}

func (c metaConfig) meta() contract.RegionMeta {
	m := indexedMeta(c.mode, c.options)
	m.Options = c.region
	return m
}

const metaBase = 1_700_000_000_000 // milliseconds: the time of the first rows, which is also where the clock of a crashfs begins

// metaRun is a program that runs.
type metaRun struct {
	t    testing.TB
	conf metaConfig
	seed uint64

	disk   *crashfs.FS
	far    *memory.Store // outlives crashes
	faulty *fault.Store
	mortal *mortal
	cache  *diskcache.Cache
	*node
	clock atomic.Int64 // milliseconds

	have *world // what was acknowledged
	next *world // if the step that is going on takes effect
	bystander
	logs    map[string][]byte // segments of the log before the last entry was written
	log     []string
	points  map[string]int // faults injected, by where
	hooked  atomic.Int64   // faults injected into the disk, not counted in points yet
	refused int            // steps that failed
}

// bystander is another region of the engine, which nothing that happens to the first may keep from working.
type bystander struct{ rows int }

var region1 = model.NewRegionID(1025, 0)

const tableDir1 = "data/greptime/public/1025/"

func (m *metaRun) now() time.Time { return time.UnixMilli(m.clock.Load()) }

// boot starts an engine on what the disk and the far store hold.
func (m *metaRun) boot() error {
	c, fs := m.conf, m.disk
	if err := vfs.MkdirAllSync(fs, "/d"); err != nil {
		return err
	}
	var store objectstore.Store
	m.cache = nil
	if c.far {
		m.mortal = &mortal{Store: m.far, disk: fs}
		m.faulty = fault.Wrap(m.mortal)
		cache, err := diskcache.Open(diskcache.Options{Dir: "/d/cache", FS: fs, Size: c.cache, ManifestSize: c.cache / 8, NoRefill: m.seed%5 == 0})
		if err != nil {
			return err
		}
		m.cache, store = cache, cache.Wrap(m.faulty, "far")
	} else {
		s, err := objlocal.Open("/d/objects", objlocal.Options{FS: fs})
		if err != nil {
			return err
		}
		m.faulty = fault.Wrap(s)
		store = m.faulty
	}
	log, err := local.Open(m.t.Context(), local.Options{Dir: "/d/wal", FS: fs, FileSize: c.walFile, PurgeThreshold: 4 * c.walFile})
	if err != nil {
		return err
	}
	n := &node{t: m.t, log: log, budget: budget.New(c.budget)}
	if n.files, err = sst.NewReader(sst.ReaderOptions{Budget: n.budget}); err != nil {
		return err
	}
	n.eng = New(Options{Store: store, WAL: log, Files: n.files, Sweep: time.Hour, CheckpointDistance: c.distance, CompactionShare: 1, Workers: c.workers,
		FlushJobs: c.jobs, CompactionJobs: c.jobs, ScanParallelism: c.scans, RegionBufferBytes: c.buffer, Index: c.index, Now: m.now,
		PreloadBytes: int64(c.workers-1) << 20})
	m.node = n
	return nil
}

// halt stops the engine. Errors are those of a power cut, or of nobody's interest.
func (m *metaRun) halt() error {
	if m.node == nil {
		return nil
	}
	err := m.node.stop()
	if m.cache != nil {
		err = errors.Join(err, m.cache.Close())
	}
	m.node, m.cache = nil, nil
	return err
}

func (m *metaRun) open() error {
	if err := m.eng.Open(m.t.Context(), contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
		return err
	}
	return m.eng.Open(m.t.Context(), contract.OpenRegion{ID: region1, TableDir: tableDir1})
}

// restart stops the engine, by a power cut or orderly, and starts it on what is left.
func (m *metaRun) restart(r *rand.Rand, cut bool) error {
	if cut {
		m.disk.Cut()
		if m.mortal != nil {
			m.mortal.mu.Lock()
			m.mortal.dead = true
			m.mortal.mu.Unlock()
		}
	}
	if err := m.halt(); err != nil && !cut {
		return fmt.Errorf("stop: %w", err)
	}
	for tries := 0; ; tries++ {
		if cut {
			var chance *oldrand.Rand
			if r.IntN(2) == 0 {
				chance = oldrand.New(oldrand.NewSource(r.Int64()))
			}
			m.disk = m.disk.Reboot(chance)
		}
		if m.conf.far && r.IntN(4) == 0 {
			if err := removeAll(m.disk, "/d/cache"); err != nil {
				return fmt.Errorf("lose the cache: %w", err)
			}
		}
		again := tries < 2 && r.IntN(4) == 0
		if again { // the power goes again while it starts
			m.disk.CutAt(m.disk.Steps() + 1 + r.IntN(20))
		}
		err := m.boot()
		if err == nil {
			err = m.open()
		}
		if again {
			m.disk.Cut()
			if m.mortal != nil {
				m.mortal.mu.Lock()
				m.mortal.dead = true
				m.mortal.mu.Unlock()
			}
			_ = m.halt()
			cut = true
			continue
		}
		if err != nil {
			return fmt.Errorf("start (power cut: %v): %w", cut, err)
		}
		return nil
	}
}

func removeAll(fs vfs.FS, name string) error {
	info, err := fs.Stat(name)
	if err != nil {
		return nil
	}
	if info.IsDir() {
		entries, err := fs.ReadDir(name)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := removeAll(fs, name+"/"+e.Name()); err != nil {
				return err
			}
		}
	}
	return fs.Remove(name)
}

// gen makes random things for a step.
func (m *metaRun) gen(r *rand.Rand, w *world) *gen {
	return &gen{r: r, w: w, hosts: m.conf.hosts, base: metaBase, slots: m.conf.slots, step: m.conf.step}
}

// batch makes records and the write that brings them.
func (m *metaRun) batch(r *rand.Rand, op model.OpType) ([]record, contract.WriteRequest) {
	g, s := m.gen(r, m.have), m.have.schema
	var cols []*model.Column
	for _, i := range r.Perm(len(s.Columns)) {
		c := &s.Columns[i]
		if c.Semantic == model.TimeColumn || c.Semantic == model.TagColumn && r.IntN(5) > 0 || c.Semantic == model.FieldColumn && op == model.OpPut && r.IntN(5) > 0 {
			cols = append(cols, c)
		}
	}
	n := 1 + r.IntN(1+r.IntN(80))
	w := contract.RegionWrite{Region: region0, SchemaVersion: s.Version, Op: op, Rows: &model.Batch{Len: n}}
	records := make([]record, n)
	for i := range records {
		records[i] = record{}
	}
	for _, c := range cols {
		v := model.NewVector(c.Type, n)
		for i := range records {
			x := g.value(c)
			if c.Semantic != model.TimeColumn && r.IntN(6) == 0 {
				x = model.NullOf(c.Type)
			}
			v.AppendValue(x)
			records[i][c.ID] = x
		}
		w.Columns, w.Rows.Cols = append(w.Columns, c.ID), append(w.Rows.Cols, v)
	}
	return records, contract.WriteRequest{Writes: []contract.RegionWrite{w}}
}

// write writes rows and checks the count.
func (m *metaRun) write(req contract.WriteRequest) error {
	got, err := m.eng.Write(m.t.Context(), req)
	if want := uint64(req.Writes[0].Rows.Len); err == nil && got != want {
		return fmt.Errorf("%w: %d rows affected, %d written", errWrong, got, want)
	}
	return err
}

// errWrong marks an error that no fault excuses.
var errWrong = errors.New("wrong")

// constant is a random default of a column; NaN cannot be one.
func (m *metaRun) constant(r *rand.Rand, c *model.Column) *model.Default {
	v := m.gen(r, m.have).value(c)
	if math.IsNaN(v.Float) {
		return nil
	}
	return &model.Default{Value: v}
}

// schemaChange makes a random next schema, and tells what it is.
func (m *metaRun) schemaChange(r *rand.Rand) (*model.Schema, string) {
	n := m.have.schema.Clone()
	for i := range n.Columns {
		if n.Columns[i].Fill != nil {
			v := *n.Columns[i].Fill
			n.Columns[i].Fill = &v
		}
	}
	what := "nothing"
	fields := []int{}
	for i := range n.Columns {
		if n.Columns[i].Semantic == model.FieldColumn {
			fields = append(fields, i)
		}
	}
	switch k := r.IntN(12); {
	case k < 4 && len(n.Columns) < 12:
		c := model.Column{Name: fmt.Sprint("c", n.NextColumn, "_", r.IntN(3)), Type: pick(r, model.Int64, model.Float64, model.String), Nullable: true}
		if r.IntN(5) == 0 && len(n.PrimaryKey) < 3 {
			c.Type, c.Semantic = model.String, model.TagColumn
		} else if r.IntN(2) == 0 {
			c.Default = m.constant(r, &c)
		}
		c.Options = columnOptions(r, &c)
		n.Add(c, r.IntN(len(n.Columns)+1))
		what = fmt.Sprintf("add %s %s %s default %v", c.Semantic, c.Name, c.Type, c.Default)
	case k < 6 && len(fields) > 1:
		i := pick(r, fields...)
		what = "drop " + n.Columns[i].Name
		n.Columns = slices.Delete(n.Columns, i, i+1)
	case k < 7:
		i := r.IntN(len(n.Columns))
		what = "rename " + n.Columns[i].Name
		n.Columns[i].Name = fmt.Sprint("r", n.Version, "_", i)
	case k < 9 && len(fields) > 0:
		c := &n.Columns[pick(r, fields...)]
		if c.Changed > 0 || c.Type == model.String {
			break
		}
		to := model.String
		if c.Type == model.Int64 && r.IntN(2) == 0 {
			to = model.Float64
		}
		what = fmt.Sprintf("modify %s %s to %s", c.Name, c.Type, to)
		c.Type, c.Changed, c.Default, c.Options = to, n.Version+1, nil, columnOptions(r, c)
	case k < 11:
		c := &n.Columns[r.IntN(len(n.Columns))]
		if c.Semantic != model.TimeColumn {
			c.Options = columnOptions(r, c)
			what = fmt.Sprint("index ", c.Name, c.Options)
		}
	default:
		if len(fields) > 0 {
			c := &n.Columns[pick(r, fields...)]
			c.Default = m.constant(r, c)
			what = "default of " + c.Name
		}
	}
	n.Version++
	return n, what
}

// step does the i-th thing of the program. What it is depends on the seed and what is there only, so a program without some of its steps
// is a program too.
func (m *metaRun) step(i int) (err error) {
	r := rand.New(rand.NewPCG(m.seed, uint64(i)))
	ctx := m.t.Context()
	m.next = m.have
	what := ""
	cut, disturbed := false, false
	if r.IntN(12) == 0 && !m.conf.faults { // the power goes while the step is going on
		cut = true
		if m.conf.far && r.IntN(2) == 0 {
			m.mortal.mu.Lock()
			m.mortal.at, m.mortal.after = m.mortal.changes+1+r.IntN(6), r.IntN(2) == 0
			m.mortal.mu.Unlock()
		} else {
			m.disk.CutAt(m.disk.Steps() + 1 + r.IntN(25))
		}
	} else if m.conf.faults && r.IntN(2) == 0 {
		disturbed = true
		defer m.disturb(r, i)()
	}
	switch p := r.IntN(100); {
	case p < 34:
		rows, req := m.batch(r, model.OpPut)
		what = fmt.Sprintf("put %d rows", len(rows))
		m.next = m.have.put(rows)
		err = m.write(req)
	case p < 40:
		if what = "nothing"; m.conf.mode == contract.MergeAppend {
			break
		}
		rows, req := m.batch(r, model.OpDelete)
		what = fmt.Sprintf("delete %d keys", len(rows))
		m.next = m.have.remove(rows)
		err = m.write(req)
	case p < 45:
		g := m.gen(r, m.have)
		d := contract.DeleteRequest{Region: region0, SchemaVersion: m.have.schema.Version, TimeRange: g.times(), Count: r.IntN(2) == 0}
		if r.IntN(4) > 0 {
			d.Predicate = g.predicate(1, m.conf.mode == contract.MergeAppend)
		}
		what = fmt.Sprintf("delete where %s in %s", d.Predicate, d.TimeRange)
		var gone, got uint64
		w := m.have
		asked := w.asked(d.TimeRange, d.Predicate)
		m.next, gone = w.keep(func(r record) bool { return !asked(r) })
		if got, err = m.eng.DeleteWhere(ctx, d); err == nil && d.Count && got != gone {
			err = fmt.Errorf("%w: %d rows affected, want %d", errWrong, got, gone)
		}
		if errs.Is(err, errs.Unsupported) || errs.Is(err, errs.RateLimited) {
			m.next, err = m.have, nil
		}
	case p < 57:
		what = "flush"
		err = m.eng.Flush(ctx, region0)
	case p < 63:
		what = "compact"
		err = m.eng.Compact(ctx, contract.CompactRequest{Region: region0, Parallelism: r.IntN(3)})
	case p < 68:
		req := contract.CompactRequest{Region: region0, Strict: true, Window: pick(r, 0, time.Hour, 6*time.Hour, 24*time.Hour), Parallelism: r.IntN(3)}
		if r.IntN(2) == 0 {
			x := m.gen(r, m.have).times()
			req.TimeRange = &x
		}
		what = fmt.Sprintf("compact %v in windows of %v", req.TimeRange, req.Window)
		err = m.eng.Compact(ctx, req)
	case p < 70:
		x := m.gen(r, m.have).times()
		what = fmt.Sprint("compact ", x)
		err = m.eng.Compact(ctx, contract.CompactRequest{Region: region0, TimeRange: &x})
	case p < 73:
		what = "build index"
		err = m.eng.BuildIndex(ctx, region0)
	case p < 74:
		what = "truncate"
		m.next = &world{schema: m.have.schema, options: m.have.options, rows: map[string][]record{}}
		err = m.eng.Truncate(ctx, region0)
	case p < 83:
		var s *model.Schema
		s, what = m.schemaChange(r)
		m.next = m.have.alter(s) // the next version, whether columns differ or not
		err = m.eng.Alter(ctx, contract.AlterRegion{ID: region0, Schema: s})
	case p < 86:
		o := m.have.options
		o.RowGroupRows, o.TriggerFileNum, o.MaxOutputBytes = pick(r, 0, 5, 50), pick(r, 0, 2, 9), pick(r, int64(0), 3000)
		o.CompactionWindow = pick(r, 0, time.Hour, 24*time.Hour)
		if r.IntN(3) == 0 && (o.TTL == 0 || o.TTL > 10*time.Hour) {
			o.TTL = 10*time.Hour + o.TTL/2
		}
		what = fmt.Sprintf("options %+v", o)
		m.next = m.have.clone()
		m.next.options = o
		m.next = m.next.expire(m.now())
		err = m.eng.Alter(ctx, contract.AlterRegion{ID: region0, Options: &o})
	case p < 88:
		m.clock.Add(r.Int64N(2 * 3600_000))
		what = "time goes by"
	case p < 91:
		what = "collect garbage"
		m.eng.collectGarbage(ctx)
	case p < 93:
		what = "close and open"
		if err = m.eng.Close(ctx, region0); err == nil {
			err = m.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir})
		}
		if err != nil && disturbed {
			m.faulty.Clear()
			m.disk.Hook(nil)
			if e := m.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); e != nil {
				return fmt.Errorf("step %d: open again: %w", i, e)
			}
		}
	case p < 96:
		what = "write, flush and compact at once"
		rows, req := m.batch(r, model.OpPut)
		m.next = m.have.put(rows)
		var wg sync.WaitGroup
		errc := make([]error, 4)
		wg.Go(func() { errc[0] = m.write(req) })
		wg.Go(func() { errc[1] = m.eng.Flush(ctx, region0) })
		wg.Go(func() { errc[2] = m.eng.Compact(ctx, contract.CompactRequest{Region: region0}) })
		wg.Go(func() { errc[3] = m.eng.BuildIndex(ctx, region0) })
		wg.Wait()
		err = errors.Join(errc...)
		if errc[0] == nil {
			m.have = m.next // the write itself is acknowledged
		}
	default:
		what = "restart"
		m.next = m.next.expire(m.now())
		if !disturbed {
			if err = m.restart(r, cut); err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
			cut = false
		}
	}
	m.log = append(m.log, fmt.Sprintf("%d: %s: %v", i, what, err))
	fail := func(format string, args ...any) error {
		return fmt.Errorf("step %d, %s: %s", i, what, fmt.Sprintf(format, args...))
	}
	switch {
	case errors.Is(err, errWrong):
		return fail("%v", err)
	case cut:
		acked := err == nil
		if acked {
			m.have = m.next
		}
		if err := m.restart(r, true); err != nil {
			return fail("%v", err)
		}
		return m.settle(fail)
	case disturbed:
		m.points[what[:strings.IndexByte(what+" ", ' ')]] += m.faulty.Injected() + int(m.hooked.Swap(0))
		m.faulty.Clear()
		m.disk.Hook(nil)
		if err == nil {
			m.have = m.next
			if r.IntN(4) > 0 {
				return nil
			}
		} else if m.refused++; !strings.Contains(err.Error(), "1024") && !strings.Contains(err.Error(), "/d/") {
			return fail("the error names no region and no file: %v", err)
		}
		if err := m.eng.Flush(ctx, region0); err != nil {
			return fail("flush on a good disk: %v", err)
		}
		return m.settle(fail)
	case err != nil:
		return fail("%v", err)
	}
	m.have = m.next.expire(m.now())
	if m.have.options.TTL == 0 {
		m.have = m.next
	}
	if r.IntN(3) == 0 {
		return m.check(r, fail)
	}
	return nil
}

// settle finds out whether the step took effect.
func (m *metaRun) settle(fail func(string, ...any) error) error {
	m.have, m.next = m.have.expire(m.now()), m.next.expire(m.now())
	meta, err := m.eng.Meta(m.t.Context(), region0)
	if err != nil {
		return fail("%v", err)
	}
	var differences []string
	for _, w := range []*world{m.have, m.next} {
		if meta.Schema.Version != w.schema.Version {
			differences = append(differences, fmt.Sprintf("schema version %d, not %d", meta.Schema.Version, w.schema.Version))
			continue
		}
		d, err := w.compare(m.t.Context(), m.eng, w.everything())
		if err != nil {
			return fail("scan: %v", err)
		}
		if d == "" {
			m.have = w
			m.have = m.have.clone()
			m.have.options = meta.Options
			m.have = m.have.expire(m.now())
			return nil
		}
		differences = append(differences, d)
	}
	return fail("neither what was acknowledged (%s) nor that and the step (%s)", differences[0], differences[1])
}

// check compares all rows and some random scans with the model.
func (m *metaRun) check(r *rand.Rand, fail func(string, ...any) error) error {
	reqs := []contract.ScanRequest{m.have.everything()}
	g := m.gen(r, m.have)
	for range 4 {
		reqs = append(reqs, g.scan())
	}
	for _, req := range reqs {
		d, err := m.have.compare(m.t.Context(), m.eng, req)
		if err == nil && d != "" {
			err = errors.New(d)
		}
		if err != nil {
			return fail("scan of %v, %s, %s, order %d, limit %d, last row %v, %+v: %v", req.Projection, req.TimeRange, req.Predicate, req.Order, req.Limit, req.LastRow, req.Aggregate, err)
		}
	}
	m.bystander.rows++
	b := put(model.OpPut, row{host: "b", ts: int64(m.bystander.rows)})
	b.Writes[0].Region = region1
	if _, err := m.eng.Write(m.t.Context(), b); err != nil {
		return fail("write to the other region: %v", err)
	}
	rows, _, err := readAll(m.t.Context(), m.eng, contract.ScanRequest{Region: region1, TimeRange: model.AllTime, Projection: []model.ColumnID{colTime}})
	if err != nil || len(rows) != m.bystander.rows {
		return fail("the other region has %d rows, want %d: %v", len(rows), m.bystander.rows, err)
	}
	return nil
}

// disturb injects faults until what it returns is called.
func (m *metaRun) disturb(r *rand.Rand, i int) func() {
	if m.conf.far || r.IntN(2) == 0 {
		m.faulty.Add(fault.Rule{Skip: r.IntN(8), Times: 1 + r.IntN(6), After: r.IntN(2) == 0, Short: r.IntN(4) == 0, Err: pick(r, fault.ErrUnavailable, fault.ErrBroken)})
	} else {
		skip, times := r.IntN(20), 1+r.IntN(8)
		var seen atomic.Int64
		m.disk.Hook(func(s crashfs.Step) error {
			if n := int(seen.Add(1)); n > skip && n <= skip+times {
				m.hooked.Add(1)
				return errInjected
			}
			return nil
		})
	}
	return func() {
		m.faulty.Clear()
		m.disk.Hook(nil)
	}
}

var errInjected = errors.New("injected: no space left on device")

// runMeta runs the steps of a program for which keep is true, and tells what went wrong.
func runMeta(t testing.TB, seed uint64, faults bool, steps int, keep func(int) bool) (*metaRun, error) {
	m, err := runProgram(t, seed, faults, steps, keep)
	if err != nil {
		_ = m.halt()
		return m, err
	}
	return m, m.halt()
}

// runProgram leaves the engine running.
func runProgram(t testing.TB, seed uint64, faults bool, steps int, keep func(int) bool) (m *metaRun, err error) {
	m = &metaRun{t: t, conf: newMetaConfig(seed, faults), seed: seed, disk: crashfs.New(), far: memory.New(memory.Options{}), points: map[string]int{}}
	m.clock.Store(metaBase + 3600_000)
	defer func() {
		if p := recover(); p != nil {
			panic(fmt.Sprintf("seed %d: %v\n%s", seed, p, strings.Join(m.log, "\n")))
		}
	}()
	if err := m.boot(); err != nil {
		return m, err
	}
	meta := m.conf.meta()
	if err := m.eng.Create(t.Context(), contract.CreateRegion{Meta: meta, TableDir: tableDir}); err != nil {
		return m, err
	}
	other := testMeta(contract.MergeAppend)
	other.ID = region1
	if err := m.eng.Create(t.Context(), contract.CreateRegion{Meta: other, TableDir: tableDir1}); err != nil {
		return m, err
	}
	m.have = &world{schema: meta.Schema, options: meta.Options, rows: map[string][]record{}}
	for i := range steps {
		if !keep(i) {
			continue
		}
		if err := m.step(i); err != nil {
			return m, err
		}
	}
	r := rand.New(rand.NewPCG(seed, 1<<41))
	last := func(format string, args ...any) error { return fmt.Errorf("at the end: "+format, args...) }
	return m, m.check(r, last)
}

// shrink leaves out steps as long as the program fails, for some time.
func shrink(t testing.TB, seed uint64, faults bool, steps int) (*metaRun, error) {
	skip := map[int]bool{}
	try := func() (*metaRun, error) {
		return runMeta(t, seed, faults, steps, func(i int) bool { return !skip[i] })
	}
	m, err := try()
	for end := time.Now().Add(20 * time.Second); err != nil && len(m.log) > 0 && time.Now().Before(end); {
		fmt.Sscanf(m.log[len(m.log)-1], "%d:", &steps)
		steps++
		smaller := false
		for n := steps / 2; n > 0 && time.Now().Before(end); n /= 2 {
			for from := 0; from < steps-1 && time.Now().Before(end); from += n {
				var added []int
				for i := from; i < min(from+n, steps-1); i++ {
					if !skip[i] {
						skip[i] = true
						added = append(added, i)
					}
				}
				if len(added) == 0 {
					continue
				}
				if m2, err2 := try(); err2 != nil {
					m, err, smaller = m2, err2, true
				} else {
					for _, i := range added {
						delete(skip, i)
					}
				}
			}
		}
		if !smaller {
			break
		}
	}
	return m, err
}

// metaPrograms is how many programs the tests run: META_PROGRAMS of them, from META_SEED on. META_STEPS is their length.
func metaPrograms(usual int) (from, to uint64, steps int) {
	number := func(name string, usual int) int {
		if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return v
		}
		return usual
	}
	from = uint64(number("META_SEED", 0))
	if os.Getenv("META_SEED") != "" {
		usual = 1
	}
	return from, from + uint64(number("META_PROGRAMS", usual)), number("META_STEPS", 60)
}

func testPrograms(t *testing.T, faults bool, usual int) {
	from, to, steps := metaPrograms(usual)
	var mu sync.Mutex
	injected, refused, points, start := 0, 0, map[string]int{}, time.Now()
	var failed *metaRun
	var failure error
	next := from
	run := func() {
		for {
			mu.Lock()
			seed := next
			next++
			mu.Unlock()
			if seed >= to {
				return
			}
			m, err := runMeta(t, seed, faults, steps, func(int) bool { return true })
			mu.Lock()
			for k, n := range m.points {
				injected += n
				points[k] += n
			}
			refused += m.refused
			if err != nil {
				failed, failure, next = m, err, to
			}
			if done := seed - from + 1; done%50 == 0 {
				fmt.Fprintf(os.Stderr, "%d programs, %d faults, %d steps refused, %v\n", done, injected, refused, time.Since(start).Round(time.Second))
			}
			mu.Unlock()
		}
	}
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(run)
	}
	wg.Wait()
	if failure != nil {
		m, err := shrink(t, failed.seed, faults, steps)
		t.Fatalf("META_SEED=%d META_STEPS=%d (%+v): %v\n%s\nshrunk: %v\n%s", m.seed, steps, m.conf, failure, strings.Join(failed.log, "\n"), err, strings.Join(m.log, "\n"))
	}
	t.Logf("%d programs of %d steps, %d faults (by the step they met: %v), %d steps refused, %v", to-from, steps, injected, points, refused, time.Since(start).Round(time.Millisecond))
}

// TestRandomProgramsMatchModel runs random programs with random options, restarts and power cuts and compares random scans with the plain
// model. META_SEED=n runs one program; META_PROGRAMS=n runs many.
func TestRandomProgramsMatchModel(t *testing.T) { testPrograms(t, false, 5) }

// TestRandomProgramsWithFaults runs random programs while the store and the disk fail.
func TestRandomProgramsWithFaults(t *testing.T) { testPrograms(t, true, 5) }

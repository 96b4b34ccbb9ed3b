package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"path"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/location"
	"github.com/goptimedb/goptimedb/internal/wire/files"
)

// copyReport is how often a copy says in the log how far it is.
const copyReport = 10 * time.Second

// copyFiles is how many files of one COPY FROM are read at once: one is decoded while another's rows are written.
const copyFiles = 2

// copyMetrics counts what copies move.
type copyMetrics struct {
	rows, bytes *prometheus.CounterVec
	running     prometheus.Gauge
}

func newCopyMetrics() copyMetrics {
	return copyMetrics{
		rows:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_copy_rows_total", Help: "Rows moved by COPY, by direction (to, from)."}, []string{"direction"}),
		bytes:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_copy_bytes_total", Help: "Bytes of files moved by COPY, by direction (to, from)."}, []string{"direction"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "greptime_copy_running", Help: "COPY statements under way."}),
	}
}

// progress is how far one COPY statement is. Its methods may be called at once.
type progress struct {
	o           *Operator
	what        string // "COPY public.t TO dir/x.csv"
	direction   string
	rows, bytes atomic.Int64
	started     time.Time
	next        atomic.Int64 // when to report, in nanoseconds since started
}

func (o *Operator) startCopy(direction, format string, args ...any) *progress {
	o.copies.running.Inc()
	p := &progress{o: o, what: fmt.Sprintf(format, args...), direction: direction, started: o.opts.Now()}
	p.next.Store(int64(copyReport))
	return p
}

func (p *progress) add(rows int, bytes int64) {
	p.o.copies.rows.WithLabelValues(p.direction).Add(float64(rows))
	p.o.copies.bytes.WithLabelValues(p.direction).Add(float64(bytes))
	p.rows.Add(int64(rows))
	p.bytes.Add(bytes)
	took := p.o.opts.Now().Sub(p.started)
	if due := p.next.Load(); int64(took) >= due && p.next.CompareAndSwap(due, int64(took+copyReport)) {
		p.o.opts.Log.Info("copying", "copy", p.what, "rows", p.rows.Load(), "bytes", p.bytes.Load(), "took", took)
	}
}

func (p *progress) end(err error) {
	p.o.copies.running.Dec()
	took := p.o.opts.Now().Sub(p.started)
	if err != nil {
		p.o.opts.Log.Warn("copy ended early", "copy", p.what, "rows", p.rows.Load(), "bytes", p.bytes.Load(), "took", took, "error", err)
		return
	}
	p.o.opts.Log.Info("copied", "copy", p.what, "rows", p.rows.Load(), "bytes", p.bytes.Load(), "took", took)
}

// counted counts bytes that go into a file.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

func (o *Operator) copyTable(ctx context.Context, sess *model.Session, s *sql.CopyTable, params []model.Value) (n uint64, err error) {
	if q, err := o.copyAsQuery(sess, s); err != nil || q != nil {
		if err != nil {
			return 0, err
		}
		return o.copyQuery(ctx, sess, q, params)
	}
	opts, err := readCopyOptions(sess, s.With, s.From)
	if err != nil {
		return 0, err
	}
	limit := int64(math.MaxInt64)
	if s.Limit != nil {
		if limit, err = o.copyLimit(ctx, sess, s.Limit, params); err != nil {
			return 0, err
		}
	}
	var t *catalog.Table
	if s.From {
		t, err = o.target(sess, s.Table)
	} else {
		t, err = o.copied(sess, s.Table)
	}
	if err != nil {
		return 0, err
	}
	loc, err := o.opts.Places.Open(ctx, s.Location, connection(s.Connection))
	if err != nil {
		return 0, err
	}
	defer loc.Close()
	if !s.From {
		p := o.startCopy("to", "COPY %s.%s TO %s", t.Database, t.Name, loc)
		defer func() { p.end(err) }()
		file := loc.Path()
		if loc.IsDir() {
			file += fileName(t.Name, &opts)
		}
		return o.exportTable(ctx, sess, p, t, loc, file, &opts)
	}
	p := o.startCopy("from", "COPY %s.%s FROM %s", t.Database, t.Name, loc)
	defer func() { p.end(err) }()
	list, err := loc.List(ctx, opts.pattern)
	if err != nil {
		return 0, err
	}
	if len(list) == 0 && !loc.IsDir() {
		return 0, errs.New(errs.InvalidArguments, "file %s does not exist", loc)
	}
	return o.importFiles(ctx, sess, p, t, loc, list, &opts, limit)
}

// copied finds the table of a COPY … TO; views and tables of information_schema are copied as queries.
func (o *Operator) copied(sess *model.Session, n sql.ObjectName) (*catalog.Table, error) {
	database, name, err := tableName(sess, n)
	if err != nil {
		return nil, err
	}
	return o.catalog.Table(database, name)
}

func (o *Operator) copyLimit(ctx context.Context, sess *model.Session, x sql.Expr, params []model.Value) (int64, error) {
	var v model.Value
	var err error
	switch x := x.(type) {
	case *sql.Placeholder:
		if x.Index < 1 || x.Index > len(params) {
			return 0, errs.New(errs.InvalidArguments, "parameter $%d is not given", x.Index)
		}
		v = params[x.Index-1]
	case *sql.Literal:
		v, err = literalsOf(sess).value(&model.Column{Name: "LIMIT", Type: model.Int64}, x)
	default:
		err = errs.New(errs.InvalidArguments, "LIMIT must be a number")
	}
	if err == nil && (v.Null() || !v.Type.Integer() || v.Int < 0) {
		err = errs.New(errs.InvalidArguments, "LIMIT must be a number, zero or greater")
	}
	return v.Int, err
}

// exportTable writes the rows of a table into a file.
func (o *Operator) exportTable(ctx context.Context, sess *model.Session, p *progress, t *catalog.Table, loc *location.Location, file string, opts *copyOptions) (uint64, error) {
	var text strings.Builder
	text.WriteString("SELECT ")
	fo := opts.files
	for i := range t.Schema.Columns {
		c := &t.Schema.Columns[i]
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString(quoteName(c.Name))
		fo.Meta = append(fo.Meta, files.ColumnMeta{Name: c.Name, Type: c.Type, Semantic: c.Semantic})
	}
	fmt.Fprintf(&text, " FROM %s.%s", quoteName(t.Database), quoteName(t.Name))
	where, unit := " WHERE ", t.Schema.TimeUnit()
	for _, bound := range []struct {
		at *time.Time
		op string
	}{{opts.start, ">="}, {opts.end, "<"}} {
		if bound.at == nil {
			continue
		}
		n, ok := ceilTime(*bound.at, unit)
		if !ok {
			return 0, errs.New(errs.InvalidArguments, "time %s is out of the range of %s", bound.at, t.Schema.Time().Type)
		}
		fmt.Fprintf(&text, "%s%s %s %d", where, quoteName(t.Schema.Time().Name), bound.op, n)
		where = " AND "
	}
	st, err := sql.ParseOne(text.String(), sql.Greptime)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", text.String(), err)
	}
	rows, err := o.query(ctx, sess, st.(*sql.QueryStmt).Query, nil)
	if err != nil {
		return 0, err
	}
	n, err := o.export(ctx, p, rows, loc, file, fo)
	if err != nil {
		return n, fmt.Errorf("copy table %s: %w", t.FullName(), err)
	}
	return n, nil
}

// ceilTime is the first tick of the unit that is not before t, so that both bounds, "from this on" and "before this", stay exact.
func ceilTime(t time.Time, u model.TimeUnit) (int64, bool) {
	n, ok := model.ConvertTime(t.Unix(), model.Second, u)
	if !ok {
		return 0, false
	}
	per := u.Nanos()
	return n + (int64(t.Nanosecond())+per-1)/per, true
}

// export writes rows into a file, which appears when all of them are in it. It closes the rows.
func (o *Operator) export(ctx context.Context, p *progress, rows model.RowStream, loc *location.Location, file string, fo files.Options) (n uint64, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	out, err := loc.Create(ctx, file)
	if err != nil {
		return 0, err
	}
	defer out.Abort()
	sink := &counted{w: out}
	w, err := files.NewWriter(sink, fo, rows.Fields())
	if err != nil {
		return 0, err
	}
	var told int64
	for {
		b, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = w.Write(b)
		}
		if err != nil {
			return 0, err
		}
		n += uint64(b.Len)
		p.add(b.Len, sink.n-told)
		told = sink.n
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	p.add(0, sink.n-told)
	if err := out.Commit(); err != nil {
		return 0, err
	}
	return n, nil
}

// importFiles writes the rows of files into a table. Rows of one file are written in order; files have none.
func (o *Operator) importFiles(ctx context.Context, sess *model.Session, p *progress, t *catalog.Table, loc *location.Location, list []location.Entry, opts *copyOptions, limit int64) (uint64, error) {
	var total atomic.Uint64
	var left atomic.Int64
	left.Store(limit)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	each(ctx, len(list), copyFiles, func(i int) error {
		if left.Load() <= 0 {
			return nil
		}
		in := importer{o: o, p: p, table: t, loc: loc, opts: opts, left: &left, total: &total}
		err := in.file(ctx, list[i])
		if err != nil {
			cancel(err) // the first is the cause; the others are cut short
		}
		return err
	})
	if err := context.Cause(ctx); err != nil {
		return total.Load(), err
	}
	return total.Load(), nil
}

// importer reads one file into a table.
type importer struct {
	o     *Operator
	p     *progress
	table *catalog.Table
	loc   *location.Location
	opts  *copyOptions
	left  *atomic.Int64 // rows that LIMIT lets in yet, of all files
	total *atomic.Uint64
}

// read is a batch on its way from the decoder to the engine.
type read struct {
	batch *model.Batch
	bytes int64
	err   error // io.EOF at the end
}

func (in *importer) file(ctx context.Context, e location.Entry) (err error) {
	f, err := in.loc.Open(ctx, e.Path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	src := files.Source{Name: e.Path, ReaderAt: f, Size: f.Size()}
	cols, want, err := in.columns(src)
	if err != nil {
		return err
	}
	r, err := files.NewReader(src, in.opts.files, want)
	if err != nil {
		return err
	}
	// Decoding and writing overlap: the decoder is a batch or two ahead.
	var wg sync.WaitGroup
	stop, done := context.WithCancel(ctx)
	ch := make(chan read, 1)
	wg.Go(func() {
		var told int64
		for {
			b, err := r.Next()
			x := read{batch: b, err: err, bytes: r.Offset() - told}
			told += x.bytes
			select {
			case ch <- x:
			case <-stop.Done():
				return
			}
			if err != nil {
				return
			}
		}
	})
	defer func() {
		done()
		wg.Wait()
		if n := r.Skipped(); n > 0 {
			in.o.opts.Log.Warn("bad records were left out", "file", e.Path, "records", n)
		}
		err = errors.Join(err, r.Close())
	}()
	for {
		var x read
		select {
		case x = <-ch:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if errors.Is(x.err, io.EOF) {
			return nil
		}
		if x.err != nil {
			return x.err
		}
		b := x.batch
		got := in.left.Add(-int64(b.Len)) + int64(b.Len) // rows that were left before
		if got <= 0 {
			return nil
		}
		if got < int64(b.Len) {
			b = b.Slice(0, int(got))
		}
		n, err := in.o.writeRetrying(ctx, in.table, cols, b)
		in.total.Add(n)
		in.p.add(int(n), x.bytes)
		if err != nil {
			return fmt.Errorf("copy file %s into table %s: %w", e.Path, in.table.FullName(), err)
		}
		if got <= int64(x.batch.Len) {
			return nil
		}
	}
}

// columns are the table's columns that the file gives: all for JSON, whose lines may each have others.
func (in *importer) columns(src files.Source) (cols []*model.Column, want []files.Column, err error) {
	s := in.table.Schema
	has := func(string) bool { return true }
	var names []string
	switch fo := in.opts.files; {
	case fo.Format == files.CSV && !fo.NoHeader:
		if names, err = files.Header(src, fo); err != nil {
			return nil, nil, err
		}
		if in.opts.strict {
			if err := strictHeader(src.Name, s, names); err != nil {
				return nil, nil, err
			}
		}
	case fo.Format == files.Parquet:
		if names, err = files.ParquetNames(src); err != nil {
			return nil, nil, err
		}
	}
	if names != nil {
		set := make(map[string]bool, len(names))
		for _, n := range names {
			set[n] = true
		}
		has = func(n string) bool { return set[n] }
	}
	for i := range s.Columns {
		c := &s.Columns[i]
		if !has(c.Name) {
			continue // the write fills it in, or says that it must be there
		}
		w := files.Column{Name: c.Name, Type: c.Type}
		if in.opts.files.Format != files.Parquet {
			switch {
			case c.Default != nil:
				v := in.o.defaultValue(c)
				w.Missing = &v
			case c.Nullable:
				v := model.NullOf(c.Type)
				w.Missing = &v
			}
		}
		cols, want = append(cols, c), append(want, w)
	}
	if len(cols) == 0 {
		return nil, nil, errs.New(errs.InvalidArguments, "file %s has none of the columns of table %s", src.Name, in.table.FullName())
	}
	return cols, want, nil
}

func strictHeader(file string, s *model.Schema, names []string) error {
	seen := map[string]int{}
	var unknown, missing, twice []string
	for _, n := range names {
		if seen[n]++; seen[n] == 2 {
			twice = append(twice, n)
		}
		if s.ByName(n) == nil && seen[n] == 1 {
			unknown = append(unknown, n)
		}
	}
	for i := range s.Columns {
		if seen[s.Columns[i].Name] == 0 {
			missing = append(missing, s.Columns[i].Name)
		}
	}
	if len(unknown)+len(missing)+len(twice) == 0 {
		return nil
	}
	list := func(names []string) string { return "[" + strings.Join(names, ", ") + "]" }
	return errs.New(errs.InvalidArguments, "CSV header mismatch in path: %s, unknown columns: %s, missing columns: %s, duplicate columns: %s",
		file, list(unknown), list(missing), list(twice))
}

// The pauses of a copy whose rows find no room. A copy can wait; a client that sends rows could not know that it should.
const (
	copyPauseMin = 20 * time.Millisecond
	copyPauseMax = 2 * time.Second
	copyPatience = 2 * time.Minute
)

// writeRetrying writes a batch, and waits where the engine has no room.
func (o *Operator) writeRetrying(ctx context.Context, t *catalog.Table, cols []*model.Column, b *model.Batch) (uint64, error) {
	waited := time.Duration(0)
	for pause := copyPauseMin; ; pause = min(2*pause, copyPauseMax) {
		n, err := o.writeColumns(ctx, t, cols, b)
		if n > 0 || err == nil || waited >= copyPatience || !errs.Is(err, errs.RuntimeResourcesExhausted) && !errs.Is(err, errs.RegionBusy) {
			return n, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return n, context.Cause(ctx)
		}
		waited += pause
	}
}

func (o *Operator) copyDatabase(ctx context.Context, sess *model.Session, s *sql.CopyDatabase) (n uint64, err error) {
	opts, err := readCopyOptions(sess, s.With, s.From)
	if err != nil {
		return 0, err
	}
	database, err := databaseName(s.Database)
	if err != nil {
		return 0, err
	}
	if s.From {
		if err := writable(database); err != nil {
			return 0, err
		}
	}
	if _, err := o.catalog.Database(database); err != nil {
		return 0, err
	}
	if !strings.HasSuffix(s.Location, "/") {
		return 0, errs.New(errs.InvalidArguments, "Invalid COPY DATABASE location, must end with '/': %s", s.Location)
	}
	loc, err := o.opts.Places.Open(ctx, s.Location, connection(s.Connection))
	if err != nil {
		return 0, err
	}
	defer loc.Close()
	parallel := opts.parallelism
	if parallel == 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	var total atomic.Uint64
	if !s.From {
		p := o.startCopy("to", "COPY DATABASE %s TO %s", database, loc)
		defer func() { p.end(err) }()
		var tables []*catalog.Table
		for _, t := range o.catalog.Tables(database) {
			if !external(t) {
				tables = append(tables, t)
			}
		}
		err = errors.Join(each(ctx, len(tables), parallel, func(i int) error {
			n, err := o.exportTable(ctx, sess, p, tables[i], loc, loc.Path()+fileName(tables[i].Name, &opts), &opts)
			total.Add(n)
			return err
		})...)
		return total.Load(), err
	}
	p := o.startCopy("from", "COPY DATABASE %s FROM %s", database, loc)
	defer func() { p.end(err) }()
	list, err := loc.List(ctx, opts.pattern)
	if err != nil {
		return 0, err
	}
	ext := "." + opts.files.Format.String() + opts.files.Compression.Extension()
	type job struct {
		table *catalog.Table
		file  location.Entry
	}
	var jobs []job
	for _, f := range list {
		name, ok := strings.CutSuffix(path.Base(f.Path), ext)
		if !ok || path.Dir(f.Path)+"/" != loc.Path() && (loc.Path() != "" || path.Dir(f.Path) != ".") {
			continue
		}
		if plain, err := url.PathUnescape(name); err == nil {
			name = plain
		}
		t, err := o.catalog.Table(database, name)
		if err == nil {
			err = notExternal(t)
		}
		if err != nil && opts.files.SkipBad {
			o.opts.Log.Warn("a file of COPY DATABASE is left out", "file", f.Path, "error", err)
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("file %s: %w", f.Path, err)
		}
		jobs = append(jobs, job{t, f})
	}
	err = errors.Join(each(ctx, len(jobs), parallel, func(i int) error {
		n, err := o.importFiles(ctx, sess, p, jobs[i].table, loc, []location.Entry{jobs[i].file}, &opts, math.MaxInt64)
		total.Add(n)
		if err != nil && opts.files.SkipBad && ctx.Err() == nil {
			o.opts.Log.Warn("a file of COPY DATABASE ended early", "file", jobs[i].file.Path, "error", err)
			return nil
		}
		return err
	})...)
	return total.Load(), err
}

// fileName is a table's file in a directory. Names of tables may hold what names of files may not.
func fileName(table string, opts *copyOptions) string {
	return url.PathEscape(table) + "." + opts.files.Format.String() + opts.files.Compression.Extension()
}

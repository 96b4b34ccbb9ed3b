package query

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/bind"
	"github.com/goptimedb/goptimedb/internal/query/finish"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/render"
)

// Explain tells how a query is answered: the plan as it was bound, and as rules have left it, with what goes to the relational half.
// To analyze, the query is run, its rows are counted, and each scan tells what it did.
func (e *Engine) Explain(ctx context.Context, sess *model.Session, q *sql.Query, o ExplainOptions, params ...model.Value) (model.RowStream, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	p, err := bind.Query(ctx, e.env(sess, params), q)
	if err != nil {
		return nil, err
	}
	logical := plan.Print(p.Root)
	if o.Analyze {
		return e.analyze(ctx, sess, p, o)
	}
	if err := (&runner{engine: e, sess: sess, mem: &budget.Lease{}}).stage(ctx, p, true); err != nil {
		return nil, err
	}
	physical, statement, err := physicalText(p)
	if err != nil {
		return nil, err
	}
	plans := []PlanText{{"logical_plan", logical}, {"physical_plan", physical}}
	if o.Verbose {
		plans = []PlanText{{"initial_logical_plan", logical}, {"logical_plan", plan.Print(p.Root)}, {"physical_plan", physical}}
		if statement != "" {
			plans = append(plans, PlanText{"relational_statement", statement})
		}
	}
	return ExplainPlans(o, plans...)
}

// physicalText draws a plan under the half that finishes it, and gives the statement of the relational one.
func physicalText(p *plan.Query) (text, statement string, err error) {
	text = plan.Print(p.Root) + plan.PrintFirst(p.First)
	if direct(p) != nil {
		return "Direct\n" + text, "", nil
	}
	if prog := finish.Compile(p); prog != nil {
		return "Finish: " + prog.String() + "\n" + text, "", nil
	}
	st, err := render.Query(p)
	if err != nil {
		return "", "", err
	}
	return "Relational\n" + text, st.SQL, nil
}

func (e *Engine) analyze(ctx context.Context, sess *model.Session, p *plan.Query, o ExplainOptions) (model.RowStream, error) {
	release, err := e.admit(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	var mu sync.Mutex
	done := map[*plan.Scan][]contract.ScanStats{}
	start := time.Now()
	mem := e.opts.Memory.Lease(0)
	defer mem.Release()
	r := &runner{engine: e, sess: sess, mem: mem, watch: func(s *plan.Scan, st contract.ScanStats) {
		mu.Lock()
		defer mu.Unlock()
		done[s] = append(done[s], st)
	}}
	if err := r.stage(ctx, p, false); err != nil {
		return nil, err
	}
	physical, _, err := physicalText(p)
	if err != nil {
		return nil, err
	}
	rows, err := r.run(ctx, p)
	if err != nil {
		return nil, err
	}
	n, err := drain(ctx, rows)
	if err != nil {
		return nil, err
	}
	took := time.Since(start)

	stages := []Stage{{0, physical, fmt.Sprintf("rows: %d, elapsed: %s", n, took), map[string]any{"Rows": n, "Elapsed": took.String()}}}
	mu.Lock()
	defer mu.Unlock()
	scans := func(root plan.Node) {
		plan.Walk(root, func(node plan.Node) {
			if s, ok := node.(*plan.Scan); ok {
				for _, st := range done[s] {
					stages = append(stages, ScanStage(plan.Print(s), st))
				}
			}
		})
	}
	for _, f := range p.First {
		scans(f.Root)
	}
	scans(p.Root)
	return ExplainStages(o, n, stages...)
}

func drain(ctx context.Context, rows model.RowStream) (n int64, err error) {
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	for {
		b, err := rows.Next(ctx)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		n += int64(b.Len)
	}
}

// ScanStage is the stage of a scan: what of the plan it is, and what it did.
func ScanStage(tree string, st contract.ScanStats) Stage {
	return Stage{1, tree, statsText(st), map[string]any{"Scan": st}}
}

func statsText(st contract.ScanStats) string {
	var sb strings.Builder
	fmt.Fprintf(&sb, "files: %d of %d, row groups: %d of %d, series: %d of %d\n", st.FilesAfterTime, st.Files, st.RowGroupsAfterStats, st.RowGroups, st.SeriesAfterTags, st.Series)
	fmt.Fprintf(&sb, "memtables: %d (%d rows), rows scanned: %d, merged: %d, out: %d\n", st.Memtables, st.MemtableRows, st.RowsScanned, st.RowsMerged, st.RowsOut)
	for _, x := range []struct {
		name string
		st   contract.IndexStats
	}{{"inverted", st.Inverted}, {"bloom", st.Bloom}, {"fulltext", st.Fulltext}} {
		if x.st == (contract.IndexStats{}) {
			continue
		}
		fmt.Fprintf(&sb, "%s index: %d files, rows: %d of %d, row groups: %d of %d, bytes read: %d, cache: %d hits, %d misses", x.name, x.st.Files,
			x.st.RowsAfter, x.st.Rows, x.st.RowGroupsAfter, x.st.RowGroups, x.st.BytesRead, x.st.CacheHits, x.st.CacheMisses)
		if x.st.Failed > 0 {
			fmt.Fprintf(&sb, ", unusable: %d", x.st.Failed)
		}
		sb.WriteString("\n")
	}
	fmt.Fprintf(&sb, "pages decoded: %d (%d bytes), bytes read: %d, cache: %d hits, %d misses", st.Pages, st.BytesDecoded, st.BytesRead, st.CacheHits, st.CacheMisses)
	for _, stage := range slices.Sorted(maps.Keys(st.Elapsed)) {
		fmt.Fprintf(&sb, ", %s: %s", stage, st.Elapsed[stage])
	}
	return sb.String()
}

// memoryRows is a result that is already there.
type memoryRows struct {
	fields []model.Field
	rows   *model.Batch
}

func (m *memoryRows) batch() *model.Batch {
	if m.rows == nil {
		m.rows = model.NewBatch(m.fields, 0)
	}
	return m.rows
}

func (m *memoryRows) add(cells ...string) {
	b := m.batch()
	for i, c := range cells {
		b.Cols[i].AppendString(c)
	}
	b.Len++
}

func (m *memoryRows) addStage(stage, node int64, text string) {
	b := m.batch()
	b.Cols[0].AppendInt(stage)
	b.Cols[1].AppendInt(node)
	b.Cols[2].AppendString(text)
	b.Len++
}

func (m *memoryRows) addTotal(n int64) {
	b := m.batch()
	b.Cols[0].AppendNull()
	b.Cols[1].AppendNull()
	b.Cols[2].AppendString(fmt.Sprintf("Total rows: %d", n))
	b.Len++
}

func (m *memoryRows) Fields() []model.Field { return m.fields }

func (m *memoryRows) Next(context.Context) (*model.Batch, error) {
	if m.rows == nil || m.rows.Len == 0 {
		return nil, io.EOF
	}
	b := m.rows
	m.rows = &model.Batch{}
	return b, nil
}

func (m *memoryRows) Close() error {
	m.rows = nil
	return nil
}

// Package align computes the windows of range queries (RANGE … ALIGN … FILL) from rows that have been grouped by slots of time.
//
//	align.go    the door: rows in, rows out, a group after the other
//	load.go     reads the inputs and sorts their rows by group and slot
//	window.go   puts the rows of a window together
//	fill.go     what becomes of windows without a value
//
// Rows are held until all inputs have been read, as partial results: a row for each group and slot that has one. Results are made
// while they are read. A group's windows ascend; groups come as they first did.
package align

import (
	"context"
	"io"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// Source is the rows of a part. A batch is valid until the following call of Next or Close.
type Source interface {
	Next(ctx context.Context) (*model.Batch, error)
	Close() error
}

// Options bound what a run may hold.
type Options struct {
	// MaxBytes is how much memory the rows of the inputs may take. Zero: 512 MiB.
	MaxBytes int64
	// Reserve is asked for the memory of the rows before it is taken, a batch at a time; an error ends the run. Who set it gives the memory
	// back when the rows are closed. Nil: nobody counts.
	Reserve func(bytes int64) error
}

const (
	// batchRows is how many rows a result's batch has at least, but for the last.
	batchRows = 8192
	// maxSlots bounds the windows of one group: a fill between two rows far apart makes any number of them.
	maxSlots = 16 << 20
)

// Rows are the rows of a range node. Next and Close are called by one goroutine at a time.
type Rows struct {
	node *plan.Range
	open func(ctx context.Context, part int) (Source, error)
	opts Options

	loaded *loaded // nil: nothing read yet
	group  int     // the next one to give
	slots  []int64 // of the group, reused
	most   int64   // bytes of the largest batch so far
	win    window
	fields []model.Field
}

// New makes the rows of n. open is called for each part when the first row is asked for.
func New(n *plan.Range, open func(ctx context.Context, part int) (Source, error), opts Options) *Rows {
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = 512 << 20
	}
	if opts.Reserve == nil {
		opts.Reserve = func(int64) error { return nil }
	}
	r := &Rows{node: n, open: open, opts: opts}
	for _, c := range n.Cols() {
		r.fields = append(r.fields, model.Field{Name: c.Name, Type: c.Type})
	}
	return r
}

// Fields describe the rows: the group's keys, the slot, the items.
func (r *Rows) Fields() []model.Field { return r.fields }

// Close frees the rows.
func (r *Rows) Close() error {
	r.loaded, r.group = &loaded{}, 0
	return nil
}

// Next gives the next batch, which is its own memory; io.EOF at the end.
func (r *Rows) Next(ctx context.Context) (*model.Batch, error) {
	if r.loaded == nil {
		l, err := load(ctx, r.node, r.open, r.opts)
		if err != nil {
			return nil, err
		}
		r.loaded = l
	}
	if r.group >= r.loaded.groups {
		return nil, io.EOF
	}
	out := model.NewBatch(r.fields, batchRows)
	for ; r.group < r.loaded.groups && out.Len < batchRows; r.group++ {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if err := r.appendGroup(out, r.group); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// appendGroup adds the windows of a group.
func (r *Rows) appendGroup(out *model.Batch, g int) error {
	n := r.node
	var err error
	if r.slots, err = r.groupSlots(r.slots[:0], g); err != nil {
		return err
	}
	if size := int64(out.Len+len(r.slots)) * int64(8*len(out.Cols)); size > r.most {
		if err := reserve(r.opts.Reserve, size-r.most); err != nil {
			return err
		}
		r.most = size
	}
	for range r.slots {
		for i := range n.By {
			out.Cols[i].AppendVector(r.loaded.keys[i], g, g+1)
		}
	}
	time := out.Cols[len(n.By)]
	for _, s := range r.slots {
		time.AppendInt(s)
	}
	for i := range n.Items {
		it := &n.Items[i]
		col := out.Cols[len(n.By)+1+i]
		from := col.Len
		r.win.append(col, it, &r.loaded.parts[it.Part], g, r.slots)
		fill(col, from, it)
	}
	out.Len += len(r.slots)
	return nil
}

// groupSlots gives the starts of the group's windows that get a row, ascending.
func (r *Rows) groupSlots(slots []int64, g int) ([]int64, error) {
	n := r.node
	for p := range n.Parts {
		part := &r.loaded.parts[p]
		if part.rows(g) == 0 {
			continue
		}
		before := slots
		if len(slots) > 0 {
			slots = nil
		}
		var err error
		if slots, err = part.hits(slots, g, n); err != nil {
			return nil, err
		}
		if len(before) > 0 {
			slots = union(before, slots)
		}
	}
	if !n.Filled || len(slots) == 0 {
		return slots, nil
	}
	first, last := slots[0], slots[len(slots)-1]
	if (last-first)/n.Align >= maxSlots {
		return nil, tooMany()
	}
	slots = slots[:0]
	for s := first; s <= last; s += n.Align {
		slots = append(slots, s)
	}
	return slots, nil
}

func tooMany() error {
	return errs.New(errs.EngineExecuteQuery, "Resources exhausted: a range query makes more than %d windows of one group; narrow the time range of WHERE, or make ALIGN longer", maxSlots)
}

// union merges two ascending lists without repeats.
func union(a, b []int64) []int64 {
	out := make([]int64, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case a[0] > b[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

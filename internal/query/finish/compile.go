package finish

import (
	"context"
	"errors"
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// ErrRelational says that this package cannot finish the query after all and that relational can.
var ErrRelational = errors.New("the query is one for the relational half")

// Options bound what a run may hold.
type Options struct {
	// MaxBytes is how much memory sorts and groups may take. Larger means that fewer queries start over. Zero: 64 MiB.
	MaxBytes int64
	// Reserve asks for memory before it is held, in steps of reserveStep or more; its error makes the run end with ErrRelational. What it gave
	// belongs to the caller. Nil: nobody counts.
	Reserve func(bytes int64) error
}

// reserveStep is how much memory is asked for at once, so that groups do not each pay for the asking.
const reserveStep = 1 << 20

// Source is the rows that a program reads; contract.Stream is one. A batch is valid until the following call of Next or Close.
type Source interface {
	Next(ctx context.Context) (*model.Batch, error)
	Close() error
}

// Program is a plan that this package can run. It is immutable.
type Program struct {
	// Scan is what to read, a *plan.Scan or *plan.Range, all its columns; nil where the plan reads constants only.
	Scan plan.Node

	values *plan.Values
	stages []stage // from the scan upwards
	fields []model.Field
}

// stage makes an operator over its input.
type stage struct {
	name string
	make func(in operator, r *run) operator
}

// operator gives batches, io.EOF after the last; a batch is valid until the next call.
type operator interface {
	next(ctx context.Context) (*model.Batch, error)
}

// layout tells in which column of a batch a column of the plan is.
type layout map[plan.ColID]int

func layoutOf(cols []plan.Column) layout {
	l := make(layout, len(cols))
	for i, c := range cols {
		l[c.ID] = i
	}
	return l
}

// Compile makes a program of the plan; nil where the plan has a part that is not for this package.
func Compile(q *plan.Query) *Program {
	p := &Program{fields: q.Fields()}
	if len(p.fields) == 0 || !p.compile(q.Root, -1) {
		return nil
	}
	return p
}

// compile adds the stages of n and of all that it reads. Of n's rows no more than top are needed, where that is not negative.
func (p *Program) compile(n plan.Node, top int64) bool {
	var st stage
	var ok bool
	switch n := n.(type) {
	case *plan.Scan, *plan.Range:
		p.Scan = n
		return true
	case *plan.Values:
		p.values = n
		return constants(n)
	case *plan.Filter:
		if !p.compile(n.Input, -1) {
			return false
		}
		st, ok = filterStage(n)
	case *plan.Project:
		if !p.compile(n.Input, top) {
			return false
		}
		st, ok = projectStage(n)
	case *plan.Limit:
		below := int64(-1)
		if sum := n.Count + n.Offset; n.Count >= 0 && sum >= 0 {
			below = sum
		}
		if !p.compile(n.Input, below) {
			return false
		}
		st, ok = limitStage(n), true
	case *plan.Sort:
		if !p.compile(n.Input, -1) {
			return false
		}
		st, ok = sortStage(n, top)
	case *plan.Distinct:
		if !p.compile(n.Input, -1) {
			return false
		}
		st, ok = distinctStage(n)
	case *plan.Aggregate:
		if !p.compile(n.Input, -1) {
			return false
		}
		st, ok = mergeStage(n)
	}
	if !ok {
		return false
	}
	p.stages = append(p.stages, st)
	return true
}

// String names the stages, from the scan upwards.
func (p *Program) String() string {
	if len(p.stages) == 0 {
		return "nothing"
	}
	names := make([]string, len(p.stages))
	for i, s := range p.stages {
		names[i] = s.name
	}
	return strings.Join(names, ", ")
}

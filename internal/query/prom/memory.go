package prom

import (
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
)

const (
	// sampleBytes is what a sample takes: its time and its value.
	sampleBytes = 16
	// memoryStep is how much a query takes of the account at once, so that a series costs it nothing.
	memoryStep = 64 << 10
)

// lease is where one query accounts for what it holds.
func (e *Engine) lease() *budget.Lease { return e.opt.Memory.Lease(memoryStep) }

// hold takes room for samples, of the querier's number and of the query's memory: once a series, or for a group.
func (q *querier) hold(samples int64) error {
	if q.left.Add(-samples) < 0 {
		return q.tooMany()
	}
	return reserve(q.mem, samples)
}

func reserve(mem *budget.Lease, samples int64) error {
	if err := mem.Reserve(samples * sampleBytes); err != nil {
		return errs.Wrap(errs.CodeOf(err), err, "the samples of a query do not fit into memory: ask for fewer series or a shorter time, or raise memory.limit")
	}
	return nil
}

// drop gives room back.
func (q *querier) drop(samples int64) {
	q.left.Add(samples)
	q.mem.GiveBack(samples * sampleBytes)
}

// samplesOf is how many samples a value has.
func samplesOf(v parser.Value) (n int64) {
	switch v := v.(type) {
	case promql.Matrix:
		for _, s := range v {
			n += int64(len(s.Floats))
		}
	case promql.Vector:
		n = int64(len(v))
	}
	return n
}

// releasing is a result, or an error, of a query: what it holds is given back when the result is closed, or now.
func releasing(mem *budget.Lease, res *lang.Result, err error) (*lang.Result, error) {
	if err != nil {
		mem.Release()
		return nil, err
	}
	inner := res.Close
	res.Close = func() {
		if inner != nil {
			inner()
		}
		mem.Release()
	}
	return res, nil
}

package prom

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
)

// handover is the parser that the engine is given: trees that were made before reach the engine by the text that names them.
type handover struct {
	parser.Parser
	next  atomic.Uint64
	trees sync.Map // string to parser.Expr
}

// put names a tree by a text, which the engine parses once. The text is the query's own and a comment.
func (h *handover) put(query string, tree parser.Expr) (text string) {
	text = fmt.Sprintf("%s # %d", query, h.next.Add(1))
	h.trees.Store(text, tree)
	return text
}

// ParseExpr implements parser.Parser.
func (h *handover) ParseExpr(text string) (parser.Expr, error) {
	if tree, ok := h.trees.LoadAndDelete(text); ok {
		return tree.(parser.Expr), nil
	}
	return h.Parser.ParseExpr(text)
}

// stream computes what of a query can be computed while series are read. all is set if that is all of it; otherwise rest is what the
// engine is to compute, st's streamed series in it. rest is the query itself where nothing can be streamed.
func (e *Engine) stream(ctx context.Context, st *queryable, query string, m moments, lookback time.Duration) (all []result, whole bool, rest string, notes annotations.Annotations, err error) {
	root, err := e.parser.ParseExpr(query)
	if err != nil {
		return nil, false, "", nil, parseError(err)
	}
	tree, parts, one := plan(root)
	if e.plain || one == nil && len(parts) == 0 {
		return nil, false, query, nil, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, e.opt.Timeout, errTimeout)
	defer cancel()
	if one != nil {
		parts = []*streamed{one}
	}
	q := &querier{queryable: st}
	q.left.Store(int64(e.opt.MaxSamples))
	for _, p := range parts {
		results, said, err := p.run(ctx, q, m, lookback)
		switch {
		case errors.Is(err, errUnfit):
			st.streamed = nil
			st.mem.Release()
			return nil, false, query, nil, nil
		case err != nil:
			if errors.Is(context.Cause(ctx), errTimeout) {
				err = errs.New(errs.DeadlineExceeded, "PromQL: query ran for more than %s", e.opt.Timeout)
			}
			return nil, false, "", nil, runError(err)
		case one != nil:
			return results, true, "", said, nil
		}
		notes.Merge(said)
		series := make([]*series, len(results))
		at := p.moments(m)
		for i, r := range results {
			series[i] = r.samples(at)
		}
		st.streamed = append(st.streamed, series)
	}
	return nil, false, e.handover.put(query, tree), notes, nil
}

var errTimeout = errors.New("time is up")

// note adds what was said of the streamed parts to a result.
func note(r *lang.Result, notes annotations.Annotations) *lang.Result {
	if len(notes) > 0 {
		r.Warnings.Merge(notes)
	}
	return r
}

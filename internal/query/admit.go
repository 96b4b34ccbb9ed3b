package query

import (
	"context"
	"sync"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

type exemptKey struct{}

// Exempt is a context whose queries need no turn. It is for statements that tell what the turns are taken by.
func Exempt(ctx context.Context) context.Context { return context.WithValue(ctx, exemptKey{}, true) }

// admit waits for a query's turn. done gives the turn back; it may be called more than once.
func (e *Engine) admit(ctx context.Context) (done func(), err error) {
	if e.turns == nil || ctx.Value(exemptKey{}) != nil {
		return func() {}, nil
	}
	select {
	case e.turns <- struct{}{}:
	default:
		timer := time.NewTimer(e.opts.LimitWait)
		defer timer.Stop()
		select {
		case e.turns <- struct{}{}:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-timer.C:
			return nil, errs.New(errs.RateLimited, "query: %d queries run, which is all that may at once, and none ended within %s", cap(e.turns), e.opts.LimitWait)
		}
	}
	var once sync.Once
	return func() { once.Do(func() { <-e.turns }) }, nil
}

// admitted is rows that hold a turn, and memory, until they end or are closed.
type admitted struct {
	model.RowStream
	done func()
}

func (a *admitted) Next(ctx context.Context) (*model.Batch, error) {
	b, err := a.RowStream.Next(ctx)
	if err != nil {
		a.done()
	}
	return b, err
}

func (a *admitted) Close() error {
	defer a.done()
	return a.RowStream.Close()
}

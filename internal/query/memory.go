package query

import (
	"sync/atomic"

	"github.com/goptimedb/goptimedb/internal/base/budget"
)

// ledger is what one query holds of the process's memory: groups and sorted rows of the finisher, and rows that were asked for first. What
// the relational half holds is its own account, see relational.Options.
type ledger struct {
	account *budget.Account // nil: nobody counts
	held    atomic.Int64    // of the account
}

// reserve takes bytes; all are given back by release.
func (l *ledger) reserve(n int64) error {
	if l.account == nil || n <= 0 {
		return nil
	}
	if err := l.account.Reserve(n); err != nil {
		return err
	}
	l.held.Add(n)
	return nil
}

// giveBack returns some of what is held.
func (l *ledger) giveBack(n int64) {
	if l.account != nil && n > 0 {
		l.held.Add(-n)
		l.account.Release(n)
	}
}

// release returns everything. What is reserved after it needs another call.
func (l *ledger) release() {
	if n := l.held.Swap(0); n > 0 {
		l.account.Release(n)
	}
}

package budget

import "sync"

// Lease is what one holder among many of an account, such as a query, has taken of it: all can be given back at once, whatever became of the
// parts. The zero Lease, and a nil one, has no account and counts nothing. It is safe for concurrent use.
type Lease struct {
	account *Account
	step    int64

	mu struct {
		sync.Mutex
		used int64 // asked for
		held int64 // of the account: used, rounded up by no more than a step
	}
}

// Lease opens a lease of the account, which may be nil. It takes at least step bytes at once, so that small parts cost the account nothing;
// 0: exactly what is asked for.
func (a *Account) Lease(step int64) *Lease { return &Lease{account: a, step: step} }

// Reserve takes n bytes. Where that fails nothing is taken, see Account.Reserve.
func (l *Lease) Reserve(n int64) error {
	if l == nil || l.account == nil || n <= 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if missing := l.mu.used + n - l.mu.held; missing > 0 {
		more := max(missing, l.step)
		if err := l.account.Reserve(more); err != nil {
			if more == missing {
				return err
			}
			if more, err = missing, l.account.Reserve(missing); err != nil {
				return err
			}
		}
		l.mu.held += more
	}
	l.mu.used += n
	return nil
}

// GiveBack returns some of what is held.
func (l *Lease) GiveBack(n int64) {
	if l == nil || l.account == nil || n <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.used -= n
	if free := l.mu.held - max(l.mu.used, 0) - l.step; free > 0 {
		l.mu.held -= free
		l.account.Release(free)
	}
}

// Release returns everything. What is reserved after it needs another call.
func (l *Lease) Release() {
	if l == nil || l.account == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.held > 0 {
		l.account.Release(l.mu.held)
	}
	l.mu.used, l.mu.held = 0, 0
}

// Used is how many bytes were asked for and not given back.
func (l *Lease) Used() int64 {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mu.used
}

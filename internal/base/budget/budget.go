// Package budget divides one amount of memory, that of the process, between everything that holds much of it.
//
// Each holder has a named Account and reserves bytes before it allocates them. There are no fixed shares: whoever needs memory may
// use what is free. When nothing is free, the holders that registered a Shrink hook (caches) are asked to give some back, those
// furthest over their soft limit first. Holders that cannot shrink (write buffers, queries) get an error, and pass it on as back-pressure.
package budget

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Budget is the memory of one process. All methods are safe for concurrent use.
type Budget struct {
	total int64
	used  atomic.Int64

	mu struct {
		sync.Mutex
		accounts []*Account
	}
}

// New makes a budget of total bytes.
func New(total int64) *Budget { return &Budget{total: total} }

// Total is the size of the budget in bytes.
func (b *Budget) Total() int64 { return b.total }

// Used is how many bytes all accounts hold.
func (b *Budget) Used() int64 { return b.used.Load() }

// Options describe an account.
type Options struct {
	// Soft is how many bytes the account may hold without being the first to be asked for some back; 0: none.
	Soft int64
	// Hard is how many bytes the account may hold at most; 0: the whole budget.
	Hard int64
	// Shrink, if not nil, frees memory until about need bytes are released (through Release, before it returns), or as much as it can.
	// It is called from any goroutine that reserves memory, also from those that use the same account: it must not Reserve, and must
	// not wait for a lock under which anybody reserves.
	Shrink func(need int64)
}

// Account is one holder's part of the budget.
type Account struct {
	name string
	opts Options
	b    *Budget
	used atomic.Int64
}

// Account opens an account. Names are unique within a budget: they are the label of the gauges.
func (b *Budget) Account(name string, o Options) *Account {
	if o.Hard <= 0 || o.Hard > b.total {
		o.Hard = b.total
	}
	a := &Account{name: name, opts: o, b: b}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.accounts = append(b.mu.accounts, a)
	return a
}

// Budget is what the account is a part of.
func (a *Account) Budget() *Budget { return a.b }

// Name is the account's name.
func (a *Account) Name() string { return a.name }

// Used is how many bytes the account holds.
func (a *Account) Used() int64 { return a.used.Load() }

// Soft is the account's soft limit in bytes.
func (a *Account) Soft() int64 { return a.opts.Soft }

// OverSoft reports that the account holds more than its soft limit.
func (a *Account) OverSoft() bool { return a.used.Load() > a.opts.Soft }

// Reserve takes n bytes, asking others to shrink where that is needed. Where it fails nothing is taken, and the error has the code
// RuntimeResourcesExhausted.
func (a *Account) Reserve(n int64) error {
	if a.TryReserve(n) {
		return nil
	}
	if over := a.used.Load() + n - a.opts.Hard; over > 0 && a.opts.Shrink != nil {
		a.opts.Shrink(over)
		if a.TryReserve(n) {
			return nil
		}
	}
	if a.used.Load()+n <= a.opts.Hard {
		for _, o := range a.b.shrinkable() {
			need := a.b.used.Load() + n - a.b.total
			if need > 0 {
				o.opts.Shrink(need)
			}
			if a.TryReserve(n) {
				return nil
			}
		}
	}
	return errs.New(errs.RuntimeResourcesExhausted, "memory for %s: %d bytes wanted, it holds %d of at most %d, all hold %d of %d", a.name, n,
		a.used.Load(), a.opts.Hard, a.b.used.Load(), a.b.total)
}

// TryReserve takes n bytes if they are free, and asks nobody.
func (a *Account) TryReserve(n int64) bool {
	if a.used.Add(n) > a.opts.Hard {
		a.used.Add(-n)
		return false
	}
	if a.b.used.Add(n) > a.b.total {
		a.b.used.Add(-n)
		a.used.Add(-n)
		return false
	}
	return true
}

// Force takes n bytes even where they are not free: for memory that is there already and cannot be refused. Where all hold too much then,
// those who can shrink are asked to. Pair it with Release.
func (a *Account) Force(n int64) {
	a.used.Add(n)
	if a.b.used.Add(n) <= a.b.total {
		return // fast path: there is room
	}
	for _, o := range a.b.shrinkable() {
		over := a.b.used.Load() - a.b.total
		if over <= 0 {
			return
		}
		o.opts.Shrink(over)
	}
}

// Usage is what one account holds, in bytes.
type Usage struct {
	Name       string
	Used       int64
	Soft, Hard int64 // see Options
	Shrinks    bool  // gives memory back when others need it
}

// Accounts describes all accounts, by name.
func (b *Budget) Accounts() []Usage {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Usage, 0, len(b.mu.accounts))
	for _, a := range b.mu.accounts {
		out = append(out, Usage{a.name, a.used.Load(), a.opts.Soft, a.opts.Hard, a.opts.Shrink != nil})
	}
	slices.SortFunc(out, func(x, y Usage) int { return cmp.Compare(x.Name, y.Name) })
	return out
}

// Release gives n bytes back.
func (a *Account) Release(n int64) {
	a.used.Add(-n)
	a.b.used.Add(-n)
}

// shrinkable lists the accounts that can be asked for memory, the furthest over their soft limit first.
func (b *Budget) shrinkable() []*Account {
	type weighed struct {
		a    *Account
		over int64
	}
	var list []weighed
	b.mu.Lock()
	for _, a := range b.mu.accounts {
		if a.opts.Shrink != nil && a.used.Load() > 0 {
			list = append(list, weighed{a, a.used.Load() - a.opts.Soft})
		}
	}
	b.mu.Unlock()
	slices.SortStableFunc(list, func(x, y weighed) int { return cmp.Compare(y.over, x.over) })
	out := make([]*Account, len(list))
	for i, w := range list {
		out[i] = w.a
	}
	return out
}

// Describe is prometheus.Collector's.
func (b *Budget) Describe(ch chan<- *prometheus.Desc) {
	ch <- usedDesc()
	ch <- totalDesc()
}

// Collect gives the gauges greptime_memory_budget_used_bytes{account} and greptime_memory_budget_bytes.
func (b *Budget) Collect(ch chan<- prometheus.Metric) {
	b.mu.Lock()
	accounts := slices.Clone(b.mu.accounts)
	b.mu.Unlock()
	for _, a := range accounts {
		ch <- prometheus.MustNewConstMetric(usedDesc(), prometheus.GaugeValue, float64(a.used.Load()), a.name)
	}
	ch <- prometheus.MustNewConstMetric(totalDesc(), prometheus.GaugeValue, float64(b.total))
}

func usedDesc() *prometheus.Desc {
	return prometheus.NewDesc("greptime_memory_budget_used_bytes", "Memory held by each holder", []string{"account"}, nil)
}

func totalDesc() *prometheus.Desc {
	return prometheus.NewDesc("greptime_memory_budget_bytes", "Memory that all holders may hold together", nil, nil)
}

// Package coats dresses an object store for service. It is the one place that knows in which order the coats go on.
package coats

import (
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/meter"
	"github.com/goptimedb/goptimedb/internal/objectstore/retry"
)

// Options are the options of the coats.
type Options struct {
	Retry retry.Options
	Meter meter.Options // without Metrics nothing is counted
}

// Wrap dresses a home:
//
//	caller → retry → meter → home
//
// The meter is inside of retry, so that it counts what the store is asked (and its owner billed for), each try for itself. A
// test that injects faults wraps the home in fault first, so that they are counted and retried like real ones.
func Wrap(home objectstore.Store, o Options) objectstore.Store {
	s := home
	if o.Meter.Metrics != nil {
		s = meter.Wrap(s, o.Meter)
	}
	return retry.Wrap(s, o.Retry)
}

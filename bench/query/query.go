// Package query asks the fifteen questions of the Time Series Benchmark Suite's devops use case about a tsbs.Dataset, in the languages of the
// systems that are compared, measures the answers and checks them against values computed from the data set again.
package query

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/goptimedb/goptimedb/bench/tsbs"
)

// Shape is what a kind of query asks for.
type Shape int

// The shapes.
const (
	MaxPerMinute    Shape = iota // the largest value of each field per minute, over some hosts
	MaxPerHour                   // the same per hour
	MeanPerHostHour              // the mean of each field per host and hour
	HighCPU                      // every row with usage_user > HighCPULimit
	LastPoint                    // the newest row of every host
	NewestMinutes                // MaxPerMinute of all hosts before a time, newest first, NewestLimit minutes
)

// HighCPULimit is what HighCPU rows exceed.
const HighCPULimit = 90

// NewestLimit is how many rows NewestMinutes asks for.
const NewestLimit = 5

// Kind is a family of queries that differ in hosts and windows.
type Kind struct {
	Name   string
	Shape  Shape
	Fields int           // the first so many fields of a row
	Hosts  int           // so many hosts, drawn at random; 0 is all of them, unnamed
	Window time.Duration // so long, begun at random; 0 is all time, or, for NewestMinutes, all before a random end
	Count  int           // queries of a run
}

// Kinds are all kinds, in the order they are run.
func Kinds() []Kind {
	const hour = time.Hour
	single := func(fields, hosts, hours int) Kind {
		return Kind{fmt.Sprintf("single-groupby-%d-%d-%d", fields, hosts, hours), MaxPerMinute, fields, hosts, time.Duration(hours) * hour, 100}
	}
	return []Kind{
		single(1, 1, 1), single(1, 1, 12), single(1, 8, 1), single(5, 1, 1), single(5, 1, 12), single(5, 8, 1),
		{"cpu-max-all-1", MaxPerHour, tsbs.FieldCount, 1, 8 * hour, 100},
		{"cpu-max-all-8", MaxPerHour, tsbs.FieldCount, 8, 8 * hour, 100},
		{"double-groupby-1", MeanPerHostHour, 1, 0, 12 * hour, 50},
		{"double-groupby-5", MeanPerHostHour, 5, 0, 12 * hour, 50},
		{"double-groupby-all", MeanPerHostHour, tsbs.FieldCount, 0, 12 * hour, 50},
		{"high-cpu-1", HighCPU, tsbs.FieldCount, 1, 12 * hour, 100},
		{"high-cpu-all", HighCPU, tsbs.FieldCount, 0, 12 * hour, 50},
		{"lastpoint", LastPoint, tsbs.FieldCount, 0, 0, 10},
		{"groupby-orderby-limit", NewestMinutes, 1, 0, 0, 50},
	}
}

// Query is one question.
type Query struct {
	Kind  Kind
	Hosts []int // none: all
	// From, inclusive, and To, exclusive, in nanoseconds, bound the rows that are asked about.
	From, To int64
}

// Make draws n queries of a kind. The same seed gives the same queries, whatever other kinds were drawn.
func Make(d *tsbs.Dataset, k Kind, n int, seed uint64) []Query {
	h := seed
	for _, c := range k.Name {
		h = h*1099511628211 + uint64(c)
	}
	r := rand.New(rand.NewPCG(seed, h))
	qs := make([]Query, n)
	for i := range qs {
		q := Query{Kind: k, From: tsbs.Epoch, To: d.End()}
		if k.Hosts > 0 {
			q.Hosts = r.Perm(d.Scale())[:min(k.Hosts, d.Scale())]
			slices.Sort(q.Hosts)
		}
		span := d.End() - tsbs.Epoch
		switch {
		case k.Shape == NewestMinutes:
			// An end in the first hour would look at less than others do.
			low := min(int64(time.Hour), span)
			q.To = millisecond(tsbs.Epoch + low + r.Int64N(span-low+1))
		case k.Window > 0 && int64(k.Window) < span:
			q.From = millisecond(tsbs.Epoch + r.Int64N(span-int64(k.Window)+1))
			q.To = q.From + int64(k.Window)
		}
		qs[i] = q
	}
	return qs
}

func millisecond(ns int64) int64 { return ns - ns%int64(time.Millisecond) }

// bucket is the length of the groups of a shape, in nanoseconds; 0 where it has none.
func (s Shape) bucket() int64 {
	switch s {
	case MaxPerMinute, NewestMinutes:
		return int64(time.Minute)
	case MaxPerHour, MeanPerHostHour:
		return int64(time.Hour)
	}
	return 0
}

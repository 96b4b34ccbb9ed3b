// Package tsbs generates machine metrics in the shape of the Time Series Benchmark Suite's use case cpu-only: one table of hosts that
// report ten fields every ten seconds, in time order, as InfluxDB line protocol.
//
// A Dataset is a function of its Options: every host has its own stream of random numbers, so the bytes do not depend on how they are cut
// into batches or on who asks, and the values of one host can be computed again without those of the others. Checks of a database's answers
// rest on that (Walk).
package tsbs

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// Table is the table all rows belong to.
const Table = "cpu"

// Epoch is the time of the first row, in nanoseconds: 2023-06-11T00:00:00Z.
const Epoch int64 = 1686441600_000_000_000

// FieldCount is the number of fields of a row.
const FieldCount = 10

// Fields are the names of the fields of a row, in order.
var Fields = [FieldCount]string{"usage_user", "usage_system", "usage_idle", "usage_nice", "usage_iowait", "usage_irq", "usage_softirq",
	"usage_steal", "usage_guest", "usage_guest_nice"}

// TagCount is the number of tags of a row.
const TagCount = 10

// Tags are the names of the tags of a row, in order. The first one names the host and determines the others.
var Tags = [TagCount]string{"hostname", "region", "datacenter", "rack", "os", "arch", "team", "service", "service_version",
	"service_environment"}

// maxValue is the largest value of a field: percent.
const maxValue = 100

// regions and how many data centers each has.
var regions = []struct {
	name    string
	centers int
}{
	{"us-east-1", 5}, {"us-west-1", 2}, {"us-west-2", 3}, {"eu-west-1", 3}, {"eu-central-1", 2}, {"ap-southeast-1", 2},
	{"ap-southeast-2", 2}, {"ap-northeast-1", 2}, {"sa-east-1", 3},
}

var (
	systems      = []string{"Ubuntu16.10", "Ubuntu16.04LTS", "Ubuntu15.10"}
	arches       = []string{"x64", "x86"}
	teams        = []string{"SF", "NYC", "LON", "CHI"}
	environments = []string{"production", "staging", "test"}
)

// Options say which data set. Every field is needed; the data depend on all of them except Duration, which only ends them.
type Options struct {
	Seed     uint64
	Scale    int           // hosts
	Interval time.Duration // between two rows of a host
	Duration time.Duration // from the first tick, inclusive, to the last, exclusive
}

// Dataset is a data set: what its hosts are called and tagged, and how their values come about. It is immutable.
type Dataset struct {
	opts  Options
	ticks int
	hosts []host
	// cells holds, per field and value, the bytes of a field of a line: `usage_user=58i`, with the comma before all but the first.
	cells [FieldCount][maxValue + 1]string
}

type host struct {
	tags   [TagCount]string
	prefix string // of every line of the host, up to the space before the fields, inclusive
}

// New returns the data set of o.
func New(o Options) (*Dataset, error) {
	if o.Scale <= 0 || o.Interval <= 0 || o.Duration < o.Interval {
		return nil, fmt.Errorf("data set of %d hosts, every %v for %v: needs a host and a tick", o.Scale, o.Interval, o.Duration)
	}
	d := &Dataset{opts: o, ticks: int(o.Duration / o.Interval), hosts: make([]host, o.Scale)}
	for i := range d.hosts {
		d.hosts[i] = newHost(o.Seed, i)
	}
	for f, name := range Fields {
		comma := ","
		if f == 0 {
			comma = ""
		}
		for v := range maxValue + 1 {
			d.cells[f][v] = comma + name + "=" + strconv.Itoa(v) + "i"
		}
	}
	return d, nil
}

// Streams of random numbers of a host: one for its tags, one for its values.
const (
	tagStream   = 0x7461_6773
	valueStream = 0x7661_6c73
)

func stream(seed uint64, host int, which uint64) *rand.PCG {
	// The host is spread over all bits, so that neighbours do not start as neighbours.
	return rand.NewPCG(seed^which, (uint64(host)+1)*0x9e3779b97f4a7c15)
}

func newHost(seed uint64, i int) host {
	r := rand.New(stream(seed, i, tagStream))
	region := regions[r.IntN(len(regions))]
	h := host{tags: [TagCount]string{
		"host_" + strconv.Itoa(i),
		region.name,
		region.name + string(rune('a'+r.IntN(region.centers))),
		strconv.Itoa(r.IntN(100)),
		systems[r.IntN(len(systems))],
		arches[r.IntN(len(arches))],
		teams[r.IntN(len(teams))],
		strconv.Itoa(r.IntN(20)),
		strconv.Itoa(r.IntN(2)),
		environments[r.IntN(len(environments))],
	}}
	h.prefix = Table
	for t, name := range Tags {
		h.prefix += "," + name + "=" + h.tags[t]
	}
	h.prefix += " "
	return h
}

// Scale is the number of hosts.
func (d *Dataset) Scale() int { return d.opts.Scale }

// Ticks is the number of rows of a host.
func (d *Dataset) Ticks() int { return d.ticks }

// Rows is the number of rows of all hosts.
func (d *Dataset) Rows() int64 { return int64(d.ticks) * int64(d.opts.Scale) }

// Time is the time of a tick, in nanoseconds.
func (d *Dataset) Time(tick int) int64 { return Epoch + int64(tick)*int64(d.opts.Interval) }

// End is the time after the last tick, in nanoseconds.
func (d *Dataset) End() int64 { return d.Time(d.ticks) }

// TicksBetween returns the ticks of times in [from, to), in nanoseconds: first inclusive, end exclusive, both within the data set.
func (d *Dataset) TicksBetween(from, to int64) (first, end int) {
	at := func(t int64) int {
		n := (t - Epoch + int64(d.opts.Interval) - 1) / int64(d.opts.Interval)
		return int(min(max(n, 0), int64(d.ticks)))
	}
	first, end = at(from), at(to)
	return first, max(first, end)
}

// TagsOf are the tag values of a host.
func (d *Dataset) TagsOf(host int) [TagCount]string { return d.hosts[host].tags }

// Values are the fields of a row.
type Values [FieldCount]int8

// Walk is the sequence of values of one host.
type Walk struct {
	rng   rand.Rand
	level [FieldCount]float64
	begun bool
}

// Walk returns the values of a host from its first tick on.
func (d *Dataset) Walk(host int) *Walk {
	return &Walk{rng: *rand.New(stream(d.opts.Seed, host, valueStream))}
}

// Next sets v to the values of the next tick.
func (w *Walk) Next(v *Values) {
	if !w.begun {
		w.begun = true
		for f := range w.level {
			w.level[f] = w.rng.Float64() * maxValue
		}
	} else {
		for f, x := range w.level {
			w.level[f] = min(max(x+w.rng.NormFloat64(), 0), maxValue)
		}
	}
	for f, x := range w.level {
		v[f] = int8(x)
	}
}

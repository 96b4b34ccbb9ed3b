package promremote

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/VictoriaMetrics/easyproto"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Validation is how strings that are not UTF-8 are met.
type Validation uint8

// The modes.
const (
	Strict    Validation = iota // refuse the request
	Lossy                       // replace bad bytes by U+FFFD
	Unchecked                   // trust the sender
)

// ParseValidation reads the configuration's prom_validation_mode.
func ParseValidation(s string) (Validation, error) {
	switch s {
	case "", "strict":
		return Strict, nil
	case "lossy":
		return Lossy, nil
	case "unchecked":
		return Unchecked, nil
	}
	return 0, errs.New(errs.InvalidArguments, "unknown prom_validation_mode %q: use strict, lossy or unchecked", s)
}

// WriteOptions say how to read a request.
type WriteOptions struct {
	Validation  Validation
	TimeColumn  string // empty: "greptime_timestamp"
	ValueColumn string // empty: "greptime_value"

	MaxLabels int // of one series; zero: 1024
	MaxTables int // metrics of one request; zero: 262144
	// MaxCells bounds rows × columns over all tables: labels that a series leaves out cost memory too. Zero: 32 Mi.
	MaxCells int
}

func (o WriteOptions) withDefaults() WriteOptions {
	if o.TimeColumn == "" {
		o.TimeColumn = "greptime_timestamp"
	}
	if o.ValueColumn == "" {
		o.ValueColumn = "greptime_value"
	}
	if o.MaxLabels == 0 {
		o.MaxLabels = 1024
	}
	if o.MaxTables == 0 {
		o.MaxTables = 1 << 18
	}
	if o.MaxCells == 0 {
		o.MaxCells = 32 << 20
	}
	return o
}

// label is one label of the series being read; both parts alias the request.
type label struct{ name, value []byte }

// DecodeWrite replaces what dst holds by the series of a decompressed prometheus.WriteRequest. Exemplars and metadata are left out;
// native histograms are counted and left out; samples with a stale marker are kept as they are. The request is all or nothing:
// with an error dst holds nothing to be used.
func DecodeWrite(dst *WriteSet, src []byte, opt WriteOptions) error {
	dst.Reset()
	d := writeDecoder{set: dst, opt: opt.withDefaults()}
	var fc easyproto.FieldContext
	for series := 0; len(src) > 0; {
		var err error
		if src, err = fc.NextField(src); err != nil {
			return malformed(series)
		}
		if fc.FieldNum != 1 {
			continue // 3: metadata
		}
		msg, ok := fc.MessageData()
		if !ok {
			return malformed(series)
		}
		if err := d.timeSeries(msg, series); err != nil {
			return err
		}
		series++
	}
	return dst.finish()
}

func malformed(series int) error {
	return errs.New(errs.InvalidArguments, "malformed remote write request: bad protobuf at series %d", series)
}

type writeDecoder struct {
	set   *WriteSet
	opt   WriteOptions
	last  *table // of the previous series
	cells int
}

// timeSeries reads one TimeSeries message: labels, then its samples.
func (d *writeDecoder) timeSeries(msg []byte, series int) error {
	s := d.set
	s.labels, s.times, s.values = s.labels[:0], s.times[:0], s.values[:0]
	var fc easyproto.FieldContext
	for rest := msg; len(rest) > 0; {
		var err error
		if rest, err = fc.NextField(rest); err != nil {
			return malformed(series)
		}
		switch fc.FieldNum {
		case 1:
			m, ok := fc.MessageData()
			if !ok {
				return malformed(series)
			}
			l, ok := readLabel(m)
			if !ok {
				return malformed(series)
			}
			s.labels = append(s.labels, l)
		case 2:
			m, ok := fc.MessageData()
			if !ok || !s.readSample(m) {
				return malformed(series)
			}
		case 4:
			s.Histograms++
		}
	}
	if len(s.times) == 0 {
		return nil
	}
	if len(s.labels) > d.opt.MaxLabels {
		return errs.New(errs.InvalidArguments, "series %d has %d labels, at most %d are taken", series, len(s.labels), d.opt.MaxLabels)
	}
	t, err := d.table(series)
	if err != nil {
		return err
	}
	if err := d.append(t, series); err != nil {
		return err
	}
	if d.cells > d.opt.MaxCells {
		return errs.New(errs.InvalidArguments, "rows times columns of the request exceed %d: send smaller requests", d.opt.MaxCells)
	}
	return nil
}

// readLabel reads a Label message. Fast path: both strings in order, shorter than 128 bytes.
func readLabel(m []byte) (l label, ok bool) {
	if len(m) >= 4 && m[0] == 0x0a && m[1] < 0x80 {
		n := 2 + int(m[1])
		if n+2 <= len(m) && m[n] == 0x12 && m[n+1] < 0x80 && n+2+int(m[n+1]) == len(m) {
			return label{m[2:n], m[n+2:]}, true
		}
	}
	var fc easyproto.FieldContext
	for len(m) > 0 {
		var err error
		if m, err = fc.NextField(m); err != nil {
			return l, false
		}
		ok := true
		switch fc.FieldNum {
		case 1:
			l.name, ok = fc.Bytes()
		case 2:
			l.value, ok = fc.Bytes()
		}
		if !ok {
			return l, false
		}
	}
	return l, true
}

func (s *WriteSet) readSample(m []byte) bool {
	var fc easyproto.FieldContext
	var v float64
	var ts int64
	for len(m) > 0 {
		var err error
		if m, err = fc.NextField(m); err != nil {
			return false
		}
		ok := true
		switch fc.FieldNum {
		case 1:
			v, ok = fc.Double()
		case 2:
			ts, ok = fc.Int64()
		}
		if !ok {
			return false
		}
	}
	s.times, s.values = append(s.times, ts), append(s.values, v)
	return true
}

// table takes the labels that choose a table out of s.labels and finds it.
func (d *writeDecoder) table(series int) (*table, error) {
	s := d.set
	var name, database, physical []byte
	kept := s.labels[:0]
	for _, l := range s.labels {
		if len(l.name) > 8 && (l.name[0] == '_' || l.name[0] == 'x') || len(l.name) == 8 {
			switch string(l.name) {
			case "__name__":
				name = l.value
				continue
			case "__database__", "x_greptime_database", "__schema__":
				database = l.value
				continue
			case "__physical_table__", "x_greptime_physical_table":
				physical = l.value
				continue
			}
		}
		kept = append(kept, l)
	}
	s.labels = kept
	if len(name) == 0 {
		return nil, errs.New(errs.InvalidArguments, "series %d has no label __name__", series)
	}
	if t := d.last; t != nil && string(t.raw) == string(name) && t.database == string(database) && t.physical == string(physical) {
		return t, nil
	}
	for _, b := range [...]*[]byte{&name, &database, &physical} {
		if !utf8.Valid(*b) { // a table's name is text in every mode
			if d.opt.Validation == Strict {
				return nil, errs.New(errs.InvalidArguments, "series %d: name %q is not valid UTF-8", series, clip(*b))
			}
			*b = bytes.ToValidUTF8(*b, []byte("\uFFFD"))
		}
	}
	s.key = append(s.key[:0], name...)
	if len(database)+len(physical) > 0 {
		s.key = append(append(append(append(s.key, 0xff), database...), 0xff), physical...)
	}
	t := s.byKey[string(s.key)]
	if t == nil || !t.live {
		if len(s.tables) >= d.opt.MaxTables {
			return nil, errs.New(errs.InvalidArguments, "more than %d metrics in one request", d.opt.MaxTables)
		}
		t = s.begin(t, d.opt, name, database, physical)
	}
	d.last = t
	return t, nil
}

// append adds a row per sample.
func (d *writeDecoder) append(t *table, series int) error {
	s := d.set
	row, n := t.rows.Len, len(s.times)
	for i := range s.labels {
		l := &s.labels[i]
		if len(l.value) == 0 {
			continue // Prometheus: the same as no label
		}
		var c *column
		if i < len(t.plan) && string(t.plan[i].raw) == string(l.name) {
			c = t.plan[i] // fast path: the label that the previous series had here
		} else {
			var err error
			if c, err = d.column(t, l.name, series); err != nil {
				return err
			}
			switch {
			case i < len(t.plan):
				t.plan[i] = c
			case i == len(t.plan):
				t.plan = append(t.plan, c)
			}
		}
		if c.vec.Len != row {
			if c.vec.Len > row {
				return errs.New(errs.InvalidArguments, "series %d of metric %q has label %q twice", series, t.rows.Table, c.name)
			}
			c.vec.AppendNulls(row - c.vec.Len)
		}
		v := l.value
		if d.opt.Validation != Unchecked && !utf8.Valid(v) {
			if d.opt.Validation == Strict {
				return errs.New(errs.InvalidArguments, "series %d of metric %q: value of label %q is not valid UTF-8", series, t.rows.Table, c.name)
			}
			v = bytes.ToValidUTF8(v, []byte("\uFFFD"))
		}
		code := c.code(s.seed, v)
		for range n {
			c.vec.AppendCode(code)
		}
	}
	t.time.vec.Ints = append(t.time.vec.Ints, s.times...)
	t.value.vec.Floats = append(t.value.vec.Floats, s.values...)
	t.rows.Len += n
	t.time.vec.Len, t.value.vec.Len = t.rows.Len, t.rows.Len
	d.cells += n * (len(t.tags) + 2)
	return nil
}

func (d *writeDecoder) column(t *table, name []byte, series int) (*column, error) {
	for _, c := range t.tags {
		if c.name == string(name) {
			if c.vec.Len == 0 {
				d.cells += t.rows.Len
			}
			return c, nil
		}
	}
	if !validLabel(name) {
		return nil, errs.New(errs.InvalidArguments, "series %d of metric %q: label name %q does not match [a-zA-Z_][a-zA-Z0-9_]*", series,
			t.rows.Table, clip(name))
	}
	if string(name) == d.opt.TimeColumn || string(name) == d.opt.ValueColumn {
		return nil, errs.New(errs.InvalidArguments, "series %d of metric %q: label %q has the name of a column of its own", series,
			t.rows.Table, name)
	}
	if len(t.tags) >= d.opt.MaxLabels {
		return nil, errs.New(errs.InvalidArguments, "metric %q has more than %d labels", t.rows.Table, d.opt.MaxLabels)
	}
	c := newColumn(string(name))
	t.tags = append(t.tags, c)
	d.cells += t.rows.Len
	return c, nil
}

func validLabel(b []byte) bool {
	for i, x := range b {
		if !(x >= 'a' && x <= 'z' || x >= 'A' && x <= 'Z' || x == '_' || i > 0 && x >= '0' && x <= '9') {
			return false
		}
	}
	return len(b) > 0
}

// clip keeps foreign text in an error short and printable.
func clip(b []byte) string {
	const max = 64
	s := string(b[:min(len(b), max)])
	return strings.ToValidUTF8(s, "\uFFFD")
}

func compareNames(a, b *column) int { return strings.Compare(a.name, b.name) }

func sortedByName(cs []*column) bool { return slices.IsSortedFunc(cs, compareNames) }

package scripttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Answer is what a text of one or more statements gave.
type Answer struct {
	Outputs []Output
	Err     *Error // nil: none
}

// Output is what a statement gave: rows if there are fields, else a count.
type Output struct {
	Fields   []model.Field
	Rows     [][]string
	Affected uint64
}

// Error is an error with its status code.
type Error struct {
	Code errs.Code
	Text string
}

// CodeNamed finds a status code by its name.
func CodeNamed(name string) (errs.Code, bool) {
	for c := errs.Code(0); c < 10000; c++ {
		if c.String() == name {
			return c, true
		}
	}
	return 0, false
}

func errorOf(err error) *Error {
	if err == nil {
		return nil
	}
	return &Error{errs.CodeOf(err), err.Error()}
}

// String is the answer as results have it.
func (a Answer) String() string {
	var w strings.Builder
	for _, out := range a.Outputs {
		if out.Fields == nil {
			fmt.Fprintf(&w, "affected %d\n", out.Affected)
			continue
		}
		names := make([]string, len(out.Fields))
		for i, f := range out.Fields {
			names[i] = f.Name
		}
		fmt.Fprintln(&w, strings.Join(names, " | "))
		for _, r := range out.Rows {
			fmt.Fprintln(&w, strings.TrimRight(strings.Join(r, " | "), " "))
		}
	}
	if a.Err != nil {
		fmt.Fprintf(&w, "error %d (%s): %s\n", a.Err.Code, a.Err.Code, a.Err.Text)
	}
	return w.String()
}

func read(ctx context.Context, r model.RowStream) (Output, error) {
	out := Output{Fields: r.Fields()}
	if out.Fields == nil {
		out.Fields = []model.Field{}
	}
	for {
		b, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		for i := range b.Len {
			row := make([]string, len(b.Cols))
			for j, c := range b.Cols {
				row[j] = Cell(c.At(i))
			}
			out.Rows = append(out.Rows, row)
		}
	}
}

// Cell is a value as results have it: numbers as they are, times as the number of their units, binary in hexadecimal digits, intervals in
// the form of ISO 8601 with all their parts.
func Cell(v model.Value) string {
	switch {
	case v.Null():
		return "NULL"
	case v.Type.Kind == model.KindDecimal:
		return decimal(v.Decimal, int(v.Type.Scale))
	case v.Type.Kind == model.KindInterval:
		return Interval(v.Interval)
	case v.Type.Class() != model.ClassBytes:
		return v.String()
	case v.Type.Kind == model.KindBinary || v.Type.Kind == model.KindVector || !utf8.ValidString(v.Bytes):
		return fmt.Sprintf("%x", v.Bytes)
	}
	return v.Bytes
}

// Wide is a 128-bit integer from its halves.
func Wide(hi int64, lo uint64) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(hi), 64)
	return n.Or(n, new(big.Int).SetUint64(lo))
}

func decimal(d model.Int128, scale int) string {
	n := Wide(d.Hi, d.Lo)
	digits := fmt.Sprintf("%0*d", scale+1, new(big.Int).Abs(n))
	if scale > 0 {
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if n.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

// Interval prints an interval: P1Y2M0DT4H0M0S.
func Interval(v model.MonthDayNano) string {
	if v == (model.MonthDayNano{}) {
		return "PT0S"
	}
	abs := func(n int64) int64 { return max(n, -n) }
	secs, sign := v.Nanos/1e9%60, ""
	if v.Nanos < 0 && secs == 0 && v.Nanos%60e9 != 0 {
		sign = "-"
	}
	s := fmt.Sprintf("P%dY%dM%dDT%dH%dM%s%d", v.Months/12, v.Months%12, v.Days, v.Nanos/3600e9, v.Nanos/60e9%60, sign, secs)
	switch f := abs(v.Nanos % 1e9); {
	case f == 0:
	case f%1e6 == 0:
		s += fmt.Sprintf(".%03d", f/1e6)
	case f%1e3 == 0:
		s += fmt.Sprintf(".%06d", f/1e3)
	default:
		s += fmt.Sprintf(".%09d", f)
	}
	return s + "S"
}

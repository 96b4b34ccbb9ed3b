package influx

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// maxReported bounds how many bad lines one DecodeError describes; the rest are only counted.
const maxReported = 10

// LineError is what is wrong with one line.
type LineError struct {
	Line   int    // of the body, from 1; where the line starts, if a string in it holds line ends
	Column string // tag, field or empty
	Reason string
}

func (e LineError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
	}
	return fmt.Sprintf("line %d, column %q: %s", e.Line, e.Column, e.Reason)
}

// DecodeError is every bad line of a body: the first few described, all counted. Its code is errs.InvalidArguments.
type DecodeError struct {
	Lines []LineError
	Total int // reading stops at a thousand
}

func (e *DecodeError) Error() string {
	var b strings.Builder
	b.WriteString("invalid line protocol: ")
	for i, l := range e.Lines {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(l.Error())
	}
	if more := e.Total - len(e.Lines); more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return b.String()
}

// Unwrap carries the status code.
func (e *DecodeError) Unwrap() error {
	return &errs.Error{Code: errs.InvalidArguments, Msg: "invalid line protocol"}
}

func (e *DecodeError) add(line int, f *fault) {
	e.Total++
	if len(e.Lines) < maxReported {
		e.Lines = append(e.Lines, LineError{Line: line, Column: f.column, Reason: f.reason})
	}
}

// fault is a LineError before its line number is known.
type fault struct{ column, reason string }

func bad(column, format string, args ...any) *fault {
	return &fault{clip(column), fmt.Sprintf(format, args...)}
}

// unexpected tells what stands at i and, by where, what does not belong there.
func (d *decoder) unexpected(i int, column, where string) *fault {
	if i >= len(d.src) {
		return bad(column, "end of input %s", where)
	}
	if d.src[i] == '\n' {
		return bad(column, "end of line %s", where)
	}
	r, n := utf8.DecodeRune(d.src[i:])
	if r == utf8.RuneError && n <= 1 {
		return bad(column, "byte 0x%02x %s", d.src[i], where)
	}
	return bad(column, "unexpected %q %s", r, where)
}

// clip keeps foreign text in an error short and printable.
func clip(s string) string {
	const max = 64
	if len(s) > max {
		s = s[:max] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

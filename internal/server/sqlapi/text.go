package sqlapi

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/wire/arrowipc"
)

// csv gives a writer of CSV with as many header lines: 1 names, 2 names and types.
func csv(headers int) writeFunc {
	return func(ctx context.Context, s *sink, outs []model.Output, o options) error {
		rows := outs[0].Rows
		if rows == nil {
			s.buf = append(strconv.AppendUint(s.buf, outs[0].Affected, 10), '\n')
			return nil
		}
		for h := range headers {
			for j, f := range rows.Fields() {
				if j > 0 {
					s.buf = append(s.buf, ',')
				}
				text := f.Name
				if h == 1 {
					text = f.Type.String()
				}
				s.buf = appendCSV(s.buf, []byte(text))
			}
			s.buf = append(s.buf, '\r', '\n')
		}
		var cell []byte
		_, err := each(ctx, rows, o.limit, func(b *model.Batch) error {
			for i := range b.Len {
				for j, v := range b.Cols {
					if j > 0 {
						s.buf = append(s.buf, ',')
					}
					switch {
					case v.Null(i):
					case v.Type.Kind == model.KindString:
						s.buf = appendCSV(s.buf, v.BytesAt(i))
					case v.Type.Class() == model.ClassInt || v.Type.Class() == model.ClassBool:
						s.buf = appendJSON(s.buf, v, i)
					default:
						if cell = appendJSON(cell[:0], v, i); string(cell) == "null" {
							continue
						}
						s.buf = appendCSV(s.buf, bytes.Trim(cell, `"`))
					}
				}
				s.buf = append(s.buf, '\r', '\n')
				if err := s.room(); err != nil {
					return err
				}
			}
			return nil
		})
		return err
	}
}

// appendCSV quotes as RFC 4180 asks.
func appendCSV(dst, cell []byte) []byte {
	if !bytes.ContainsAny(cell, ",\"\r\n") {
		return append(dst, cell...)
	}
	dst = append(dst, '"')
	for _, b := range cell {
		if b == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}

// maxTable bounds the text of a table, which must be held whole to know how wide its columns are.
const maxTable = 64 << 20

// cellBytes is what a cell takes beside its text.
const cellBytes = 16

func writeTable(ctx context.Context, s *sink, outs []model.Output, o options) error {
	rows := outs[0].Rows
	if rows == nil {
		s.buf = append(strconv.AppendUint(s.buf, outs[0].Affected, 10), '\n')
		return nil
	}
	fields := rows.Fields()
	widths := make([]int, len(fields))
	for j, f := range fields {
		widths[j] = utf8.RuneCountInString(f.Name)
	}
	var cells []string
	size := int64(0)
	defer s.memory.Release()
	if _, err := each(ctx, rows, o.limit, func(b *model.Batch) error {
		for i := range b.Len {
			for j, v := range b.Cols {
				c := string(appendJSON(nil, v, i))
				widths[j] = max(widths[j], utf8.RuneCountInString(c))
				cells = append(cells, c)
				if size += int64(len(c)) + cellBytes; size > maxTable {
					return errs.New(errs.RuntimeResourcesExhausted, "result is too large for format table: use csv")
				}
			}
		}
		if err := s.memory.Reserve(size - s.memory.Used()); err != nil {
			return errs.Wrap(errs.CodeOf(err), err, "the text of format table is held whole: use csv, or raise memory.limit")
		}
		return nil
	}); err != nil {
		return err
	}
	line := func(left, mid, right string, cell func(j int) (text, pad string)) {
		s.buf = append(s.buf, left...)
		for j := range fields {
			if j > 0 {
				s.buf = append(s.buf, mid...)
			}
			text, pad := cell(j)
			s.buf = append(s.buf, pad...)
			s.buf = append(s.buf, text...)
			s.buf = append(s.buf, strings.Repeat(pad, widths[j]-utf8.RuneCountInString(text)+1)...)
		}
		s.buf = append(s.buf, right...)
		s.buf = append(s.buf, '\n')
	}
	line("┌", "┬", "┐", func(j int) (string, string) { return fields[j].Name, "─" })
	for n := 0; n < len(cells); n += len(fields) {
		line("│", "│", "│", func(j int) (string, string) { return cells[n+j], " " })
		if err := s.room(); err != nil {
			return err
		}
	}
	line("└", "┴", "┘", func(int) (string, string) { return "", "─" })
	return nil
}

func writeNull(ctx context.Context, s *sink, outs []model.Output, o options) error {
	text := "affected"
	n := outs[0].Affected
	if rows := outs[0].Rows; rows != nil {
		total, err := each(ctx, rows, o.limit, func(*model.Batch) error { return nil })
		if err != nil {
			return err
		}
		n, text = uint64(total), "in set"
	}
	s.buf = fmt.Appendf(s.buf, "%d rows %s.\nElapsed: %.3f sec.\n", n, text, float64(s.r.ElapsedMillis())/1e3)
	return nil
}

func writeArrow(ctx context.Context, s *sink, outs []model.Output, o options) error {
	rows := outs[0].Rows
	if rows == nil {
		return nil
	}
	w, err := arrowipc.NewWriter(s, rows.Fields(), o.compression)
	if err != nil {
		return err
	}
	if _, err := each(ctx, rows, o.limit, w.Write); err != nil {
		return err
	}
	return w.Close()
}

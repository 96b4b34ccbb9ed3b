package sqlapi

import (
	"strconv"

	"github.com/goptimedb/goptimedb/internal/model"
)

// rowParts appends rows of one batch as JSON arrays. Neighbouring columns of coded strings, which tags are, are one part: their text is kept
// and copied as long as their codes stay the same, as they do from row to row of a series.
type rowParts struct {
	parts []rowPart
}

type rowPart struct {
	cols  []*model.Vector // coded strings without NULLs; else one column of any kind
	coded bool
	small bool // integers, mostly of few digits

	codes []uint32 // of the text
	text  []byte   // a comma before each value; empty: none yet
}

// begin takes a batch. Texts of the batch before are not kept: its dictionaries may be others.
func (r *rowParts) begin(b *model.Batch) {
	r.parts = r.parts[:0]
	for _, v := range b.Cols {
		coded := v.Type.Kind == model.KindString && v.Coded() && v.Valid == nil
		n := len(r.parts)
		if coded && n > 0 && r.parts[n-1].coded {
			r.parts[n-1].cols = append(r.parts[n-1].cols, v)
			continue
		}
		if n < cap(r.parts) {
			r.parts = r.parts[:n+1]
		} else {
			r.parts = append(r.parts, rowPart{})
		}
		p := &r.parts[n]
		p.cols, p.coded, p.text = append(p.cols[:0], v), coded, p.text[:0]
		p.small = v.Type.Class() == model.ClassInt && v.Type.Kind != model.KindUint64 && v.Valid == nil
	}
}

// append appends row i.
func (r *rowParts) append(dst []byte, i int) []byte {
	start := len(dst)
	for k := range r.parts {
		p := &r.parts[k]
		switch v := p.cols[0]; {
		case p.coded:
			if !p.same(i) {
				p.spell(i)
			}
			dst = append(dst, p.text...)
		case p.small:
			dst = appendSmall(append(dst, ','), v.Ints[i])
		default:
			dst = appendJSON(append(dst, ','), v, i)
		}
	}
	if len(r.parts) == 0 {
		return append(dst, '[', ']')
	}
	dst[start] = '[' // in place of the first comma
	return append(dst, ']')
}

// same reports whether the text is that of row i.
func (p *rowPart) same(i int) bool {
	if len(p.text) == 0 {
		return false
	}
	for k, v := range p.cols {
		if v.Codes[i] != p.codes[k] {
			return false
		}
	}
	return true
}

func (p *rowPart) spell(i int) {
	p.codes, p.text = p.codes[:0], p.text[:0]
	for _, v := range p.cols {
		p.codes = append(p.codes, v.Codes[i])
		p.text = appendString(append(p.text, ','), v.BytesAt(i))
	}
}

// appendSmall is strconv.AppendInt with a short way for numbers of one digit or two.
func appendSmall(dst []byte, x int64) []byte {
	switch {
	case uint64(x) < 10:
		return append(dst, '0'+byte(x))
	case uint64(x) < 100:
		return append(dst, '0'+byte(x/10), '0'+byte(x%10))
	}
	return strconv.AppendInt(dst, x, 10)
}

package influx

import (
	"bytes"
	"unicode/utf8"
)

// kindAt tells a field's kind from how its value at i is spelled.
func (d *decoder) kindAt(i int, name string) (kind, *fault) {
	src := d.src
	if i == len(src) {
		return 0, bad(name, "field value is missing")
	}
	switch b := src[i]; {
	case b == '"':
		return kindString, nil
	case b == 't' || b == 'T' || b == 'f' || b == 'F':
		return kindBool, nil
	case b >= '0' && b <= '9' || b == '-' || b == '+' || b == '.':
		switch end := valueEnd(src, i); src[end-1] {
		case 'i':
			return kindInt, nil
		case 'u':
			return kindUint, nil
		}
		return kindFloat, nil
	}
	return 0, d.unexpected(i, name, "where a field value should be")
}

// valueEnd is the end of an unquoted value.
func valueEnd(src []byte, i int) int {
	for i < len(src) && src[i] > ' ' && src[i] != ',' {
		i++
	}
	return i
}

// field reads one value into row of c.
func (d *decoder) field(t *table, c *column, row, i int) (int, *fault) {
	src := d.src
	if i == len(src) {
		return 0, bad(c.name, "field value is missing")
	}
	if c.vec.Len != row {
		if c.vec.Len > row { // the key came before in this line: the later value counts
			c.dropLast()
		} else {
			c.padTo(row)
		}
	}
	switch b := src[i]; {
	case b >= '0' && b <= '9' || b == '-' || b == '.' || b == '+':
		return d.number(c, i)
	case b == '"':
		if c.kind != kindString {
			return 0, c.clash(kindString)
		}
		return d.text(c, i)
	case b == 't' || b == 'T' || b == 'f' || b == 'F':
		if c.kind != kindBool {
			return 0, c.clash(kindBool)
		}
		end := valueEnd(src, i)
		switch string(src[i:end]) {
		case "t", "T", "true", "True", "TRUE":
			c.vec.AppendBool(true)
		case "f", "F", "false", "False", "FALSE":
			c.vec.AppendBool(false)
		default:
			return 0, bad(c.name, "%q is not a boolean", clip(string(src[i:end])))
		}
		return end, nil
	}
	return 0, d.unexpected(i, c.name, "where a field value should be")
}

// text reads a quoted string.
func (d *decoder) text(c *column, i int) (int, *fault) {
	src := d.src
	v := &c.vec
	i++
	start, begin := i, len(v.Data)
	for {
		n := bytes.IndexByte(src[i:], '"')
		if n < 0 {
			return 0, bad(c.name, "closing quote is missing")
		}
		if slash := bytes.IndexByte(src[i:i+n], '\\'); slash >= 0 { // slow path: undo \" and \\
			i += slash
			v.Data = append(v.Data, src[start:i]...)
			if i+1 < len(src) && (src[i+1] == '"' || src[i+1] == '\\') {
				i++
			}
			start = i // the byte behind the backslash, or the backslash itself, is text
			i++
			continue
		}
		i += n
		break
	}
	v.Data = append(v.Data, src[start:i]...)
	text := v.Data[begin:]
	if d.checkUTF8 && !utf8.Valid(text) {
		return 0, bad(c.name, "string is not valid UTF-8")
	}
	if !d.multiline && bytes.IndexByte(text, '\n') >= 0 {
		d.multiline = true
	}
	v.Offsets = append(v.Offsets, uint32(len(v.Data)))
	if v.Valid != nil {
		v.Valid = v.Valid.Grow(v.Len + 1)
		v.Valid.Set(v.Len)
	}
	v.Len++
	i++
	if i < len(src) && src[i] != ',' && src[i] > ' ' {
		return 0, d.unexpected(i, c.name, "behind a string")
	}
	return i, nil
}

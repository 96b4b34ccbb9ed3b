package function

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/blake2s"

	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/model"
)

// maxText bounds what a function makes of a row, so that a statement of a few bytes cannot ask for gigabytes.
const maxText = 64 << 20

func textColumns() []column {
	text := func(name, sig string, f func(c *cells) (string, error)) column {
		return column{name: name, sig: sig, row: func(c *cells, out *model.Vector) error {
			s, err := f(c)
			if err != nil {
				return err
			}
			out.AppendString(s)
			return nil
		}}
	}
	sum := func(name string, f func([]byte) []byte) column {
		return column{name: name, sig: "y:y", row: func(c *cells, out *model.Vector) error { out.AppendBytes(f(c.bytes(0))); return nil }}
	}
	return []column{
		{name: "matches_term", sig: "ss:b", row: func(c *cells, out *model.Vector) error {
			term, err := made(c, 1, func(s string) (*analyze.Term, error) { return analyze.CompileTerm(s), nil })
			out.AppendBool(term.Match(c.bytes(0)))
			return err
		}},
		text("substr", "si[i:s", substr),
		text("lpad", "sis:s", func(c *cells) (string, error) { return padded(c.str(0), c.int(1), c.str(2), true) }),
		text("rpad", "sis:s", func(c *cells) (string, error) { return padded(c.str(0), c.int(1), c.str(2), false) }),
		text("repeat", "si:s", func(c *cells) (string, error) {
			s, n := c.str(0), max(0, c.int(1))
			if s != "" && n > int64(maxText/len(s)) {
				return "", failure("repeat: a text of %d times %d bytes is too long", n, len(s))
			}
			return strings.Repeat(s, int(n)), nil
		}),
		text("space", "i:s", func(c *cells) (string, error) {
			n := max(0, c.int(0))
			if n > 1<<20 {
				return "", failure("space: %d exceeds the maximum of 1048576", n)
			}
			return strings.Repeat(" ", int(n)), nil
		}),
		text("initcap", "s:s", func(c *cells) (string, error) {
			start := true
			return strings.Map(func(r rune) rune {
				defer func() { start = !unicode.IsLetter(r) && !unicode.IsDigit(r) }()
				if start {
					return unicode.ToUpper(r)
				}
				return unicode.ToLower(r)
			}, c.str(0)), nil
		}),
		text("split_part", "ssi:s", splitPart),
		text("substr_index", "ssi:s", substrIndex),
		text("overlay", "ssi[i:s", overlay),
		text("insert", "siis:s", insertText),
		text("format", "fi:s", func(c *cells) (string, error) {
			// The shortest decimal that is x is what the user wrote; rounding its digits gives 2.68 for 2.675, as people expect.
			return grouped(strconv.FormatFloat(c.float(0), 'g', -1, 64), c.int(1)), nil
		}),
		text("format_text", "si:s", func(c *cells) (string, error) { return grouped(c.str(0), c.int(1)), nil }),
		text("chr", "i:s", func(c *cells) (string, error) {
			n := c.int(0)
			if n == 0 {
				return "", failure("null character not permitted.")
			}
			if n < 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
				return "", failure("requested character not compatible for encoding.")
			}
			return string(rune(n)), nil
		}),
		{name: "find_in_set", sig: "ss:i", row: func(c *cells, out *model.Vector) error {
			at, n := int64(0), int64(0)
			if list := c.str(1); list != "" {
				for s := range strings.SplitSeq(list, ",") {
					if n++; s == c.str(0) {
						at = n
						break
					}
				}
			}
			out.AppendInt(at)
			return nil
		}},
		{name: "locate", sig: "ss[i:i", row: func(c *cells, out *model.Vector) error { out.AppendInt(locate(c)); return nil }},
		{name: "field", sig: "s*:i", loose: true, row: func(c *cells, out *model.Vector) error {
			at := 0
			for k := 1; k < len(c.args) && !c.null(0); k++ {
				if !c.null(k) && c.str(k) == c.str(0) {
					at = k
					break
				}
			}
			out.AppendInt(int64(at))
			return nil
		}},
		text("encode", "ys:s", func(c *cells) (string, error) {
			switch strings.ToLower(c.str(1)) {
			case "hex":
				return hex.EncodeToString(c.bytes(0)), nil
			case "base64":
				return base64.RawStdEncoding.EncodeToString(c.bytes(0)), nil
			case "base64pad":
				return base64.StdEncoding.EncodeToString(c.bytes(0)), nil
			}
			return "", failure("There is no built-in encoding named '%s', currently supported encodings are: base64, base64pad, hex", c.str(1))
		}),
		{name: "decode", sig: "ss:y", row: decode},
		text("md5", "y:s", func(c *cells) (string, error) {
			h := md5.Sum(c.bytes(0)) //nolint:gosec // a checksum that users ask for
			return hex.EncodeToString(h[:]), nil
		}),
		sum("sha224", func(b []byte) []byte { h := sha256.Sum224(b); return h[:] }),
		sum("sha256", func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }),
		sum("sha384", func(b []byte) []byte { h := sha512.Sum384(b); return h[:] }),
		sum("sha512", func(b []byte) []byte { h := sha512.Sum512(b); return h[:] }),
		{name: "digest", sig: "ys:y", row: digest},
	}
}

// from cuts off the first n characters.
func from(s string, n int64) string {
	if n <= 0 {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[i:]
		}
		n--
	}
	return ""
}

// upto keeps the first n characters.
func upto(s string, n int64) string {
	if n <= 0 {
		return ""
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// substr counts characters from 1; those before the text are there to be counted, but empty.
func substr(c *cells) (string, error) {
	s, start := c.str(0), c.int(1)
	if !c.has(2) {
		return from(s, start-1), nil
	}
	n := c.int(2)
	if n < 0 {
		return "", failure("negative substring length not allowed: substr(<str>, %d, %d)", start, n)
	}
	if start <= 0 {
		if start+n <= 1 {
			return "", nil
		}
		n, start = start+n-1, 1
	}
	return upto(from(s, start-1), n), nil
}

func padded(s string, n int64, fill string, left bool) (string, error) {
	if n > maxText/4 {
		return "", failure("pad requested length %d too large", n)
	}
	have := int64(utf8.RuneCountInString(s))
	if n <= have {
		return upto(s, n), nil
	}
	if fill == "" {
		return s, nil
	}
	width := int64(utf8.RuneCountInString(fill))
	p := upto(strings.Repeat(fill, int((n-have)/width)+1), n-have)
	if left {
		return p + s, nil
	}
	return s + p, nil
}

func splitPart(c *cells) (string, error) {
	n := c.int(2)
	if n == 0 {
		return "", failure("field position must not be zero")
	}
	parts := []string{c.str(0)}
	if c.str(1) != "" {
		parts = strings.Split(c.str(0), c.str(1))
	}
	if n < 0 {
		n += int64(len(parts)) + 1
	}
	if n < 1 || n > int64(len(parts)) {
		return "", nil
	}
	return parts[n-1], nil
}

// substrIndex is what stands before the n-th separator, from the end where n is negative.
func substrIndex(c *cells) (string, error) {
	s, sep, n := c.str(0), c.str(1), c.int(2)
	if sep == "" || n == 0 {
		return "", nil
	}
	rest, at := s, 0
	for ; n > 0; n-- {
		i := strings.Index(rest, sep)
		if i < 0 {
			return s, nil
		}
		if n == 1 {
			return s[:at+i], nil
		}
		at += i + len(sep)
		rest = s[at:]
	}
	for ; n < 0; n++ {
		i := strings.LastIndex(rest, sep)
		if i < 0 {
			return s, nil
		}
		if n == -1 {
			return s[i+len(sep):], nil
		}
		rest = rest[:i]
	}
	return s, nil
}

func overlay(c *cells) (string, error) {
	s, with, start := c.str(0), c.str(1), c.int(2)
	n := int64(utf8.RuneCountInString(with))
	if c.has(3) {
		n = c.int(3)
	}
	end := start - 1 + n
	if n > 0 && end < start-1 { // so far that it overflows
		end = math.MaxInt64
	}
	return upto(s, start-1) + with + from(s, end), nil
}

func insertText(c *cells) (string, error) {
	s, pos, n, with := c.str(0), c.int(1), c.int(2), c.str(3)
	have := int64(utf8.RuneCountInString(s))
	if pos < 1 || pos > have {
		return s, nil
	}
	out := upto(s, pos-1) + with
	if n >= 0 && n <= have-pos {
		out += from(s, pos-1+n)
	}
	return out, nil
}

// grouped prints a number, given as text, with d digits behind the point and commas between thousands; halves go away from zero. What is
// no finite number stays as it is.
func grouped(x string, d int64) string {
	r, ok := new(big.Rat).SetString(x)
	if !ok {
		return x
	}
	digits := r.FloatString(int(max(0, min(30, d)))) // rounds halves away from zero
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	whole, frac, point := strings.Cut(digits, ".")
	var sb strings.Builder
	sb.WriteString(sign)
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			sb.WriteByte(',')
		}
		sb.WriteRune(c)
	}
	if point {
		sb.WriteString("." + frac)
	}
	return sb.String()
}

// locate finds the first text in the second, from a position on.
func locate(c *cells) int64 {
	sub, s, pos := c.str(0), c.str(1), int64(1)
	if c.has(2) {
		pos = c.int(2)
	}
	have := int64(utf8.RuneCountInString(s))
	if pos < 1 || pos > have+1 {
		return 0
	}
	tail := from(s, pos-1)
	i := strings.Index(tail, sub)
	if i < 0 {
		return 0
	}
	return pos + int64(utf8.RuneCountInString(tail[:i]))
}

func decode(c *cells, out *model.Vector) error {
	s := c.str(0)
	var b []byte
	var err error
	switch strings.ToLower(c.str(1)) {
	case "hex":
		b, err = hex.DecodeString(s)
	case "base64", "base64pad":
		b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	default:
		return failure("There is no built-in encoding named '%s', currently supported encodings are: base64, base64pad, hex", c.str(1))
	}
	if err != nil {
		return failure("Failed to decode value using %s: %v", strings.ToLower(c.str(1)), err)
	}
	out.AppendBytes(b)
	return nil
}

func digest(c *cells, out *model.Vector) error {
	b := c.bytes(0)
	switch alg := strings.ToLower(c.str(1)); alg {
	case "md5":
		h := md5.Sum(b) //nolint:gosec // a checksum that users ask for
		out.AppendBytes(h[:])
	case "sha224":
		h := sha256.Sum224(b)
		out.AppendBytes(h[:])
	case "sha256":
		h := sha256.Sum256(b)
		out.AppendBytes(h[:])
	case "sha384":
		h := sha512.Sum384(b)
		out.AppendBytes(h[:])
	case "sha512":
		h := sha512.Sum512(b)
		out.AppendBytes(h[:])
	case "blake2s":
		h := blake2s.Sum256(b)
		out.AppendBytes(h[:])
	case "blake2b":
		h := blake2b.Sum512(b)
		out.AppendBytes(h[:])
	default:
		return failure("There is no built-in digest algorithm named '%s', currently supported algorithms are: md5, sha224, sha256, sha384, sha512, blake2s, blake2b", alg)
	}
	return nil
}

package function

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Bounds of regexp_extract: bytes of a pattern, and of what it finds.
const (
	maxPattern = 10000
	maxMatch   = 1 << 20
)

// pattern compiles a regular expression with flags: i no case, s the dot matches newlines, m lines have ends, x blanks are nothing;
// g is for the caller.
func pattern(re, flags string) (*regexp.Regexp, error) {
	var on strings.Builder
	for _, f := range flags {
		switch f {
		case 'i', 's', 'm', 'U':
			on.WriteRune(f)
		case 'x':
			re = withoutBlanks(re)
		case 'g', 'c': // c is MySQL's word for what is so without i
		default:
			return nil, failure("regexp: unknown flag '%c'", f)
		}
	}
	if on.Len() > 0 {
		re = "(?" + on.String() + ")" + re
	}
	re, err := RE2(re)
	if err != nil {
		return nil, err
	}
	x, err := regexp.Compile(re)
	if err != nil {
		return nil, failure("Regular expression did not compile: %v", err)
	}
	return x, nil
}

// withoutBlanks removes blanks outside of classes, and what follows a #.
func withoutBlanks(re string) string {
	var sb strings.Builder
	class, comment := false, false
	for i := 0; i < len(re); i++ {
		c := re[i]
		switch {
		case comment:
			comment = c != '\n'
			continue
		case c == '\\' && i+1 < len(re):
			sb.WriteString(re[i : i+2])
			i++
			continue
		case c == '[':
			class = true
		case c == ']':
			class = false
		case class:
		case c == '#':
			comment = true
			continue
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			continue
		}
		sb.WriteByte(c)
	}
	return sb.String()
}

// regex is the pattern in argument k with the flags in argument f, if there is one.
func (c *cells) regex(k, f int) (*regexp.Regexp, error) {
	flags := ""
	if c.has(f) {
		flags = c.str(f)
	}
	m := &c.memo[k]
	if key := flags + "\x00" + c.str(k); !m.ok || m.text != key {
		re, err := pattern(strings.Clone(c.str(k)), flags)
		*m = memo{text: key, made: re, err: err, ok: true}
	}
	return m.made.(*regexp.Regexp), m.err
}

func regexColumns() []column {
	return []column{
		{name: "regexp_like", sig: "ss[s:b", row: func(c *cells, out *model.Vector) error {
			re, err := c.regex(1, 2)
			if err != nil {
				return err
			}
			out.AppendBool(re.MatchString(c.str(0)))
			return nil
		}},
		{name: "regexp_match", sig: "ss[s:s", row: func(c *cells, out *model.Vector) error {
			re, err := c.regex(1, 2)
			if err != nil {
				return err
			}
			m := re.FindStringSubmatchIndex(c.str(0))
			if m == nil {
				out.AppendNull()
				return nil
			}
			if len(m) > 2 {
				m = m[2:]
			}
			found := make([]*string, len(m)/2)
			for i := range found {
				if m[2*i] >= 0 {
					s := c.str(0)[m[2*i]:m[2*i+1]]
					found[i] = &s
				}
			}
			b, err := json.Marshal(found)
			out.AppendBytes(b)
			return err
		}},
		{name: "regexp_replace", sig: "sss[s:s", row: regexReplace},
		{name: "regexp_extract", sig: "ss:s", row: func(c *cells, out *model.Vector) error {
			if len(c.bytes(1)) > maxPattern {
				return failure("REGEXP_EXTRACT pattern exceeds maximum length of %d", maxPattern)
			}
			re, err := c.regex(1, 2)
			if err != nil {
				return failure("REGEXP_EXTRACT invalid pattern '%s': %v", c.str(1), strings.TrimPrefix(err.Error(), "Execution error: "))
			}
			at := re.FindStringIndex(c.str(0))
			switch {
			case at == nil:
				out.AppendNull()
			case at[1]-at[0] > maxMatch:
				return failure("REGEXP_EXTRACT match exceeds maximum length of %d", maxMatch)
			default:
				out.AppendString(c.str(0)[at[0]:at[1]])
			}
			return nil
		}},
		{name: "regexp_count", sig: "ss[is:i", row: func(c *cells, out *model.Vector) error {
			re, err := c.regex(1, 3)
			if err != nil {
				return err
			}
			start := int64(1)
			if c.has(2) {
				start = c.int(2)
			}
			if start < 1 {
				return failure("regexp_count() requires start to be 1 based")
			}
			out.AppendInt(int64(len(re.FindAllStringIndex(from(c.str(0), start-1), -1))))
			return nil
		}},
		{name: "regexp_instr", sig: "ss[iisi:i", row: regexInstr},
	}
}

// regexReplace replaces the first match, or all with flag g. \1 and $1 are what the first group matched.
func regexReplace(c *cells, out *model.Vector) error {
	re, err := c.regex(1, 3)
	if err != nil {
		return err
	}
	with, err := made(c, 2, func(s string) (string, error) {
		var sb strings.Builder
		for i := 0; i < len(s); i++ {
			if s[i] == '\\' && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9' {
				sb.WriteString("${" + s[i+1:i+2] + "}")
				i++
				continue
			}
			sb.WriteByte(s[i])
		}
		return sb.String(), nil
	})
	if err != nil {
		return err
	}
	s := c.str(0)
	if c.has(3) && strings.ContainsRune(c.str(3), 'g') {
		out.AppendString(re.ReplaceAllString(s, with))
		return nil
	}
	m := re.FindStringSubmatchIndex(s)
	if m == nil {
		out.AppendString(s)
		return nil
	}
	b := append([]byte(nil), s[:m[0]]...)
	b = re.ExpandString(b, with, s, m)
	out.AppendBytes(append(b, s[m[1]:]...))
	return nil
}

// regexInstr is where the n-th match begins, or a group of it: 1-based, 0 where there is none.
func regexInstr(c *cells, out *model.Vector) error {
	re, err := c.regex(1, 4)
	if err != nil {
		return err
	}
	arg := func(k int, def int64) int64 {
		if c.has(k) {
			return c.int(k)
		}
		return def
	}
	start, nth, group := arg(2, 1), arg(3, 1), arg(5, 0)
	if start < 1 || nth < 1 || group < 0 {
		return failure("regexp_instr() requires start and N to be 1 based and the sub-expression not to be negative")
	}
	s := c.str(0)
	tail := from(s, start-1)
	var pos int64
	if nth < 1<<30 {
		if all := re.FindAllStringSubmatchIndex(tail, int(nth)); int64(len(all)) == nth && int(group)*2 < len(all[nth-1]) {
			if at := all[nth-1][2*group]; at >= 0 {
				pos = start + int64(utf8.RuneCountInString(tail[:at]))
			}
		}
	}
	out.AppendInt(pos)
	return nil
}

package function

import (
	"strings"
)

// Classes of Unicode that \d, \s and \w stand for in patterns of the dialect, written for use within brackets.
const (
	digits = `\p{Nd}`
	blanks = `\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`
	words  = `\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200c}\x{200d}`
)

// RE2 writes a pattern of the dialect as one of RE2. In the dialect \d, \s and \w are of Unicode and \u00e9 is a character; brackets
// within brackets and && are sets of sets, which RE2 would read as other characters: they are refused. \b stays a boundary of ASCII words.
func RE2(re string) (string, error) {
	if !strings.ContainsAny(re, `\[`) {
		return re, nil
	}
	var sb strings.Builder
	class, first := false, false // within brackets, at their first character
	for i := 0; i < len(re); i++ {
		c := re[i]
		at := first
		first = false
		switch {
		case c == '\\' && i+1 < len(re):
			i++
			i += appendEscape(&sb, re[i:], class)
		case !class && c == '[':
			class, first = true, true
			sb.WriteByte(c)
			if i+1 < len(re) && re[i+1] == '^' {
				i++
				sb.WriteByte('^')
			}
		case class && c == ']' && !at:
			class = false
			sb.WriteByte(c)
		case class && c == '[':
			end := strings.Index(re[i:], ":]")
			if !strings.HasPrefix(re[i:], "[:") || end < 0 {
				return "", failure("Regular expression did not compile: brackets within brackets are not supported, write \\[ for the character: %s", re)
			}
			sb.WriteString(re[i : i+end+2])
			i += end + 1
		case class && (strings.HasPrefix(re[i:], "&&") || strings.HasPrefix(re[i:], "--") || strings.HasPrefix(re[i:], "~~")):
			return "", failure("Regular expression did not compile: %s within brackets is not supported: %s", re[i:i+2], re)
		default:
			sb.WriteByte(c)
		}
	}
	return sb.String(), nil
}

// appendEscape writes what follows a backslash, and tells how many more bytes than one it has read.
func appendEscape(sb *strings.Builder, s string, class bool) int {
	set, negative := "", false
	switch s[0] {
	case 'd':
		set = digits
	case 's':
		set = blanks
	case 'w':
		set = words
	case 'D':
		set, negative = digits, true
	case 'S':
		set, negative = blanks, true
	case 'W':
		set, negative = words, true
	case 'u', 'U':
		n := map[byte]int{'u': 4, 'U': 8}[s[0]]
		switch end := strings.IndexByte(s, '}'); {
		case len(s) > 1 && s[1] == '{' && end > 0:
			sb.WriteString(`\x` + s[1:end+1])
			return end
		case len(s) > n:
			sb.WriteString(`\x{` + s[1:n+1] + "}")
			return n
		}
	}
	switch {
	case set == "" || class && negative && set != digits: // the rest of a set cannot stand within brackets
		sb.WriteString(`\` + s[:1])
	case class && negative:
		sb.WriteString(`\P{Nd}`)
	case class:
		sb.WriteString(set)
	case negative:
		sb.WriteString("[^" + set + "]")
	default:
		sb.WriteString("[" + set + "]")
	}
	return 0
}

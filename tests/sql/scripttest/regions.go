package scripttest

import (
	"regexp"
	"strings"
)

// split says how tables are divided when a script is run in several regions.
type split struct{ column, rules string }

var createTable = regexp.MustCompile(`(?is)^((?:--[^\n]*\n)*CREATE TABLE .*\))(\s*(?:ENGINE\s*=.*|WITH\s*\(.*)?)$`)

// inRegions is the script with its tables divided. Its result is that of the script as it was.
func (s *script) inRegions() *script {
	out := *s
	out.steps = append([]step(nil), s.steps...)
	has := regexp.MustCompile(`(?i)[(,\s]` + regexp.QuoteMeta(s.split.column) + `\s`)
	for i, st := range out.steps {
		body, tail, ok := cutCreate(st.text)
		if ok && has.MatchString(body) {
			out.steps[i].text, out.steps[i].shown = body+" PARTITION ON COLUMNS ("+s.split.column+") ("+s.split.rules+")"+tail, st.text
		}
	}
	return &out
}

// cutCreate cuts CREATE TABLE behind its columns.
func cutCreate(text string) (body, tail string, ok bool) {
	if !createTable.MatchString(text) {
		return "", "", false
	}
	depth, quoted := 0, false
	for i, c := range text {
		switch {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				body, tail = text[:i+1], text[i+1:]
				return body, tail, !strings.Contains(strings.ToUpper(tail), "PARTITION")
			}
		}
	}
	return "", "", false
}

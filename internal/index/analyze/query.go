package analyze

import (
	"bytes"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Query is a compiled argument of matches. It is immutable.
//
// A query is a list of clauses, set apart by blanks or OR. A clause is a word, a phrase in double quotes or a query in parentheses, or several
// of these joined by AND, which binds tighter. Words and phrases are looked for as they are, anywhere in the text, inside words too. Before a
// clause, + makes it required and - forbidden; within an AND, - means that the part must not be there. A text matches where all required
// clauses are true and no forbidden one is; where none is required, one of the optional ones has to be, if there are any. A backslash takes
// the next character as it is.
type Query struct{ root *queryNode }

type queryOp uint8

const (
	queryText queryOp = iota // text occurs
	queryAnd
	queryOr
	queryNot // args[0]
)

type queryNode struct {
	op   queryOp
	text []byte
	args []*queryNode
}

// maxQueryDepth bounds how deep parentheses may nest.
const maxQueryDepth = 64

// ParseQuery reads a query. Errors are InvalidArguments, and say what is wrong where.
func ParseQuery(s string) (*Query, error) {
	p := queryParser{src: s}
	root, err := p.level(0)
	if err == nil && p.at < len(p.src) {
		err = p.bad("')' without '('")
	}
	if err != nil {
		return nil, err
	}
	return &Query{root}, nil
}

// Match decides one text.
func (q *Query) Match(text []byte) bool { return q.root.match(text) }

func (n *queryNode) match(text []byte) bool {
	switch n.op {
	case queryText:
		return bytes.Contains(text, n.text)
	case queryNot:
		return !n.args[0].match(text)
	case queryAnd:
		for _, a := range n.args {
			if !a.match(text) {
				return false
			}
		}
		return true
	}
	for _, a := range n.args {
		if a.match(text) {
			return true
		}
	}
	return false
}

type queryParser struct {
	src string
	at  int
}

func (p *queryParser) bad(what string) error {
	return errs.New(errs.InvalidArguments, "matches: %s at byte %d of query %q", what, p.at, p.src)
}

func (p *queryParser) blanks() {
	for p.at < len(p.src) && strings.IndexByte(" \t\r\n", p.src[p.at]) >= 0 {
		p.at++
	}
}

// keyword takes AND or OR, if it is next as a word of its own.
func (p *queryParser) keyword(w string) bool {
	rest, ok := strings.CutPrefix(p.src[p.at:], w)
	if !ok || rest != "" && strings.IndexByte(" \t\r\n()\"", rest[0]) < 0 {
		return false
	}
	p.at += len(w)
	return true
}

// level reads clauses up to the end or a closing parenthesis, which it leaves.
func (p *queryParser) level(depth int) (*queryNode, error) {
	if depth > maxQueryDepth {
		return nil, p.bad("parentheses nest too deep")
	}
	var required, optional []*queryNode
	expectMore := false // after OR
	for n := 0; ; n++ {
		p.blanks()
		if p.at < len(p.src) && p.src[p.at] != ')' && n > 0 && p.keyword("OR") {
			expectMore = true
			p.blanks()
		}
		if p.at == len(p.src) || p.src[p.at] == ')' {
			if n == 0 || expectMore {
				return nil, p.bad("a word is expected")
			}
			break
		}
		expectMore = false
		sign, clause, err := p.clause(depth)
		if err != nil {
			return nil, err
		}
		switch sign {
		case '+':
			required = append(required, clause)
		case '-':
			required = append(required, &queryNode{op: queryNot, args: []*queryNode{clause}})
		default:
			optional = append(optional, clause)
		}
	}
	// A forbidden clause does not make the optional ones superfluous; a required one does.
	must := false
	for _, r := range required {
		must = must || r.op != queryNot
	}
	if !must && len(optional) > 0 {
		either := optional[0]
		if len(optional) > 1 {
			either = &queryNode{op: queryOr, args: optional}
		}
		required = append(required, either)
	}
	if len(required) == 1 {
		return required[0], nil
	}
	return &queryNode{op: queryAnd, args: required}, nil
}

// clause reads one clause; its sign is 0 where it has none or is an AND.
func (p *queryParser) clause(depth int) (sign byte, n *queryNode, err error) {
	if sign, n, err = p.signed(depth); err != nil {
		return 0, nil, err
	}
	var parts []*queryNode
	for {
		p.blanks()
		if p.at == len(p.src) || !p.keyword("AND") {
			break
		}
		p.blanks()
		s, next, err := p.signed(depth)
		if err != nil {
			return 0, nil, err
		}
		if parts == nil {
			parts = append(parts, negate(sign, n))
		}
		parts = append(parts, negate(s, next))
	}
	if parts == nil {
		return sign, n, nil
	}
	return 0, &queryNode{op: queryAnd, args: parts}, nil
}

func negate(sign byte, n *queryNode) *queryNode {
	if sign == '-' {
		return &queryNode{op: queryNot, args: []*queryNode{n}}
	}
	return n
}

// signed reads a word, phrase or parenthesis with its sign.
func (p *queryParser) signed(depth int) (sign byte, n *queryNode, err error) {
	if p.at < len(p.src) && (p.src[p.at] == '+' || p.src[p.at] == '-') {
		sign = p.src[p.at]
		p.at++
	}
	if p.at == len(p.src) {
		return 0, nil, p.bad("a word is expected")
	}
	switch p.src[p.at] {
	case '(':
		p.at++
		if n, err = p.level(depth + 1); err != nil {
			return 0, nil, err
		}
		if p.at == len(p.src) {
			return 0, nil, p.bad("')' is missing")
		}
		p.at++
		return sign, n, nil
	case '"':
		p.at++
		n, err = p.text("\"", true)
		return sign, n, err
	}
	if sign == 0 && (p.keyword("AND") || p.keyword("OR")) {
		return 0, nil, p.bad("a word is expected before AND or OR")
	}
	n, err = p.text(" \t\r\n()\"", false)
	return sign, n, err
}

// text reads up to one of the bytes of stop; a closing one is taken, and has to be there.
func (p *queryParser) text(stop string, closed bool) (*queryNode, error) {
	var b []byte
	for ; p.at < len(p.src) && strings.IndexByte(stop, p.src[p.at]) < 0; p.at++ {
		if p.src[p.at] == '\\' && p.at+1 < len(p.src) {
			p.at++
		}
		b = append(b, p.src[p.at])
	}
	if closed {
		if p.at == len(p.src) {
			return nil, p.bad("the closing '\"' is missing")
		}
		p.at++
	}
	if len(b) == 0 {
		return nil, p.bad("a word is expected")
	}
	return &queryNode{op: queryText, text: b}, nil
}

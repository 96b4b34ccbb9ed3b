package sql

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

const (
	// maxDepth bounds how deep expressions, queries and joins may nest, so that neither parsing nor walking a tree
	// can exhaust the stack.
	maxDepth = 200
	// maxChain bounds the operators of one statement (or one row of VALUES): a AND b AND … parses without nesting,
	// but leaves a tree as deep as it is long.
	maxChain = 50_000
	// MaxStatements bounds the statements of one text where the caller has no bound of his own: all are parsed before the first one
	// runs, and the results of all are kept until the last one has.
	MaxStatements = 10_000
)

// Parse reads all statements of text, which are separated by semicolons; empty statements are left out. There are MaxStatements at most.
func Parse(text string, d Dialect) ([]Statement, error) { return ParseMost(text, d, MaxStatements) }

// ParseMost is Parse with a bound of the caller's. Zero: MaxStatements.
func ParseMost(text string, d Dialect, most int) ([]Statement, error) {
	if most <= 0 {
		most = MaxStatements
	}
	if !utf8.ValidString(text) {
		i := 0
		for {
			r, n := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && n <= 1 {
				return nil, syntaxError("Invalid UTF-8 sequence" + location(text, i))
			}
			i += n
		}
	}
	p := newParser(text, d)
	var out []Statement
	for p.err == nil {
		for p.accept(tSemi) {
		}
		if p.tok.kind == tEOF {
			break
		}
		if len(out) == most {
			return nil, errs.New(errs.InvalidArguments, "a request holds at most %d statements (query.max_statements); send the others in a request of their own", most)
		}
		p.chain, p.params = 0, 0
		s := p.statement()
		if p.err == nil && p.tok.kind != tSemi && p.tok.kind != tEOF {
			p.unsupported(p.tok)
		}
		out = append(out, s)
	}
	if p.err != nil {
		return nil, p.err
	}
	return out, nil
}

// ParseOne reads text that holds exactly one statement.
func ParseOne(text string, d Dialect) (Statement, error) {
	stmts, err := Parse(text, d)
	if err != nil {
		return nil, err
	}
	if len(stmts) != 1 {
		return nil, errs.New(errs.InvalidSyntax, "Invalid SQL syntax: expected one statement, found %d", len(stmts))
	}
	return stmts[0], nil
}

// ParseExpr reads text that holds exactly one expression, such as a stored default value or partition rule.
func ParseExpr(text string, d Dialect) (Expr, error) {
	if !utf8.ValidString(text) {
		return nil, syntaxError("Invalid UTF-8 sequence")
	}
	p := newParser(text, d)
	e := p.expr()
	if p.tok.kind != tEOF {
		p.expected("end of expression")
	}
	return e, p.err
}

// parser holds one token of look-ahead. The first error sticks: it moves the parser to the end of the text, where
// nothing is accepted any more, so that parsing functions need not check for it. What they return then is not used.
type parser struct {
	lx      lexer
	tok     token // current, not yet consumed
	ahead   token // the one after tok, if known
	known   bool  // ahead has been cut off already
	prevEnd int   // where the last consumed token ended
	err     error

	depth   int
	chain   int
	params  int  // number of ? seen in the statement
	ranges  int  // number of RANGE items seen in the innermost SELECT
	inFrame int  // > 0 while RANGE means a window frame
	inItem  bool // in a select item, where FILL belongs to RANGE

	// Free rests of arrays from which small things are cut, and how large the last of them was.
	idents      []Ident
	literals    []Literal
	exprs       []Expr // length 0; the capacity is free
	literalSlab int
	exprSlab    int
}

func newParser(text string, d Dialect) *parser {
	p := &parser{lx: lexer{src: text, dialect: d}}
	p.tok = p.lx.next()
	return p
}

// Errors.

func syntaxError(msg string) error {
	return errs.New(errs.InvalidSyntax, "Invalid SQL syntax: sql parser error: %s", msg)
}

// location renders a byte offset as line and column, both counted from one, columns in characters.
func location(src string, pos int) string {
	before := src[:min(pos, len(src))]
	line := strings.Count(before, "\n") + 1
	col := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return " at Line: " + strconv.Itoa(line) + ", Column: " + strconv.Itoa(col)
}

// stop records the first error and moves to the end.
func (p *parser) stop(err error) {
	if p.err == nil {
		p.err = err
	}
	p.jump(len(p.lx.src))
}

// fail stops with a syntax error whose text has no location.
func (p *parser) fail(msg string) { p.stopAt(p.tok.pos, syntaxError(msg)) }

// stopAt is stop for an error that clients which point at places find at pos.
func (p *parser) stopAt(pos int, err error) {
	if p.err == nil {
		p.stop(&located{err, pos})
	}
}

// failAt stops with a syntax error and its location.
func (p *parser) failAt(pos int, msg string) {
	p.stopAt(pos, syntaxError(msg+location(p.lx.src, pos)))
}

// invalid stops with a definition error.
func (p *parser) invalid(code errs.Code, format string, args ...any) {
	p.stop(errs.New(code, format, args...))
}

// expected stops because the current token is not what.
func (p *parser) expected(what string) {
	switch {
	case p.err != nil:
	case p.tok.kind == tError:
		p.failAt(p.tok.pos, p.lx.msg)
	case p.tok.kind == tEOF:
		p.fail("Expected: " + what + ", found: EOF")
	default:
		p.failAt(p.tok.pos, "Expected: "+what+", found: "+p.text(p.tok))
	}
}

// unsupported stops because of a keyword that starts nothing known.
func (p *parser) unsupported(t token) {
	if t.kind == tError {
		p.failAt(t.pos, p.lx.msg)
		return
	}
	p.stopAt(t.pos, errs.New(errs.Unsupported, "SQL statement is not supported, keyword: %s", p.text(t)))
}

// enter counts a level of nesting; every enter is paired with a leave.
func (p *parser) enter() {
	if p.depth++; p.depth > maxDepth {
		p.fail("recursion limit exceeded: expressions and queries may nest " + strconv.Itoa(maxDepth) + " levels deep")
	}
}

func (p *parser) leave() { p.depth-- }

// link counts an operator that makes the tree deeper without nesting.
func (p *parser) link() {
	if p.chain++; p.chain > maxChain {
		p.fail("recursion limit exceeded: more than " + strconv.Itoa(maxChain) + " operators in one statement")
	}
}

// Tokens.

func (p *parser) text(t token) string {
	if t.kind == tEOF {
		return "EOF"
	}
	return p.lx.src[t.pos:t.end]
}

// advance consumes the current token.
func (p *parser) advance() token {
	t := p.tok
	p.prevEnd = t.end
	if p.known {
		p.tok, p.known = p.ahead, false
	} else {
		p.tok = p.lx.next()
	}
	return t
}

// jump continues at a byte offset, whatever has been cut off before.
func (p *parser) jump(pos int) {
	p.lx.pos, p.known = pos, false
	p.tok = p.lx.next()
}

// peek is the token after the current one.
func (p *parser) peek() token {
	if !p.known {
		p.ahead, p.known = p.lx.next(), true
	}
	return p.ahead
}

// peek2 is the token after peek.
func (p *parser) peek2() token {
	p.peek()
	pos, msg := p.lx.pos, p.lx.msg
	t := p.lx.next()
	p.lx.pos, p.lx.msg = pos, msg
	return t
}

func (p *parser) accept(k kind) bool {
	if p.tok.kind != k {
		return false
	}
	p.advance()
	return true
}

func (p *parser) expect(k kind, what string) token {
	if p.tok.kind != k {
		p.expected(what)
		return p.tok
	}
	return p.advance()
}

// is reports whether the current token is the keyword, given in upper case.
func (p *parser) is(kw string) bool { return p.tok.kw.text == kw }

// isAny reports whether the current token is one of the keywords.
func (p *parser) isAny(kws ...string) bool {
	for _, kw := range kws {
		if p.is(kw) {
			return true
		}
	}
	return false
}

func (p *parser) acceptKw(kw string) bool {
	if !p.is(kw) {
		return false
	}
	p.advance()
	return true
}

// acceptKws consumes two keywords, or none.
func (p *parser) acceptKws(a, b string) bool {
	if !p.is(a) || p.peek().kw.text != b {
		return false
	}
	p.advance()
	p.advance()
	return true
}

func (p *parser) expectKw(kw string) {
	if !p.acceptKw(kw) {
		p.expected(kw)
	}
}

// word reports whether the current token is this unquoted word. It is for words that are too rare to be keywords.
func (p *parser) word(w string) bool {
	return p.tok.kind == tWord && strings.EqualFold(p.text(p.tok), w)
}

// comma consumes a comma and reports whether another element follows it: a comma directly before one of the closers
// is tolerated.
func (p *parser) comma() bool { return p.accept(tComma) }

// list parses elements up to and including the closing parenthesis; the opening one is consumed already. A trailing
// comma is tolerated, an empty list only if empty is true.
func (p *parser) list(empty bool, element func()) {
	if empty && p.accept(tRParen) {
		return
	}
	for {
		element()
		if p.comma() && p.tok.kind != tRParen && p.err == nil {
			continue
		}
		break
	}
	p.expect(tRParen, ")")
}

// Names.

// value decodes the text of a string or quoted identifier token.
func (p *parser) value(t token) string {
	s, ok := unquote(p.lx.src[t.pos:t.end], p.lx.dialect)
	if !ok {
		p.failAt(t.pos, "Invalid escape sequence in string literal")
	}
	return s
}

func (p *parser) isIdent() bool { return p.tok.kind == tWord || p.tok.kind == tIdent }

// identOf makes an identifier of a tWord or tIdent.
func (p *parser) identOf(t token) Ident {
	if t.kind == tIdent {
		name := p.value(t)
		if name == "" {
			p.failAt(t.pos, "Expected: identifier, found: "+p.text(t))
		}
		return Ident{Name: name, Quoted: true, Pos: Pos(t.pos)}
	}
	return Ident{Name: fold(p.lx.src[t.pos:t.end]), Pos: Pos(t.pos)}
}

// ident parses one identifier.
func (p *parser) ident() Ident {
	if !p.isIdent() {
		p.expected("identifier")
		return Ident{}
	}
	return p.identOf(p.advance())
}

// alias parses an identifier, or a string in its place.
func (p *parser) alias() Ident {
	if p.tok.kind == tString {
		if name := p.value(p.tok); name != "" {
			return Ident{Name: name, Quoted: true, Pos: Pos(p.advance().pos)}
		}
	}
	return p.ident()
}

// oneIdent makes a name of one part, cut from a shared array.
func (p *parser) oneIdent(id Ident) ObjectName {
	if len(p.idents) == 0 {
		p.idents = make([]Ident, 16)
	}
	n := p.idents[:1:1]
	p.idents = p.idents[1:]
	n[0] = id
	return n
}

// name parses a possibly qualified name of at most three parts.
func (p *parser) name(what string) ObjectName {
	n := p.path(what)
	if len(n) > 3 {
		p.fail("Expected: " + what + " of at most three parts, found: " + n.String())
	}
	return n
}

// path parses names joined by dots.
func (p *parser) path(what string) ObjectName {
	if !p.isIdent() || p.tok.kw.class&notExpr != 0 {
		p.expected(what)
		return nil
	}
	n := p.oneIdent(p.ident())
	for p.tok.kind == tDot && p.err == nil {
		p.advance()
		n = append(n, p.ident())
	}
	return n
}

// idList parses (a, b, …) after its opening parenthesis.
func (p *parser) idList(empty bool) []Ident {
	ids := []Ident{}
	p.list(empty, func() { ids = append(ids, p.ident()) })
	return ids
}

// str parses a string literal. Where a string is the only choice, a double-quoted token is one too.
func (p *parser) str(what string) string {
	if p.tok.kind == tString || p.tok.kind == tIdent && p.lx.src[p.tok.pos] == '"' {
		return p.value(p.advance())
	}
	p.expected(what)
	return ""
}

// uint parses an unsigned integer.
func (p *parser) uint(what string) uint64 {
	if p.tok.kind == tNumber {
		if v, err := strconv.ParseUint(p.text(p.tok), 10, 64); err == nil {
			p.advance()
			return v
		}
	}
	p.expected(what)
	return 0
}

// literal cuts a literal from a shared array: one allocation serves many of them.
func (p *parser) literal(l Literal) *Literal {
	if len(p.literals) == 0 {
		p.literalSlab = max(8, min(512, 2*p.literalSlab))
		p.literals = make([]Literal, p.literalSlab)
	}
	lit := &p.literals[0]
	p.literals = p.literals[1:]
	*lit = l
	return lit
}

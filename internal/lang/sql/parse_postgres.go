package sql

import (
	"encoding/hex"
	"errors"
	"strings"
)

// Statements and forms that PostgreSQL's clients send. They are read in every dialect.

// Discard is DISCARD {ALL|PLANS|SEQUENCES|TEMP} or UNLISTEN …; What is the word after it in lower case, or "unlisten".
type Discard struct {
	Stmt
	What string
}

// Reset is RESET {name|ALL}; Name is "all" for the latter, else as in Assignment.
type Reset struct {
	Stmt
	Name string
}

// CopyStream is COPY table [(columns)] {FROM STDIN|TO STDOUT}.
type CopyStream struct {
	Stmt
	Table   ObjectName
	Columns []Ident // nil: all, in table order
	From    bool
	With    Options
}

// located is an error with the place in the text that it is about.
type located struct {
	error
	pos int
}

func (l *located) Unwrap() error { return l.error }

// ErrorPosition gives the byte offset in the parsed text at which a syntax error was seen.
func ErrorPosition(err error) (int, bool) {
	if l := (*located)(nil); errors.As(err, &l) {
		return l.pos, true
	}
	return 0, false
}

// postgresStatement parses a statement that begins with a word of PostgreSQL; nil where it does not.
func (p *parser) postgresStatement() Statement {
	head := p.stmt()
	transaction := func(k TransactionKind) Statement {
		p.advance()
		if !p.acceptKw("WORK") {
			p.acceptKw("TRANSACTION")
		}
		return &Transaction{Stmt: head, Kind: k}
	}
	switch {
	case p.word("abort"):
		return transaction(Rollback)
	case p.word("end"):
		return transaction(Commit)
	case p.word("savepoint"), p.word("release"):
		s := &Transaction{Stmt: head, Kind: Savepoint}
		if strings.EqualFold(p.text(p.advance()), "release") {
			s.Kind = ReleaseSavepoint
			if p.word("savepoint") && p.peek().kind != tSemi && p.peek().kind != tEOF {
				p.advance()
			}
		}
		p.ident()
		return s
	case p.word("discard"):
		p.advance()
		return &Discard{head, strings.ToLower(p.text(p.expectWord("ALL, PLANS, SEQUENCES or TEMP")))}
	case p.word("unlisten"):
		p.advance()
		if !p.accept(tStar) {
			p.ident()
		}
		return &Discard{head, "unlisten"}
	case p.word("reset"):
		p.advance()
		if p.acceptKws("TIME", "ZONE") {
			return &Reset{head, "time zone"}
		}
		n := []string{strings.ToLower(p.text(p.expectWord("a variable name")))}
		for p.tok.kind == tDot || p.tok.kind == tWord {
			p.accept(tDot)
			n = append(n, strings.ToLower(p.text(p.expectWord("a variable name"))))
		}
		return &Reset{head, strings.Join(n, ".")}
	}
	return nil
}

func (p *parser) expectWord(what string) token {
	if !p.isIdent() {
		p.expected(what)
		return p.tok
	}
	return p.advance()
}

// copyStream parses the rest of COPY table [(columns)] {FROM STDIN|TO STDOUT}, from the columns or the direction on; nil where it is
// another COPY.
func (p *parser) copyStream(head Stmt, table ObjectName) Statement {
	s := &CopyStream{Stmt: head, Table: table}
	if p.accept(tLParen) {
		s.Columns = p.idList(false)
	} else if next := p.peek(); !p.isAny("FROM", "TO") || next.kind != tWord {
		return nil
	}
	s.From = p.toOrFrom()
	want := "stdout"
	if s.From {
		want = "stdin"
	}
	if !p.word(want) {
		p.expected(strings.ToUpper(want))
	}
	p.advance()
	s.With = p.streamOptions()
	return s
}

// streamOptions parses the options of COPY … STDIN and STDOUT: in parentheses, or the older words one after the other.
func (p *parser) streamOptions() (with Options) {
	p.acceptKw("WITH")
	if p.accept(tLParen) {
		p.list(false, func() {
			o := Option{Pos: Pos(p.tok.pos), Key: strings.ToLower(p.text(p.tok))}
			if p.tok.kind != tWord {
				p.expected("an option")
			}
			p.advance()
			p.accept(tEq)
			switch {
			case p.tok.kind == tComma || p.tok.kind == tRParen: // HEADER alone
				o.Value, o.Bare = "true", true
			case p.tok.kind == tStar:
				p.advance()
				o.Value = "*"
			case p.tok.kind == tLParen: // a list of columns
				p.advance()
				names := p.idList(false)
				parts := make([]string, len(names))
				for i, n := range names {
					parts[i] = n.Name
				}
				o.Value = strings.Join(parts, ",")
			default:
				p.optionValue(&o)
			}
			with = append(with, o)
		})
		return with
	}
	for p.err == nil && p.tok.kind == tWord {
		o := Option{Pos: Pos(p.tok.pos), Key: strings.ToLower(p.text(p.advance()))}
		switch o.Key {
		case "csv", "binary", "text":
			o.Key, o.Value = "format", o.Key
		case "header":
			o.Value, o.Bare = "true", true
		case "delimiter", "delimiters", "null", "quote", "escape", "encoding":
			if o.Key == "delimiters" {
				o.Key = "delimiter"
			}
			if !p.acceptKw("AS") && p.word("as") {
				p.advance()
			}
			o.Value = p.str("a string")
		default:
			p.failAt(int(o.Pos), "Expected: an option of COPY, found: "+o.Key)
		}
		with = append(with, o)
	}
	return with
}

// cursorWords skips the words before CURSOR, which make no difference here: cursors are read forwards and live as long as the session.
func (p *parser) cursorWords() {
	for p.err == nil && (p.word("binary") || p.word("insensitive") || p.word("asensitive") || p.word("no") || p.word("scroll")) {
		p.advance()
	}
}

// cursorHold skips WITH HOLD and WITHOUT HOLD.
func (p *parser) cursorHold() {
	if p.isAny("WITH", "WITHOUT") {
		p.advance()
		if !p.word("hold") {
			p.expected("HOLD")
		}
		p.advance()
	}
}

// fetchCount parses how many rows FETCH is to give: nothing and NEXT are one, ALL is all.
func (p *parser) fetchCount(s *FetchCursor) {
	forward := p.word("forward") && p.peek().kind != tSemi && p.peek().kind != tEOF
	if forward {
		p.advance()
	}
	s.Count = 1
	switch {
	case p.word("next") && (p.peek().kind == tWord || p.peek().kind == tIdent):
		p.advance()
	case p.is("ALL"):
		p.advance()
		s.All, s.Count = true, 0
	case p.tok.kind == tNumber:
		s.Count = p.uint("a number of rows")
	case p.word("backward"), p.word("prior"), p.word("first"), p.word("last"), p.word("absolute"), p.word("relative"):
		if n := p.peek(); n.kind == tWord || n.kind == tNumber || n.kind == tMinus {
			p.fail("cursors are read forwards only")
		}
	}
}

// namedOperator parses OPERATOR(schema.op), which psql writes; nil where the operator binds too weakly for the context.
func (p *parser) namedOperator(left Expr, prec int, pos Pos) Expr {
	p.advance()
	p.advance()
	for p.isIdent() {
		p.advance()
		p.expect(tDot, ".")
	}
	op, _ := opOfToken(p.tok.kind)
	if op == OpInvalid {
		p.expected("an operator")
		return nil
	}
	p.advance()
	p.expect(tRParen, ")")
	return &Binary{pos, op, left, p.exprAbove(precCmp)}
}

// cast reads '\x00ff'::bytea as PostgreSQL does: it is the bytes, not what spells them. Drivers write parameters of bytes so.
func (p *parser) cast(c *Cast) Expr {
	l, ok := c.X.(*Literal)
	if !ok || p.lx.dialect != Postgres || l.Kind != LitString || !strings.EqualFold(c.Type.Name, "BYTEA") {
		return c
	}
	if digits, ok := strings.CutPrefix(l.Text, `\x`); ok {
		if b, err := hex.DecodeString(digits); err == nil {
			return p.literal(Literal{l.Pos, LitBytes, string(b)})
		}
	}
	return c
}

package sql

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// set parses SET in the forms of all three protocols.
func (p *parser) set() Statement {
	s := &Set{Stmt: p.stmt()}
	p.advance()
	if p.isAny("SESSION", "GLOBAL", "LOCAL") && p.peek().kw.text == "TRANSACTION" {
		p.advance()
	}
	if p.is("TRANSACTION") || p.is("SESSION") && p.word("session") && strings.EqualFold(p.text(p.peek()), "characteristics") {
		for p.err == nil && p.tok.kind != tEOF && p.tok.kind != tSemi {
			if p.tok.kind == tError {
				p.expected("a transaction mode")
			}
			p.advance()
		}
		return &SetTransaction{s.Stmt}
	}
	for p.err == nil {
		s.Vars = append(s.Vars, p.assignment())
		if !p.accept(tComma) {
			break
		}
	}
	return s
}

func (p *parser) assignment() Assignment {
	var a Assignment
	if p.isAny("SESSION", "GLOBAL", "LOCAL") && p.peek().kind != tEq && p.peek().kind != tDot {
		a.Scope = strings.ToLower(p.advance().kw.text)
	}
	start := p.tok.pos
	raw := func() { a.Raw = p.lx.src[start:max(start, p.prevEnd)] }
	switch {
	case p.acceptKws("TIME", "ZONE"):
		a.Name = "time zone"
		raw()
		if !p.accept(tEq) {
			p.acceptKw("TO")
		}
		a.Values = []Expr{p.setValue()}
		return a
	case p.acceptKw("NAMES"):
		a.Name = "names"
		raw()
		a.Values = []Expr{p.setValue()}
		if p.acceptKw("COLLATE") {
			a.Values = append(a.Values, p.setValue())
		}
		return a
	case p.acceptKws("CHARACTER", "SET"), p.acceptKw("CHARSET"):
		a.Name = "character set"
		raw()
		a.Values = []Expr{p.setValue()}
		return a
	}
	user := p.lx.dialect == MySQL && p.accept(tAt)
	if !user && p.accept(tAtAt) {
		if p.isAny("SESSION", "GLOBAL", "LOCAL") && p.peek().kind == tDot {
			a.Scope = strings.ToLower(p.advance().kw.text)
			p.advance()
		}
	}
	n := p.path("a variable name")
	raw()
	parts := make([]string, len(n))
	for i, id := range n {
		parts[i] = strings.ToLower(id.Name)
	}
	a.Name = strings.Join(parts, ".")
	if user {
		a.Name = "@" + a.Name
	}
	if p.accept(tColon) { // := of MySQL
		p.expect(tEq, "=")
	} else if !p.accept(tEq) && !p.acceptKw("TO") {
		p.expected("equals sign or TO")
	}
	a.Values = append(a.Values, p.setValue())
	// A list (datestyle = ISO, MDY) goes on unless the comma starts another assignment.
	for p.tok.kind == tComma && p.err == nil {
		if after := p.peek2(); after.kind == tEq || after.kw.text == "TO" || after.kind == tDot || p.peek().kind == tAtAt || p.peek().kind == tAt {
			break
		}
		if k := p.peek().kw.text; k == "SESSION" || k == "GLOBAL" || k == "LOCAL" || k == "NAMES" || k == "CHARACTER" || k == "CHARSET" || k == "TIME" {
			break
		}
		p.advance()
		a.Values = append(a.Values, p.setValue())
	}
	return a
}

// setValue parses a value of SET. A bare word, which may be a keyword such as ON or DEFAULT, becomes a ColumnRef that keeps its
// spelling.
func (p *parser) setValue() Expr {
	t := p.tok
	if t.kind == tWord && t.kw.text != "NULL" && t.kw.text != "TRUE" && t.kw.text != "FALSE" {
		switch next := p.peek(); next.kind {
		case tComma, tSemi, tEOF:
			p.advance()
			return &ColumnRef{Pos(t.pos), p.oneIdent(Ident{Name: p.text(t), Quoted: true, Pos: Pos(t.pos)})}
		case tWord:
			if next.kw.text == "COLLATE" {
				p.advance()
				return &ColumnRef{Pos(t.pos), p.oneIdent(Ident{Name: p.text(t), Quoted: true, Pos: Pos(t.pos)})}
			}
		}
	}
	if t.kind == tString { // before COLLATE can be taken for an operator
		return p.infix(p.constant(), precColl)
	}
	return p.exprAbove(precCmp) // what follows an equals sign here is no comparison
}

func (p *parser) transaction() Statement {
	s := &Transaction{Stmt: p.stmt()}
	switch p.advance().kw.text {
	case "START":
		p.expectKw("TRANSACTION")
	case "COMMIT":
		s.Kind = Commit
	case "ROLLBACK":
		s.Kind = Rollback
	}
	if !p.acceptKw("WORK") {
		p.acceptKw("TRANSACTION")
	}
	if s.Kind == Rollback && p.acceptKw("TO") {
		s.Kind = RollbackTo
		if p.word("savepoint") && p.peek().kind != tSemi && p.peek().kind != tEOF {
			p.advance()
		}
		p.ident()
	}
	// Modes make no difference: there are no transactions.
	for s.Kind == Begin && p.isAny("READ", "WRITE", "ISOLATION", "LEVEL", "ONLY", "COMMITTED", "UNCOMMITTED", "REPEATABLE", "SERIALIZABLE") {
		p.advance()
		p.accept(tComma)
	}
	return s
}

func (p *parser) kill() Statement {
	s := &Kill{Stmt: p.stmt()}
	p.advance()
	if s.Query = p.acceptKw("QUERY"); !s.Query {
		p.acceptKw("CONNECTION")
	}
	switch p.tok.kind {
	case tString:
		s.ID = p.value(p.advance())
	case tNumber:
		s.ID = p.text(p.advance())
	default:
		p.expected("process id string literal")
	}
	return s
}

func (p *parser) admin() Statement {
	s := &Admin{Stmt: p.stmt()}
	p.advance()
	start := p.tok
	if p.isIdent() && p.peek().kind == tLParen {
		if f, ok := p.nameOperand().(*FuncCall); ok && p.err == nil {
			s.Call = f
			p.checkAdminArgs(f)
			return s
		}
	}
	if p.err == nil {
		p.tok = start
		p.expected("a function call after ADMIN")
	}
	s.Call = &FuncCall{}
	return s
}

// checkAdminArgs holds ADMIN to literal arguments.
func (p *parser) checkAdminArgs(f *FuncCall) {
	for _, a := range f.Args {
		switch a.Expr.(type) {
		case *Literal, *Placeholder:
		default:
			p.invalid(errs.InvalidArguments, "Invalid SQL, error: ADMIN function %s takes literal arguments only, found: %s", f.FuncName(), Format(a.Expr))
		}
	}
}

func (p *parser) prepare() Statement {
	s := &Prepare{Stmt: p.stmt()}
	p.advance()
	s.Name = p.ident()
	if p.acceptKw("FROM") {
		s.Text = p.str("a statement in quotes")
		return s
	}
	if p.accept(tLParen) {
		p.list(false, func() { s.Types = append(s.Types, p.typeName()) })
	}
	p.expectKw("AS")
	s.Body = p.statement()
	return s
}

func (p *parser) execute() Statement {
	s := &Execute{Stmt: p.stmt()}
	p.advance()
	s.Name = p.ident()
	switch {
	case p.accept(tLParen):
		p.list(true, func() { s.Args = append(s.Args, p.expr()) })
	case p.acceptKw("USING"):
		s.Using = true
		for p.err == nil {
			s.Args = append(s.Args, p.expr())
			if !p.accept(tComma) {
				break
			}
		}
	}
	return s
}

func (p *parser) deallocate() Statement {
	s := &Deallocate{Stmt: p.stmt()}
	p.advance()
	if p.is("PREPARE") && p.peek().kind != tSemi && p.peek().kind != tEOF {
		p.advance()
	}
	if !p.acceptKw("ALL") {
		s.Name = p.ident()
	}
	return s
}

func (p *parser) declareCursor() Statement {
	s := &DeclareCursor{Stmt: p.stmt()}
	p.advance()
	s.Name = p.ident()
	p.cursorWords()
	p.expectKw("CURSOR")
	p.cursorHold()
	p.expectKw("FOR")
	if !p.startsQuery() && !p.is("TQL") && p.tok.kind != tLParen && p.err == nil {
		p.invalid(errs.InvalidSyntax, "Invalid SQL, error: Expect select query in cursor statement")
	}
	s.Body = p.queryOrTQL(false)
	return s
}

func (p *parser) fetchCursor() Statement {
	s := &FetchCursor{Stmt: p.stmt()}
	p.advance()
	p.fetchCount(s)
	if !p.acceptKw("FROM") {
		p.acceptKw("IN")
	}
	s.Name = p.ident()
	return s
}

func (p *parser) closeCursor() Statement {
	s := &CloseCursor{Stmt: p.stmt()}
	p.advance()
	if p.is("ALL") && (p.peek().kind == tSemi || p.peek().kind == tEOF) {
		p.advance()
		return s
	}
	s.Name = p.ident()
	return s
}

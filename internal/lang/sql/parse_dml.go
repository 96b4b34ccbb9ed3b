package sql

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// insert parses INSERT INTO and REPLACE INTO.
func (p *parser) insert() Statement {
	s := &Insert{Stmt: p.stmt()}
	s.Replace = p.advance().kw.text == "REPLACE"
	if !p.acceptKw("INTO") && !s.Replace {
		p.expected("INTO")
	}
	p.acceptKw("TABLE")
	s.Table = p.name("a table name")
	if p.tok.kind == tLParen {
		if next := p.peek(); next.kw.text != "SELECT" && next.kw.text != "WITH" && next.kw.text != "VALUES" && next.kind != tLParen {
			p.advance()
			s.Columns = p.idList(true)
			if len(s.Columns) == 0 {
				s.Columns = nil
			}
		}
	}
	if !p.is("VALUES") && !p.is("VALUE") {
		s.Query = p.query()
		p.insertTail()
		return s
	}
	p.advance()
	p.valueRows(func(row []Expr) {
		want := len(s.Columns)
		if want == 0 && len(s.Rows) > 0 {
			want = len(s.Rows[0])
		}
		if want > 0 && len(row) != want {
			p.invalid(errs.InvalidArguments, "Invalid SQL, error: column count mismatch, columns: %d, values: %d", want, len(row))
		}
		s.Rows = append(s.Rows, row)
	}, true)
	p.insertTail()
	return s
}

// insertTail refuses the clauses other databases have after an INSERT.
func (p *parser) insertTail() {
	if p.is("ON") || p.is("RETURNING") {
		p.unsupported(p.tok)
	}
}

func (p *parser) delete() Statement {
	s := &Delete{Stmt: p.stmt()}
	p.advance()
	p.expectKw("FROM")
	s.Table = p.name("a table name")
	if p.acceptKw("WHERE") {
		s.Where = p.expr()
	}
	return s
}

func (p *parser) truncate() Statement {
	s := &Truncate{Stmt: p.stmt()}
	p.advance()
	p.acceptKw("TABLE")
	s.Table = p.name("a table name")
	if p.acceptKws("FILE", "RANGE") {
		for p.err == nil {
			p.expect(tLParen, "(")
			r := FileRange{From: p.expr()}
			p.expect(tComma, ",")
			r.To = p.expr()
			p.expect(tRParen, ")")
			s.Ranges = append(s.Ranges, r)
			if !p.accept(tComma) || p.tok.kind != tLParen {
				break
			}
		}
	}
	return s
}

// copy parses all forms of COPY.
func (p *parser) copy() Statement {
	head := p.stmt()
	p.advance()
	if p.tok.kind == tLParen {
		return p.copyQuery(head)
	}
	if p.is("DATABASE") && p.peek().kw.text != "TO" && p.peek().kw.text != "FROM" {
		p.advance()
		s := &CopyDatabase{Stmt: head, Database: p.name("a database name")}
		s.From = p.toOrFrom()
		s.Location = p.str("a location")
		s.With, s.Connection = p.copyOptions()
		return s
	}
	s := &CopyTable{Stmt: head, Table: p.name("a table name")}
	if stream := p.copyStream(head, s.Table); stream != nil || p.err != nil {
		return stream
	}
	s.From = p.toOrFrom()
	s.Location = p.str("a location")
	s.With, s.Connection = p.copyOptions()
	if p.is("LIMIT") {
		if !s.From {
			p.fail("limit is not supported")
		}
		p.advance()
		s.Limit = p.expr()
	}
	return s
}

func (p *parser) toOrFrom() (from bool) {
	if p.acceptKw("FROM") {
		return true
	}
	if !p.acceptKw("TO") {
		p.expected("TO or FROM")
	}
	return false
}

func (p *parser) copyQuery(head Stmt) Statement {
	s := &CopyQuery{Stmt: head}
	p.advance()
	s.Body = p.queryOrTQL(true)
	p.expect(tRParen, ")")
	p.expectKw("TO")
	if p.acceptKw("STDOUT") {
		s.Stdout = true
		s.With = p.streamOptions()
		return s
	}
	s.Location = p.str("a location")
	s.With, s.Connection = p.copyOptions()
	if p.is("LIMIT") {
		p.fail("limit is not supported")
	}
	return s
}

func (p *parser) copyOptions() (with, connection Options) {
	if p.acceptKw("WITH") {
		with = p.options()
	}
	if p.acceptKw("CONNECTION") {
		connection = p.options()
	}
	return with, connection
}

// options parses (k = v, …).
func (p *parser) options() Options {
	var o Options
	p.expect(tLParen, "(")
	p.list(true, func() { o = append(o, p.option()) })
	return o
}

func (p *parser) option() Option {
	o := Option{Pos: Pos(p.tok.pos)}
	o.Key = strings.ToLower(p.alias().Name)
	p.expect(tEq, "=")
	p.optionValue(&o)
	return o
}

// optionValue parses a string, number, boolean or word as the text it is stored as.
func (p *parser) optionValue(o *Option) {
	switch t := p.tok; t.kind {
	case tString:
		o.Value = p.value(p.advance())
	case tNumber:
		o.Value, o.Bare = p.text(p.advance()), true
	case tMinus, tPlus:
		p.advance()
		if p.tok.kind != tNumber || p.prevEnd != p.tok.pos {
			p.expected("a number")
			return
		}
		o.Value, o.Bare = p.lx.src[t.pos:p.tok.end], true
		p.advance()
	case tIdent:
		o.Value = p.value(p.advance())
	case tWord:
		p.advance()
		if t.kw.text == "NULL" {
			o.Null = true
			return
		}
		o.Value = p.text(t)
		o.Bare = t.kw.text == "TRUE" || t.kw.text == "FALSE"
		if o.Bare {
			o.Value = strings.ToLower(o.Value)
		}
	default:
		p.expected("an option value")
	}
}

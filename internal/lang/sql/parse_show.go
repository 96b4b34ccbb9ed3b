package sql

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

func (p *parser) show() Statement {
	head := p.stmt()
	p.advance()
	full := p.acceptKw("FULL")
	s := &Show{Stmt: head, Full: full}
	t := p.tok
	if full && !p.isAny("DATABASES", "SCHEMAS", "TABLES", "COLUMNS", "FIELDS", "PROCESSLIST") {
		p.unsupported(t)
		return s
	}
	scope := p.isAny("SESSION", "GLOBAL", "LOCAL")
	if next := p.peek().kw.text; scope && (next == "VARIABLES" || next == "STATUS") {
		p.advance()
	}
	next := p.peek()
	switch p.tok.kw.text {
	case "DATABASES", "SCHEMAS":
		return p.showList(s, ShowDatabases)
	case "TABLES":
		return p.showList(s, ShowTables)
	case "TABLE":
		if next.kw.text == "STATUS" {
			p.advance()
			return p.showList(s, ShowTableStatus)
		}
	case "COLUMNS", "FIELDS":
		return p.showOf(s, ShowColumns)
	case "INDEX", "INDEXES", "KEYS":
		return p.showOf(s, ShowIndex)
	case "REGION", "REGIONS":
		return p.showOf(s, ShowRegion)
	case "CREATE":
		p.advance()
		return p.showCreate(head)
	case "VIEWS":
		return p.showList(s, ShowViews)
	case "FLOWS":
		return p.showList(s, ShowFlows)
	case "FLOW":
		if next.kw.text == "STATUS" {
			p.advance()
			return p.showList(s, ShowFlowStatus)
		}
	case "PROCESSLIST":
		return p.showList(s, ShowProcesslist)
	case "CHARACTER":
		if next.kw.text == "SET" {
			p.advance()
			return p.showList(s, ShowCharset)
		}
	case "CHARSET":
		return p.showList(s, ShowCharset)
	case "COLLATION":
		return p.showList(s, ShowCollation)
	case "STATUS":
		return p.showList(s, ShowStatus)
	case "WARNINGS":
		return p.showList(s, ShowWarnings)
	case "SEARCH_PATH":
		p.advance()
		s.Kind = ShowSearchPath
		return s
	case "VARIABLES":
		if !p.nameFollows(next) {
			return p.showList(s, ShowVariables)
		}
		p.advance()
		return p.showVariable(head)
	case "TRANSACTION": // SHOW TRANSACTION ISOLATION LEVEL
		if next.kw.text == "ISOLATION" {
			p.advance()
			p.advance()
			p.expectKw("LEVEL")
			return &ShowVariable{Stmt: head, Name: "transaction isolation level"}
		}
	case "TIME":
		if next.kw.text == "ZONE" {
			p.advance()
			p.advance()
			return &ShowVariable{Stmt: head, Name: "time zone"}
		}
	}
	if p.tok.kind == tWord && (p.tok.kw.text == "" || p.tok.kw.class&notExpr == 0) || p.tok.kind == tAtAt {
		return p.showVariable(head)
	}
	p.unsupported(t)
	return s
}

// nameFollows reports whether t is the name of SHOW VARIABLES name, rather than a filter or the end.
func (p *parser) nameFollows(t token) bool {
	return t.kind == tIdent || t.kind == tWord && t.kw.text != "LIKE" && t.kw.text != "WHERE" && t.kw.text != "ILIKE" || t.kind == tAtAt
}

func (p *parser) showVariable(head Stmt) Statement {
	start := p.tok.pos
	p.accept(tAtAt)
	p.path("a variable name")
	return &ShowVariable{Stmt: head, Name: p.lx.src[start:max(start, p.prevEnd)]}
}

// showList parses the tail of a SHOW that lists a database's things: [{IN|FROM} db] [LIKE|WHERE].
func (p *parser) showList(s *Show, k ShowKind) Statement {
	p.advance()
	s.Kind = k
	if p.acceptKw("IN") || p.acceptKw("FROM") {
		s.Database = p.database()
	}
	p.showFilter(s)
	return s
}

func (p *parser) database() Ident {
	if p.tok.kind == tEOF || p.tok.kind == tSemi {
		p.unexpectedToken("a database name")
		return Ident{}
	}
	n := p.path("a database name")
	if len(n) == 0 {
		return Ident{}
	}
	return n[len(n)-1]
}

// unexpectedToken stops with the form of error that SHOW and DESCRIBE have.
func (p *parser) unexpectedToken(expected string) {
	if p.err != nil {
		return
	}
	found := p.text(p.tok)
	if p.tok.kind == tEOF {
		found = "EOF"
	}
	p.invalid(errs.InvalidSyntax, "Unexpected token while parsing SQL statement, expected: '%s', found: %s", expected, found)
}

// showOf parses {IN|FROM} t [{IN|FROM} db] [LIKE|WHERE].
func (p *parser) showOf(s *Show, k ShowKind) Statement {
	p.advance()
	s.Kind = k
	if !p.acceptKw("IN") && !p.acceptKw("FROM") {
		p.unexpectedToken("{FROM | IN} table")
		return s
	}
	s.Table = p.name("a table name")
	if p.acceptKw("IN") || p.acceptKw("FROM") {
		s.Database = p.database()
	}
	p.showFilter(s)
	return s
}

func (p *parser) showFilter(s *Show) {
	switch {
	case p.acceptKw("LIKE"):
		s.HasLike, s.Like = true, p.str("a pattern")
	case p.acceptKw("WHERE"):
		s.Where = p.expr()
	}
}

func (p *parser) showCreate(head Stmt) Statement {
	s := &ShowCreate{Stmt: head}
	t := p.tok
	switch t.kw.text {
	case "TABLE":
	case "DATABASE", "SCHEMA":
		s.Kind = ObjDatabase
	case "VIEW":
		s.Kind = ObjView
	case "FLOW":
		s.Kind = ObjFlow
	default:
		p.unsupported(t)
		return s
	}
	p.advance()
	what := "a " + strings.ToLower(s.Kind.String()) + " name"
	if !p.isIdent() {
		p.unexpectedToken(what)
	}
	s.Name = p.name(what)
	if s.Kind == ObjTable && p.acceptKw("FOR") {
		s.Variant = p.ident().Name
	}
	return s
}

func (p *parser) describe() Statement {
	s := &Describe{Stmt: p.stmt()}
	p.advance()
	if p.is("TABLE") && p.peek().kind != tDot {
		p.advance()
	}
	if !p.isIdent() {
		p.unexpectedToken("a table name")
	}
	s.Table = p.name("a table name")
	return s
}

func (p *parser) use() Statement {
	s := &Use{Stmt: p.stmt()}
	p.advance()
	s.Database = p.name("a database name")
	return s
}

func (p *parser) explain() Statement {
	s := &Explain{Stmt: p.stmt()}
	p.advance()
	s.Analyze = p.acceptKw("ANALYZE")
	s.Verbose = p.acceptKw("VERBOSE")
	s.Format = p.explainFormat()
	if p.is("EXPLAIN") {
		p.expected("a statement to explain")
		return s
	}
	s.Body = p.statement()
	return s
}

func (p *parser) explainFormat() string {
	if !p.acceptKw("FORMAT") {
		return ""
	}
	t := p.tok
	f := strings.ToLower(p.alias().Name)
	switch f {
	case "text", "json", "graphviz":
		return f
	}
	if p.err == nil {
		p.failAt(t.pos, "Expected: TEXT, JSON or GRAPHVIZ after FORMAT, found: "+p.text(t))
	}
	return f
}

package sql

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// create parses what may follow CREATE.
func (p *parser) create() Statement {
	head := p.stmt()
	p.advance()
	orReplace := p.acceptKws("OR", "REPLACE")
	t := p.tok
	switch t.kw.text {
	case "VIEW":
		return p.createView(head, orReplace)
	case "FLOW":
		return p.createFlow(head, orReplace)
	}
	if !orReplace {
		switch t.kw.text {
		case "TABLE":
			return p.createTable(head, false)
		case "EXTERNAL":
			p.advance()
			return p.createTable(head, true)
		case "DATABASE", "SCHEMA":
			p.advance()
			s := &CreateDatabase{Stmt: head, IfNotExists: p.ifNotExists(), Name: p.name("a database name")}
			if p.acceptKw("WITH") {
				s.Options = p.options()
			}
			return s
		}
	}
	p.unsupported(t)
	return nil
}

// ifNotExists parses IF NOT EXISTS. IF EXISTS is refused by name, for it is a common slip.
func (p *parser) ifNotExists() bool {
	if !p.is("IF") {
		return false
	}
	switch next := p.peek(); next.kw.text {
	case "EXISTS":
		p.unsupported(next)
	case "NOT":
		p.advance()
		p.advance()
		p.expectKw("EXISTS")
		return true
	}
	return false
}

func (p *parser) ifExists() bool {
	if p.is("IF") && p.peek().kw.text == "EXISTS" {
		p.advance()
		p.advance()
		return true
	}
	return false
}

func (p *parser) createTable(head Stmt, external bool) Statement {
	p.expectKw("TABLE")
	s := &CreateTable{Stmt: head, External: external, IfNotExists: p.ifNotExists()}
	s.Name = p.name("a table name")
	if p.acceptKw("LIKE") && !external {
		return &CreateTableLike{Stmt: head, IfNotExists: s.IfNotExists, Name: s.Name, Like: p.name("a table name")}
	}
	d := definition{}
	if p.tok.kind == tLParen || !external {
		p.expect(tLParen, "(")
		p.list(external, func() { p.tableElement(s, &d) })
	}
	for p.err == nil {
		switch {
		case p.is("PARTITION") && s.Partitions == nil:
			parts := p.partitions()
			s.Partitions = &parts
			continue
		case p.is("ENGINE") && s.Engine == "":
			p.advance()
			p.expect(tEq, "=")
			s.Engine = strings.ToLower(p.alias().Name)
			continue
		case p.is("WITH"):
			p.advance()
			s.Options = append(s.Options, p.options()...)
			continue
		case p.is("COMMENT"):
			o := Option{Pos: Pos(p.advance().pos), Key: "comment"}
			p.accept(tEq)
			o.Value = p.str("a string")
			s.Options = append(s.Options, o)
			continue
		}
		break
	}
	if p.err == nil {
		if err := d.finish(s); err != nil {
			p.stop(err)
		}
	}
	return s
}

// tableElement parses a column or a table constraint.
func (p *parser) tableElement(s *CreateTable, d *definition) {
	if p.acceptKw("CONSTRAINT") {
		p.ident()
		if !p.is("PRIMARY") && !p.is("TIME") {
			p.expected("PRIMARY KEY or TIME INDEX")
		}
	}
	next := p.peek()
	switch {
	case p.is("PRIMARY") && next.kw.text == "KEY":
		p.advance()
		p.advance()
		p.expect(tLParen, "(")
		d.primaryKeys = append(d.primaryKeys, p.idList(true))
	case p.is("TIME") && next.kw.text == "INDEX":
		p.advance()
		p.advance()
		p.expect(tLParen, "(")
		ids := p.idList(true)
		if len(ids) != 1 && p.err == nil {
			p.invalid(errs.InvalidSyntax, "Invalid time index: it should contain only one column in time index")
		}
		d.timeIndexes = append(d.timeIndexes, ids...)
	default:
		c := p.columnDef()
		if c.TimeIndex {
			d.timeIndexes = append(d.timeIndexes, c.Name)
		}
		if c.PrimaryKey {
			d.inlineKeys = append(d.inlineKeys, c.Name)
		}
		c.TimeIndex, c.PrimaryKey = false, false
		s.Columns = append(s.Columns, c)
	}
}

// columnDef parses name type option….
func (p *parser) columnDef() ColumnDef {
	c := ColumnDef{Pos: Pos(p.tok.pos)}
	if p.tok.kind == tWord && p.tok.kw.class&notColumn != 0 && p.err == nil {
		p.invalid(errs.InvalidSyntax, "Invalid SQL, error: Cannot use keyword '%s' as column name. Hint: add quotes to the name.", p.text(p.tok))
	}
	c.Name = p.ident()
	c.Type = p.typeName()
	for p.err == nil && p.columnOption(&c) {
	}
	return c
}

// columnOption parses one option of a column, or reports false.
func (p *parser) columnOption(c *ColumnDef) bool {
	t := p.tok
	bad := func(reason string) {
		p.invalid(errs.InvalidArguments, "Invalid column option, column name: %s, error: %s", c.Name.Name, reason)
	}
	switch t.kw.text {
	case "CONSTRAINT":
		p.advance()
		p.ident()
		return true
	case "NULL":
		p.advance()
		c.Null = true
	case "NOT":
		p.advance()
		p.expectKw("NULL")
		c.NotNull = true
	case "DEFAULT":
		p.advance()
		c.Default = p.defaultExpr()
	case "PRIMARY":
		p.advance()
		p.expectKw("KEY")
		c.PrimaryKey = true
	case "UNIQUE":
		p.advance()
		p.acceptKw("KEY")
	case "TIME":
		p.advance()
		p.expectKw("INDEX")
		if c.TimeIndex {
			bad("duplicated time index option")
		}
		c.TimeIndex = true
	case "COMMENT":
		p.advance()
		c.Comment, c.HasComment = p.str("a string"), true
	case "CHARACTER":
		p.advance()
		p.expectKw("SET")
		p.alias()
	case "COLLATE":
		p.advance()
		p.name("a collation")
	case "INVERTED", "SKIPPING", "FULLTEXT", "VECTOR":
		ix := p.indexDef()
		for _, other := range c.Indexes {
			if other.Kind == ix.Kind {
				bad("duplicated " + ix.Kind.String() + " INDEX option")
			}
		}
		c.Indexes = append(c.Indexes, ix)
	default:
		return false
	}
	if c.Null && c.NotNull {
		bad("column can't be both NULL and NOT NULL")
	}
	return true
}

// indexKind parses {FULLTEXT|SKIPPING|INVERTED|VECTOR} INDEX.
func (p *parser) indexKind() IndexKind {
	k := InvertedIndex
	switch p.tok.kw.text {
	case "INVERTED":
	case "SKIPPING":
		k = SkippingIndex
	case "FULLTEXT":
		k = FulltextIndex
	case "VECTOR":
		k = VectorIndex
	default:
		p.expected("FULLTEXT, SKIPPING, INVERTED or VECTOR")
		return k
	}
	p.advance()
	p.expectKw("INDEX")
	return k
}

func (p *parser) indexDef() IndexDef {
	ix := IndexDef{Pos: Pos(p.tok.pos)}
	ix.Kind = p.indexKind()
	if p.acceptKw("WITH") {
		if ix.Kind == InvertedIndex {
			p.invalid(errs.InvalidSyntax, "Invalid SQL, error: INVERTED index doesn't support options")
		}
		ix.Options = p.options()
	}
	return ix
}

// defaultExpr parses a default value. It stops before NOT NULL and the other column options.
func (p *parser) defaultExpr() Expr { return p.exprAbove(precIs) }

// partitions parses PARTITION ON COLUMNS (…) (…).
func (p *parser) partitions() Partitions {
	d := Partitions{Pos: Pos(p.advance().pos)}
	p.expectKw("ON")
	p.expectKw("COLUMNS")
	p.expect(tLParen, "(")
	d.Columns = p.idList(false)
	d.Rules = p.rules()
	return d
}

// rules parses partition expressions in parentheses.
func (p *parser) rules() []Expr {
	var rules []Expr
	p.expect(tLParen, "(")
	p.list(true, func() { rules = append(rules, p.expr()) })
	return rules
}

func (p *parser) createView(head Stmt, orReplace bool) Statement {
	p.advance()
	s := &CreateView{Stmt: head, OrReplace: orReplace, IfNotExists: p.ifNotExists(), Name: p.name("a view name")}
	if p.accept(tLParen) {
		s.Columns = p.idList(false)
	}
	p.expectKw("AS")
	if orReplace && s.IfNotExists && p.err == nil {
		p.invalid(errs.InvalidArguments, "syntax error Create Or Replace and If Not Exist cannot be used together")
	}
	if !p.startsQuery() && !p.is("TQL") && p.tok.kind != tLParen && p.err == nil {
		p.invalid(errs.InvalidSyntax, "Invalid statement to create view")
	}
	s.Body = p.queryOrTQL(false)
	return s
}

func (p *parser) createFlow(head Stmt, orReplace bool) Statement {
	p.advance()
	s := &CreateFlow{Stmt: head, OrReplace: orReplace, IfNotExists: p.ifNotExists(), Name: p.name("a flow name")}
	if orReplace && s.IfNotExists && p.err == nil {
		p.invalid(errs.Unsupported, "Unsupported operation Create flow with both `IF NOT EXISTS` and `OR REPLACE`")
	}
	p.expectKw("SINK")
	p.expectKw("TO")
	s.Sink = p.name("a table name")
	if p.acceptKw("EXPIRE") {
		p.expectKw("AFTER")
		s.ExpireAfter = p.flowInterval("EXPIRE AFTER", true)
	}
	if p.acceptKws("EVAL", "INTERVAL") {
		s.EvalInterval = p.flowInterval("EVAL INTERVAL", false)
	}
	if p.acceptKw("COMMENT") {
		s.Comment, s.HasComment = p.str("a string"), true
	}
	if p.acceptKw("WITH") {
		s.Options = p.options()
	}
	p.expectKw("AS")
	if !p.startsQuery() && !p.is("TQL") && p.tok.kind != tLParen {
		p.expected("SELECT or TQL")
	}
	s.Body = p.queryOrTQL(false)
	return s
}

// flowInterval parses a length of time: text, INTERVAL text, or where seconds is true a number of seconds.
func (p *parser) flowInterval(clause string, seconds bool) Expr {
	pos := p.tok.pos
	var e Expr
	if p.tok.kind == tString {
		e = &IntervalLit{Pos: Pos(pos), Value: p.constant()}
	} else {
		e = p.exprAbove(precIs)
	}
	switch e := e.(type) {
	case *Literal:
		if seconds && e.Kind == LitInt && !strings.HasPrefix(e.Text, "-") {
			return e
		}
	case *IntervalLit:
		if l, ok := e.Value.(*Literal); ok {
			v, err := ParseInterval(l.Text, e.Unit)
			switch {
			case err != nil:
				p.stop(err)
			case v.Months != 0:
				p.invalid(errs.InvalidArguments, "Interval with months is not allowed in %s", clause)
			}
		}
		return e
	case *Cast:
		return e
	}
	if p.err == nil {
		p.failAt(pos, "Expected: an interval after "+clause+", found: "+p.lx.src[pos:max(pos, p.prevEnd)])
	}
	return e
}

package sql

import "github.com/goptimedb/goptimedb/internal/base/errs"

// query parses [WITH …] body [ORDER BY …] [LIMIT …].
func (p *parser) query() *Query {
	p.enter()
	defer p.leave()
	q := &Query{Pos: Pos(p.tok.pos)}
	if p.acceptKw("WITH") {
		p.with(q)
	}
	q.Body = p.setOps(p.queryTerm(), 0)
	return p.queryTail(q)
}

// queryAfter parses the rest of a query whose first term, in parentheses, is parsed already.
func (p *parser) queryAfter(first *Query) *Query {
	q := &Query{Pos: first.Pos}
	q.Body = p.setOps(first, 0)
	return p.queryTail(q)
}

// continuesQuery reports whether the current token can follow a query in parentheses and make it part of a larger one.
func (p *parser) continuesQuery() bool {
	return p.isAny("UNION", "EXCEPT", "INTERSECT", "MINUS", "ORDER", "LIMIT", "OFFSET", "FETCH")
}

func (p *parser) with(q *Query) {
	q.Recurse = p.acceptKw("RECURSIVE")
	for p.err == nil {
		c := CTE{Name: p.ident()}
		if p.accept(tLParen) {
			c.Columns = p.idList(false)
		}
		p.expectKw("AS")
		p.expect(tLParen, "(")
		if p.is("TQL") {
			t := p.queryOrTQL(true)
			if t, ok := t.(*TQL); ok && t.Kind != TQLEval {
				p.invalid(errs.InvalidSyntax, "Invalid SQL, error: Only TQL EVAL is supported in CTEs")
			}
			c.Body = t
		} else {
			c.Body = p.queryOrTQL(true)
		}
		p.expect(tRParen, ")")
		q.With = append(q.With, c)
		if !p.accept(tComma) {
			return
		}
	}
}

// queryTail parses ORDER BY, LIMIT, OFFSET and FETCH. A query that is nothing but another one in parentheses is that one.
func (p *parser) queryTail(q *Query) *Query {
	if p.is("ORDER") {
		q.OrderBy = p.orderBy()
	}
	for p.err == nil {
		switch {
		case q.Limit == nil && p.acceptKw("LIMIT"):
			if p.is("ALL") {
				p.advance()
				continue
			}
			q.Limit = p.expr()
			if q.Offset == nil && p.accept(tComma) { // LIMIT offset, limit
				q.Offset, q.Limit = q.Limit, p.expr()
			}
			continue
		case q.Offset == nil && p.acceptKw("OFFSET"):
			q.Offset = p.expr()
			if !p.acceptKw("ROWS") {
				p.acceptKw("ROW")
			}
			continue
		case q.Limit == nil && p.is("FETCH") && (p.peek().kw.text == "FIRST" || p.peek().kw.text == "NEXT"):
			p.advance()
			p.advance()
			if p.isAny("ROW", "ROWS") {
				q.Limit = p.literal(Literal{Pos(p.tok.pos), LitInt, "1"})
			} else {
				q.Limit = p.expr()
			}
			if !p.acceptKw("ROWS") {
				p.expectKw("ROW")
			}
			p.expectKw("ONLY")
			continue
		}
		break
	}
	if inner, ok := q.Body.(*Query); ok && q.With == nil && q.OrderBy == nil && q.Limit == nil && q.Offset == nil {
		return inner
	}
	return q
}

// setOps extends left by the set operations that bind more strongly than prec: 1 for UNION and EXCEPT, 2 for INTERSECT.
func (p *parser) setOps(left QueryBody, prec int) QueryBody {
	for p.err == nil {
		pos := Pos(p.tok.pos)
		kind, opPrec := Union, 1
		switch p.tok.kw.text {
		case "UNION":
		case "EXCEPT", "MINUS":
			kind = Except
		case "INTERSECT":
			kind, opPrec = Intersect, 2
		default:
			return left
		}
		if opPrec <= prec {
			return left
		}
		p.advance()
		p.link()
		op := &SetOp{Pos: pos, Kind: kind, L: left, All: p.acceptKw("ALL")}
		if !op.All {
			p.acceptKw("DISTINCT")
		}
		op.R = p.setOps(p.queryTerm(), opPrec)
		left = op
	}
	return left
}

// queryTerm parses a SELECT, a VALUES, or a query in parentheses.
func (p *parser) queryTerm() QueryBody {
	pos := Pos(p.tok.pos)
	switch {
	case p.is("SELECT"):
		return p.selectBody()
	case p.acceptKw("VALUES"):
		v := &Values{Pos: pos}
		p.valueRows(func(row []Expr) { v.Rows = append(v.Rows, row) }, false)
		return v
	case p.accept(tLParen):
		q := p.query()
		p.expect(tRParen, ")")
		return q
	}
	p.expected("SELECT, VALUES, or a subquery in the query body")
	return &Values{Pos: pos}
}

// valueRows parses (…), (…) and hands out each row. In an INSERT a double-quoted word is a string.
func (p *parser) valueRows(row func([]Expr), insert bool) {
	width := 4
	for p.err == nil {
		p.acceptKw("ROW") // MySQL: VALUES ROW(1, 2)
		p.expect(tLParen, "(")
		p.chain = 0
		// The values of all rows are cut from large arrays, so that a row costs a fraction of an allocation. The array
		// is out of reach while a row is parsed, for a value may hold VALUES of its own.
		free := p.exprs
		if cap(free) < width {
			p.exprSlab = max(width, min(1024, 2*p.exprSlab))
			free = make([]Expr, 0, p.exprSlab)
		}
		p.exprs = nil
		vals := free
		for !insert || p.tok.kind != tRParen {
			vals = append(vals, p.rowValue(insert))
			if !p.accept(tComma) || p.tok.kind == tRParen || p.err != nil {
				break
			}
		}
		p.expect(tRParen, ")")
		n := len(vals)
		if n <= cap(free) {
			p.exprs = free[n:n]
		}
		width = max(n, 1)
		row(vals[:n:n])
		if !p.accept(tComma) || p.tok.kind != tLParen && !p.is("ROW") {
			return
		}
	}
}

// rowValue parses one value of VALUES. Plain literals, nearly all there is in an INSERT, take the short way.
func (p *parser) rowValue(insert bool) Expr {
	switch p.tok.kind {
	case tNumber, tString:
		e := p.constant()
		if p.tok.kind == tComma || p.tok.kind == tRParen {
			return e
		}
		return p.infix(e, precLowest)
	case tIdent:
		if insert && p.lx.dialect == Greptime && p.lx.src[p.tok.pos] == '"' {
			if next := p.peek(); next.kind == tComma || next.kind == tRParen {
				t := p.advance()
				return p.literal(Literal{Pos(t.pos), LitString, p.value(t)})
			}
		}
	case tWord:
		if insert && p.is("DEFAULT") {
			return &Default{Pos(p.advance().pos)}
		}
	}
	return p.expr()
}

func (p *parser) orderBy() []OrderItem {
	p.expectKw("ORDER")
	p.expectKw("BY")
	var items []OrderItem
	for p.err == nil {
		it := OrderItem{Expr: p.expr()}
		if !p.acceptKw("ASC") {
			it.Desc = p.acceptKw("DESC")
		}
		if p.acceptKw("NULLS") {
			it.NullsGiven = true
			if it.NullsFirst = p.acceptKw("FIRST"); !it.NullsFirst {
				p.expectKw("LAST")
			}
		}
		items = append(items, it)
		if !p.accept(tComma) {
			break
		}
	}
	return items
}

// selectBody parses SELECT … up to the ALIGN clause.
func (p *parser) selectBody() *Select {
	ranges, inItem, inFrame := p.ranges, p.inItem, p.inFrame
	p.ranges, p.inItem, p.inFrame = 0, true, 0
	defer func() { p.ranges, p.inItem, p.inFrame = ranges, inItem, inFrame }()
	s := &Select{Pos: Pos(p.advance().pos)}
	if p.acceptKw("DISTINCT") {
		s.Distinct = true
		if p.is("ON") && p.peek().kind == tLParen {
			p.advance()
			p.advance()
			p.list(false, func() { s.DistinctOn = append(s.DistinctOn, p.expr()) })
		}
	} else {
		p.acceptKw("ALL")
	}
	p.selectItems(s)
	p.inItem = false
	if p.acceptKw("FROM") {
		for p.err == nil {
			s.From = append(s.From, p.tableExpr())
			if !p.accept(tComma) {
				break
			}
		}
	}
	if p.is("ALIGN") || p.is("FILL") {
		p.align(s)
	}
	if p.acceptKw("WHERE") {
		s.Where = p.expr()
	}
	if p.acceptKws("GROUP", "BY") {
		p.groupBy(s)
	}
	if p.acceptKw("HAVING") {
		s.Having = p.expr()
	}
	if p.acceptKw("WINDOW") {
		p.windows(s)
	}
	if p.acceptKw("QUALIFY") {
		s.Qualify = p.expr()
		if s.Windows == nil && p.acceptKw("WINDOW") {
			p.windows(s)
		}
	}
	p.align(s)
	p.checkRange(s)
	return s
}

func (p *parser) selectItems(s *Select) {
	for p.err == nil {
		var it SelectItem
		if p.tok.kind == tStar {
			it.Expr = p.starTail(&Star{Pos: Pos(p.advance().pos)})
		} else {
			it.Expr = p.expr()
		}
		switch {
		case p.acceptKw("AS"):
			it.Alias = p.alias()
		case p.tok.kind == tIdent, p.tok.kind == tWord && p.tok.kw.class&(notExpr|notAlias) == 0:
			it.Alias = p.ident()
		}
		s.Items = append(s.Items, it)
		if !p.accept(tComma) || p.isAny("FROM", "WHERE") || p.tok.kind == tEOF || p.tok.kind == tSemi || p.tok.kind == tRParen {
			return
		}
	}
}

func (p *parser) windows(s *Select) {
	for p.err == nil {
		w := NamedWindow{Name: p.ident()}
		p.expectKw("AS")
		pos := Pos(p.tok.pos)
		p.expect(tLParen, "(")
		w.Spec = p.windowSpec(pos)
		s.Windows = append(s.Windows, w)
		if !p.accept(tComma) {
			return
		}
	}
}

func (p *parser) groupBy(s *Select) {
	if p.is("ALL") {
		switch p.peek().kind {
		case tComma, tLParen, tDot:
		default:
			p.advance()
			s.GroupAll = true
			return
		}
	}
	for p.err == nil {
		s.GroupBy = append(s.GroupBy, p.groupItem())
		if !p.accept(tComma) {
			return
		}
	}
}

func (p *parser) groupItem() Expr {
	pos := Pos(p.tok.pos)
	g := &Grouping{Pos: pos}
	switch {
	case p.acceptKws("GROUPING", "SETS"):
		p.expect(tLParen, "(")
	case p.is("ROLLUP") && p.peek().kind == tLParen:
		g.Kind = Rollup
		p.advance()
		p.advance()
	case p.is("CUBE") && p.peek().kind == tLParen:
		g.Kind = Cube
		p.advance()
		p.advance()
	default:
		return p.expr()
	}
	p.list(false, func() {
		if p.tok.kind == tLParen && p.peek().kind == tRParen {
			p.advance()
			p.advance()
			g.Sets = append(g.Sets, []Expr{})
			return
		}
		e := p.expr()
		if r, ok := e.(*Row); ok {
			g.Sets = append(g.Sets, r.Elems)
			return
		}
		g.Sets = append(g.Sets, []Expr{e})
	})
	return g
}

// FROM.

// tableExpr parses an item of FROM with its joins.
func (p *parser) tableExpr() TableExpr {
	p.enter()
	defer p.leave()
	return p.joins(p.tablePrimary())
}

func (p *parser) joins(left TableExpr) TableExpr {
	for p.err == nil {
		j := &Join{Pos: Pos(p.tok.pos), L: left}
		start := p.tok
		j.Natural = p.acceptKw("NATURAL")
		switch p.tok.kw.text {
		case "JOIN":
		case "INNER":
			p.advance()
		case "CROSS":
			p.advance()
			j.Kind = CrossJoin
		case "LEFT":
			p.advance()
			j.Kind = p.sideJoin(LeftJoin, LeftSemiJoin, LeftAntiJoin)
		case "RIGHT":
			p.advance()
			j.Kind = p.sideJoin(RightJoin, RightSemiJoin, RightAntiJoin)
		case "FULL":
			p.advance()
			p.acceptKw("OUTER")
			j.Kind = FullJoin
		case "SEMI":
			p.advance()
			j.Kind = LeftSemiJoin
		case "ANTI":
			p.advance()
			j.Kind = LeftAntiJoin
		case "ASOF":
			p.unsupported(start)
			return left
		default:
			if j.Natural {
				p.expected("a join type after NATURAL")
			}
			return left
		}
		p.expectKw("JOIN")
		p.link()
		j.R = p.tablePrimary()
		switch {
		case j.Natural || j.Kind == CrossJoin:
		case p.acceptKw("ON"):
			j.On = p.expr()
		case p.acceptKw("USING"):
			p.expect(tLParen, "(")
			j.Using = p.idList(false)
		case p.startsJoin():
			// a JOIN b JOIN c ON … ON …: the inner join comes first.
			j.R = p.joins(j.R)
			if p.acceptKw("ON") {
				j.On = p.expr()
			} else if p.acceptKw("USING") {
				p.expect(tLParen, "(")
				j.Using = p.idList(false)
			}
		}
		left = j
	}
	return left
}

func (p *parser) startsJoin() bool {
	return p.isAny("JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "SEMI", "ANTI")
}

func (p *parser) sideJoin(outer, semi, anti JoinKind) JoinKind {
	switch {
	case p.acceptKw("SEMI"):
		return semi
	case p.acceptKw("ANTI"):
		return anti
	}
	p.acceptKw("OUTER")
	return outer
}

func (p *parser) tablePrimary() TableExpr {
	pos := Pos(p.tok.pos)
	lateral := p.acceptKw("LATERAL")
	if p.accept(tLParen) {
		return p.tableParen(pos, lateral)
	}
	if p.is("TABLE") && p.peek().kind == tLParen { // TABLE(f(x))
		p.advance()
		p.advance()
		t := p.tablePrimary()
		if f, ok := t.(*TableFunc); !ok || f.Alias != nil {
			p.expected("a table function")
		}
		p.expect(tRParen, ")")
		if f, ok := t.(*TableFunc); ok {
			f.Alias = p.tableAlias()
		}
		return t
	}
	if p.startsQuery() && !p.is("VALUES") {
		p.expected("identifier")
	}
	name := p.name("identifier")
	if p.tok.kind == tLParen && p.err == nil {
		f := &TableFunc{Pos: pos, Lateral: lateral}
		call := p.call(name)
		f.Call, _ = call.(*FuncCall)
		f.Ordinal = p.acceptKws("WITH", "ORDINALITY")
		f.Alias = p.tableAlias()
		return f
	}
	if lateral {
		p.expected("a subquery or a function after LATERAL")
	}
	return &TableRef{Pos: pos, Name: name, Alias: p.tableAlias()}
}

// tableParen parses (query) or (join) after the opening parenthesis.
func (p *parser) tableParen(pos Pos, lateral bool) TableExpr {
	if p.startsQuery() {
		return p.derived(pos, lateral, p.query())
	}
	t := p.tableExpr()
	// ((SELECT …) UNION …): what looked like a table was the first term of a query.
	if d, ok := t.(*Derived); ok && d.Alias == nil && !d.Lateral {
		if p.continuesQuery() {
			return p.derived(pos, lateral, p.queryAfter(d.Query))
		}
		if p.tok.kind == tRParen {
			return p.derived(pos, lateral, d.Query)
		}
	}
	p.expect(tRParen, ")")
	if lateral {
		p.expected("a subquery after LATERAL")
	}
	if a := p.tableAlias(); a != nil {
		return &Nested{pos, t, a}
	}
	return t
}

func (p *parser) derived(pos Pos, lateral bool, q *Query) TableExpr {
	p.expect(tRParen, ")")
	return &Derived{pos, lateral, q, p.tableAlias()}
}

func (p *parser) tableAlias() *Alias {
	if !p.acceptKw("AS") {
		if p.tok.kind != tIdent && (p.tok.kind != tWord || p.tok.kw.class&(notExpr|notTableAlias) != 0) {
			return nil
		}
	}
	a := &Alias{Name: p.alias()}
	if p.accept(tLParen) {
		a.Columns = p.idList(false)
	}
	return a
}

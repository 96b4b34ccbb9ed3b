package sql

import "strings"

// wordOperand parses an operand that starts with an unquoted word: a constant, a special form, or a name.
func (p *parser) wordOperand() Expr {
	t := p.tok
	pos := Pos(t.pos)
	if t.kw.text == "" {
		return p.nameOperand()
	}
	next := p.peek()
	switch t.kw.text {
	case "NULL":
		p.advance()
		return p.literal(Literal{pos, LitNull, ""})
	case "TRUE", "FALSE":
		p.advance()
		if t.kw.text == "TRUE" {
			return p.literal(Literal{pos, LitBool, "true"})
		}
		return p.literal(Literal{pos, LitBool, "false"})
	case "NOT":
		p.advance()
		return &Unary{pos, OpNot, p.exprAbove(precNot)}
	case "EXISTS":
		if next.kind == tLParen {
			p.advance()
			p.advance()
			e := &Exists{pos, p.query()}
			p.expect(tRParen, ")")
			return e
		}
	case "CASE":
		return p.caseExpr()
	case "CAST", "TRY_CAST", "SAFE_CAST":
		if next.kind == tLParen {
			return p.castCall()
		}
	case "INTERVAL":
		switch next.kind {
		case tString, tNumber, tLParen, tMinus, tParam:
			p.advance()
			return p.interval(pos)
		case tIdent: // "1 day" in place of '1 day'
			if p.lx.src[next.pos] == '"' {
				p.advance()
				return p.interval(pos)
			}
		}
	case "DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "DATETIME", "JSON":
		if next.kind == tString {
			ty := &TypeName{Pos: pos, Name: t.kw.text}
			p.advance()
			return &TypedLit{pos, ty, p.value(p.advance())}
		}
		if next.kw.text == "WITH" || next.kw.text == "WITHOUT" {
			ty := p.typeName()
			return &TypedLit{pos, ty, p.str("a string")}
		}
	case "MAP":
		if next.kind == tLBrace {
			return p.mapLit()
		}
	case "ARRAY":
		if next.kind == tLBracket {
			p.advance()
			p.advance()
			return p.array(pos)
		}
	case "ROW":
		if next.kind == tLParen {
			p.advance()
			p.advance()
			r := &Row{Pos: pos}
			p.list(true, func() { r.Elems = append(r.Elems, p.expr()) })
			return r
		}
	case "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_USER", "SESSION_USER",
		"CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_ROLE":
		if next.kind != tLParen && next.kind != tDot {
			return &FuncCall{Pos: pos, Name: p.oneIdent(p.identOf(p.advance()))}
		}
	case "EXTRACT", "POSITION", "SUBSTRING", "TRIM", "OVERLAY", "CEIL", "FLOOR":
		if next.kind == tLParen {
			return p.specialCall()
		}
	}
	reserved := t.kw.class&notExpr != 0 && next.kind != tLParen
	switch t.kw.text {
	case "SELECT", "FROM", "VALUES", "WITH":
		reserved = true
	}
	if reserved {
		p.expected("an expression")
		return nil
	}
	return p.nameOperand()
}

// nameOperand parses a column name, t.*, or a call.
func (p *parser) nameOperand() Expr {
	t := p.advance()
	name := p.oneIdent(p.identOf(t))
	for p.tok.kind == tDot && p.err == nil {
		p.advance()
		if p.tok.kind == tStar {
			p.advance()
			return p.starTail(&Star{Pos: Pos(t.pos), Qualifier: name})
		}
		name = append(name, p.ident())
	}
	if p.tok.kind == tLParen {
		return p.fields(p.call(name))
	}
	return &ColumnRef{Pos(t.pos), name}
}

// starTail parses EXCEPT (…) and REPLACE (…) after a star.
func (p *parser) starTail(s *Star) Expr {
	if p.isAny("EXCEPT", "EXCLUDE") {
		next, after := p.peek(), p.peek2()
		switch {
		case next.kind == tLParen && after.kind != tLParen && after.kw.text != "SELECT" && after.kw.text != "VALUES" && after.kw.text != "WITH":
			p.advance()
			p.advance()
			s.Except = p.idList(false)
		case p.is("EXCLUDE") && (next.kind == tIdent || next.kind == tWord):
			p.advance()
			s.Except = []Ident{p.ident()}
		}
	}
	if p.is("REPLACE") && p.peek().kind == tLParen {
		p.advance()
		p.advance()
		p.list(false, func() {
			it := SelectItem{Expr: p.expr()}
			p.acceptKw("AS")
			it.Alias = p.ident()
			s.Replace = append(s.Replace, it)
		})
	}
	return s
}

// call parses the parenthesis of a function call and what may follow it.
func (p *parser) call(name ObjectName) Expr {
	f := &FuncCall{Pos: name[0].Pos, Name: name}
	p.advance()
	switch {
	case p.acceptKw("DISTINCT"):
		f.Distinct = true
	case p.is("ALL") && p.peek().kind != tRParen && p.peek().kind != tComma:
		p.advance()
	}
	if !p.accept(tRParen) {
		for p.err == nil {
			f.Args = append(f.Args, p.arg())
			if !p.accept(tComma) || p.tok.kind == tRParen {
				break
			}
		}
		f.Nulls = p.nullTreatment(f.Nulls)
		if p.is("ORDER") {
			f.OrderBy = p.orderBy()
		}
		f.Nulls = p.nullTreatment(f.Nulls)
		p.expect(tRParen, ")")
	}
	return p.callTail(f)
}

// callTail parses WITHIN GROUP, FILTER, IGNORE NULLS and OVER after a call.
func (p *parser) callTail(f *FuncCall) Expr {
	if p.acceptKws("WITHIN", "GROUP") {
		p.expect(tLParen, "(")
		f.WithinGroup = p.orderBy()
		p.expect(tRParen, ")")
	}
	if p.is("FILTER") && p.peek().kind == tLParen {
		p.advance()
		p.advance()
		p.expectKw("WHERE")
		f.Filter = p.expr()
		p.expect(tRParen, ")")
	}
	f.Nulls = p.nullTreatment(f.Nulls)
	if p.acceptKw("OVER") {
		pos := Pos(p.tok.pos)
		if p.accept(tLParen) {
			f.Over = p.windowSpec(pos)
		} else {
			f.Over = &WindowSpec{Pos: pos, Base: p.ident(), Ref: true}
		}
	}
	return f
}

func (p *parser) nullTreatment(n NullTreatment) NullTreatment {
	switch {
	case p.acceptKws("IGNORE", "NULLS"):
		return NullsIgnored
	case p.acceptKws("RESPECT", "NULLS"):
		return NullsRespected
	}
	return n
}

// arg parses an argument of a call.
func (p *parser) arg() Arg {
	if p.tok.kind == tStar {
		return Arg{Expr: p.starTail(&Star{Pos: Pos(p.advance().pos)})}
	}
	if p.isIdent() && p.peek().kind == tFatArrow {
		name := p.ident()
		p.advance()
		return Arg{Name: name, Expr: p.expr()}
	}
	if p.startsQuery() {
		pos := Pos(p.tok.pos)
		return Arg{Expr: &Subquery{pos, p.query()}}
	}
	return Arg{Expr: p.expr()}
}

// callOf makes a plain call of a built-in function.
func (p *parser) callOf(pos Pos, name string, args ...Expr) Expr {
	f := &FuncCall{Pos: pos, Name: p.oneIdent(Ident{Name: name, Pos: pos})}
	for _, a := range args {
		f.Args = append(f.Args, Arg{Expr: a})
	}
	p.expect(tRParen, ")")
	return f
}

// specialCall parses the calls that have a syntax of their own, and their plain forms.
func (p *parser) specialCall() Expr {
	t := p.tok
	pos := Pos(t.pos)
	name := strings.ToLower(t.kw.text)
	// These start like a call; only what follows the first argument tells.
	switch t.kw.text {
	case "EXTRACT":
		p.advance()
		p.advance()
		e := &Extract{Pos: pos}
		if p.tok.kind == tString {
			e.Field = strings.ToUpper(p.value(p.advance()))
		} else {
			e.Field = strings.ToUpper(p.ident().Name)
		}
		p.expectKw("FROM")
		e.X = p.expr()
		p.expect(tRParen, ")")
		return e
	case "POSITION":
		p.advance()
		p.advance()
		needle := p.exprAbove(precCmp)
		if p.acceptKw("IN") {
			return p.callOf(pos, "strpos", p.expr(), needle)
		}
		return p.plainTail(pos, name, p.infix(needle, precLowest))
	case "TRIM":
		p.advance()
		p.advance()
		side := "btrim"
		switch {
		case p.acceptKw("BOTH"):
		case p.acceptKw("LEADING"):
			side = "ltrim"
		case p.acceptKw("TRAILING"):
			side = "rtrim"
		default:
			first := p.expr()
			if p.acceptKw("FROM") {
				return p.callOf(pos, side, p.expr(), first)
			}
			return p.plainTail(pos, name, first)
		}
		if p.acceptKw("FROM") {
			return p.callOf(pos, side, p.expr())
		}
		what := p.expr()
		if p.acceptKw("FROM") {
			return p.callOf(pos, side, p.expr(), what)
		}
		return p.callOf(pos, side, what)
	case "SUBSTRING":
		p.advance()
		p.advance()
		args := []Expr{p.expr()}
		if !p.isAny("FROM", "FOR") {
			return p.plainTail(pos, name, args[0])
		}
		if p.acceptKw("FROM") {
			args = append(args, p.expr())
		} else {
			args = append(args, p.literal(Literal{pos, LitInt, "1"}))
		}
		if p.acceptKw("FOR") {
			args = append(args, p.expr())
		}
		return p.callOf(pos, name, args...)
	case "OVERLAY":
		p.advance()
		p.advance()
		args := []Expr{p.expr()}
		if !p.acceptKw("PLACING") {
			return p.plainTail(pos, name, args[0])
		}
		args = append(args, p.expr())
		p.expectKw("FROM")
		args = append(args, p.expr())
		if p.acceptKw("FOR") {
			args = append(args, p.expr())
		}
		return p.callOf(pos, name, args...)
	}
	// CEIL(x TO unit) and FLOOR(x TO unit)
	p.advance()
	p.advance()
	x := p.expr()
	if p.acceptKw("TO") {
		unit := strings.ToLower(p.ident().Name)
		if t.kw.text == "CEIL" {
			p.fail("CEIL(… TO unit) is not supported")
		}
		return p.callOf(pos, "date_trunc", p.literal(Literal{pos, LitString, unit}), x)
	}
	return p.plainTail(pos, name, x)
}

// plainTail parses the rest of an ordinary call whose first argument is parsed already.
func (p *parser) plainTail(pos Pos, name string, first Expr) Expr {
	f := &FuncCall{Pos: pos, Name: p.oneIdent(Ident{Name: name, Pos: pos}), Args: []Arg{{Expr: first}}}
	for p.accept(tComma) && p.tok.kind != tRParen && p.err == nil {
		f.Args = append(f.Args, p.arg())
	}
	p.expect(tRParen, ")")
	return p.fields(p.callTail(f))
}

func (p *parser) caseExpr() Expr {
	c := &Case{Pos: Pos(p.advance().pos)}
	if !p.is("WHEN") {
		c.Operand = p.expr()
	}
	if !p.is("WHEN") {
		p.expected("WHEN")
	}
	for p.acceptKw("WHEN") {
		w := When{Cond: p.expr()}
		p.expectKw("THEN")
		w.Then = p.expr()
		c.Whens = append(c.Whens, w)
	}
	if p.acceptKw("ELSE") {
		c.Else = p.expr()
	}
	p.expectKw("END")
	return c
}

func (p *parser) castCall() Expr {
	t := p.advance()
	p.advance()
	c := &Cast{Pos: Pos(t.pos), Try: t.kw.text != "CAST", X: p.expr()}
	p.expectKw("AS")
	c.Type = p.typeName()
	p.expect(tRParen, ")")
	return p.fields(p.cast(c))
}

// interval parses what follows INTERVAL.
func (p *parser) interval(pos Pos) Expr {
	i := &IntervalLit{Pos: pos}
	switch p.tok.kind {
	case tIdent:
		t := p.advance()
		i.Value = p.literal(Literal{Pos(t.pos), LitString, p.value(t)})
	case tString, tNumber, tParam:
		i.Value = p.constant()
	case tMinus:
		at := Pos(p.advance().pos)
		if p.tok.kind != tNumber {
			p.expected("a number")
			return i
		}
		l := p.constant().(*Literal)
		l.Pos, l.Text = at, "-"+l.Text
		i.Value = l
	default:
		p.enter()
		i.Value = p.paren()
		p.leave()
	}
	if intervalUnit(p.tok.kw.text) != 0 {
		i.Unit = p.advance().kw.text
		if p.is("TO") && intervalUnit(p.peek().kw.text) != 0 {
			p.advance()
			i.To = p.advance().kw.text
		}
	}
	if l, ok := i.Value.(*Literal); i.Unit == "" && !(ok && l.Kind == LitString) && p.err == nil {
		if _, ok := i.Value.(*Placeholder); !ok {
			p.expected("an interval unit")
		}
	}
	return i
}

// windowSpec parses a window after its opening parenthesis.
func (p *parser) windowSpec(pos Pos) *WindowSpec {
	p.inFrame++
	defer func() { p.inFrame-- }()
	w := &WindowSpec{Pos: pos}
	if p.isIdent() && !p.isAny("PARTITION", "ORDER", "ROWS", "RANGE", "GROUPS") {
		w.Base = p.ident()
	}
	if p.acceptKws("PARTITION", "BY") {
		for {
			w.PartitionBy = append(w.PartitionBy, p.expr())
			if !p.accept(tComma) || p.err != nil {
				break
			}
		}
	}
	if p.is("ORDER") {
		w.OrderBy = p.orderBy()
	}
	if p.isAny("ROWS", "RANGE", "GROUPS") {
		f := &Frame{}
		switch p.advance().kw.text {
		case "RANGE":
			f.Unit = FrameRange
		case "GROUPS":
			f.Unit = FrameGroups
		}
		if p.acceptKw("BETWEEN") {
			f.Start = p.bound()
			p.expectKw("AND")
			f.End = p.bound()
		} else {
			f.Start = p.bound()
			f.End = Bound{Kind: CurrentRow}
		}
		w.Frame = f
	}
	p.expect(tRParen, ")")
	return w
}

func (p *parser) bound() Bound {
	switch {
	case p.acceptKws("CURRENT", "ROW"):
		return Bound{Kind: CurrentRow}
	case p.acceptKws("UNBOUNDED", "PRECEDING"):
		return Bound{Kind: UnboundedPreceding}
	case p.acceptKws("UNBOUNDED", "FOLLOWING"):
		return Bound{Kind: UnboundedFollowing}
	}
	b := Bound{Kind: Preceding, N: p.exprAbove(precAnd)}
	if p.acceptKw("FOLLOWING") {
		b.Kind = Following
	} else {
		p.expectKw("PRECEDING")
	}
	return b
}

package sql

import "strings"

// rangeSuffix parses the RANGE and FILL that may follow an operand. They bind more tightly than any operator, so that
// 2 * min(v) RANGE '5m' ranges over min(v) alone.
func (p *parser) rangeSuffix(x Expr) Expr {
	if p.tok.kind != tWord || p.err != nil {
		return x
	}
	if p.inItem && p.is("FILL") && p.startsFill() {
		p.fail("Detect FILL keyword in SELECT Expr, but no RANGE given or RANGE after FILL")
		return x
	}
	if !p.is("RANGE") || p.inFrame > 0 {
		return x
	}
	switch p.peek().kind {
	case tString, tLParen:
	case tIdent: // a duration between the other quotes
	default:
		return x
	}
	if !hasCall(x) {
		p.fail("Can't use the RANGE keyword in Expr " + Format(x) + " without function")
		return x
	}
	r := &RangeExpr{Pos: Pos(p.advance().pos), X: x}
	r.Dur = p.duration()
	if p.is("FILL") {
		r.Fill = p.fill()
	}
	if p.is("FILL") {
		p.fail("Duplicate FILL keyword detected in SELECT clause.")
	}
	if p.is("RANGE") {
		p.fail("Duplicate RANGE keyword detected in SELECT clause.")
	}
	p.ranges++
	return r
}

// startsFill reports whether FILL is followed by what it fills with, rather than being a name.
func (p *parser) startsFill() bool {
	next := p.peek()
	switch next.kind {
	case tNumber, tString:
		return true
	}
	return next.kw.text == "NULL" || next.kw.text == "PREV" || next.kw.text == "LINEAR"
}

// hasCall reports whether e calls a function: RANGE needs something to aggregate.
func hasCall(e Expr) bool {
	found := false
	Walk(e, func(n Node) bool {
		switch n.(type) {
		case *FuncCall:
			found = true
		case *Query:
			return false
		}
		return !found
	})
	return found
}

// duration parses PromQL duration text or a parenthesised interval expression.
func (p *parser) duration() Duration {
	d := Duration{Pos: Pos(p.tok.pos)}
	if p.accept(tLParen) {
		d.Expr = p.expr()
		p.expect(tRParen, ")")
		return d
	}
	d.Text = p.str("a duration")
	if p.err != nil {
		return d
	}
	ms, err := ParseDuration(d.Text)
	if err != nil {
		p.fail(err.Error())
	}
	d.Millis = ms
	return d
}

func (p *parser) fill() *Fill {
	f := &Fill{Pos: Pos(p.advance().pos), Kind: FillConst}
	switch t := p.tok; {
	case p.acceptKw("NULL"):
		f.Kind = FillNull
	case p.acceptKw("PREV"):
		f.Kind = FillPrev
	case p.acceptKw("LINEAR"):
		f.Kind = FillLinear
	case t.kind == tMinus, t.kind == tNumber:
		neg := p.accept(tMinus)
		if p.tok.kind != tNumber {
			p.expected("a fill value")
			return f
		}
		f.Const = p.constant().(*Literal)
		if neg {
			f.Const.Text = "-" + f.Const.Text
			f.Const.Pos = Pos(t.pos)
		}
	case t.kind == tString:
		switch v := p.value(t); strings.ToUpper(v) {
		case "NULL":
			f.Kind = FillNull
		case "PREV":
			f.Kind = FillPrev
		case "LINEAR":
			f.Kind = FillLinear
		default:
			f.Const = p.literal(Literal{Pos(t.pos), LitString, v})
		}
		p.advance()
	case p.isAny("TRUE", "FALSE"):
		f.Const = p.literal(Literal{Pos(t.pos), LitBool, strings.ToLower(p.advance().kw.text)})
	default:
		p.expected("NULL, PREV, LINEAR or a constant after FILL")
	}
	return f
}

// align parses ALIGN … [TO …] [BY (…)] and FILL, in either order.
func (p *parser) align(s *Select) {
	var fill *Fill
	for p.err == nil {
		switch {
		case p.is("ALIGN"):
			if s.Align != nil {
				p.fail("Duplicate ALIGN keyword detected in SELECT clause.")
				return
			}
			a := &Align{Pos: Pos(p.advance().pos)}
			a.Every = p.duration()
			if p.acceptKw("TO") {
				a.To = p.alignOrigin()
			}
			if p.acceptKw("BY") {
				a.HasBy = true
				p.expect(tLParen, "(")
				p.list(true, func() { a.By = append(a.By, p.expr()) })
			}
			s.Align = a
		case p.is("FILL"):
			if fill != nil || s.Align != nil && s.Align.Fill != nil {
				p.fail("Duplicate FILL keyword detected in SELECT clause.")
				return
			}
			fill = p.fill()
		default:
			switch {
			case fill == nil:
			case s.Align == nil:
				p.fail("ALIGN argument cannot be omitted in the range select query")
			default:
				s.Align.Fill = fill
			}
			return
		}
	}
}

func (p *parser) alignOrigin() Expr {
	t := p.tok
	switch {
	case t.kind == tLParen:
		p.advance()
		e := p.expr()
		p.expect(tRParen, ")")
		return e
	case t.kind == tString || t.kind == tIdent && p.lx.src[t.pos] == '"':
		return p.literal(Literal{Pos(t.pos), LitString, p.value(p.advance())})
	case t.kind == tWord:
		return &ColumnRef{Pos(t.pos), p.oneIdent(p.ident())}
	}
	p.expected("NOW, CALENDAR, a timestamp or an expression in parentheses after TO")
	return nil
}

// checkRange holds a SELECT to the rules of range queries that need no names to be known.
func (p *parser) checkRange(s *Select) {
	switch {
	case p.err != nil:
	case s.Align == nil && p.ranges > 0:
		p.fail("ALIGN argument cannot be omitted in the range select query")
	case s.Align == nil:
	case p.ranges == 0:
		p.fail("Illegal Range select, no RANGE keyword found in any SelectItem")
	default:
		for _, it := range s.Items {
			if _, ok := it.Expr.(*Star); ok {
				p.fail("Wildcard `*` is not allowed in range select query")
			}
		}
	}
}

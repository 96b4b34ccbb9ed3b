package sql

import "strings"

// Binding strengths, weakest first. An infix operator is taken while it binds more strongly than the context asks for.
const (
	precLowest = 0
	precOr     = 5
	precXor    = 7
	precAnd    = 10
	precNot    = 15
	precIs     = 17
	precOther  = 18 // @@ and the arrows
	precLike   = 19
	precCmp    = 20 // also BETWEEN and IN
	precPipe   = 21
	precCaret  = 22 // also # << >>
	precAmp    = 23
	precAdd    = 30
	precMul    = 40 // also ||
	precSign   = 41 // unary - + ~, and negative numbers
	precAt     = 42
	precColl   = 43
	precPost   = 50 // :: and [ ]
	precPrim   = 60
)

// opOfToken is the binary operator a token spells, with its strength.
func opOfToken(k kind) (Op, int) {
	switch k {
	case tEq:
		return OpEq, precCmp
	case tNe:
		return OpNe, precCmp
	case tLt:
		return OpLt, precCmp
	case tLe:
		return OpLe, precCmp
	case tGt:
		return OpGt, precCmp
	case tGe:
		return OpGe, precCmp
	case tTilde:
		return OpRegex, precCmp
	case tTildeStar:
		return OpRegexI, precCmp
	case tNotTilde:
		return OpNotRegex, precCmp
	case tNotTildeStar:
		return OpNotRegexI, precCmp
	case tAtAt:
		return OpMatches, precOther
	case tAtGt:
		return OpContains, precOther
	case tLtAt:
		return OpContained, precOther
	case tArrow:
		return OpArrow, precOther
	case tLongArrow:
		return OpLongArrow, precOther
	case tPipe:
		return OpBitOr, precPipe
	case tCaret:
		return OpCaret, precCaret
	case tHash:
		return OpHash, precCaret
	case tShl:
		return OpShiftLeft, precCaret
	case tShr:
		return OpShiftRight, precCaret
	case tAmp:
		return OpBitAnd, precAmp
	case tPlus:
		return OpAdd, precAdd
	case tMinus:
		return OpSub, precAdd
	case tStar:
		return OpMul, precMul
	case tSlash:
		return OpDiv, precMul
	case tPercent:
		return OpMod, precMul
	case tConcat:
		return OpConcat, precMul
	}
	return OpInvalid, 0
}

// precOfOp is the strength of a binary operator.
func precOfOp(o Op) int {
	switch o {
	case OpOr:
		return precOr
	case OpXor:
		return precXor
	case OpAnd:
		return precAnd
	case OpMatches, OpContains, OpContained, OpArrow, OpLongArrow:
		return precOther
	case OpBitOr:
		return precPipe
	case OpCaret, OpHash, OpShiftLeft, OpShiftRight:
		return precCaret
	case OpBitAnd:
		return precAmp
	case OpAdd, OpSub:
		return precAdd
	case OpMul, OpDiv, OpMod, OpIntDiv, OpConcat:
		return precMul
	}
	return precCmp
}

// expr parses an expression.
func (p *parser) expr() Expr { return p.exprAbove(precLowest) }

// exprAbove parses an expression of operators that bind more strongly than prec.
func (p *parser) exprAbove(prec int) Expr {
	p.enter()
	defer p.leave()
	return p.infix(p.prefix(), prec)
}

// infix extends left by the operators that follow it and bind more strongly than prec.
func (p *parser) infix(left Expr, prec int) Expr {
	for p.err == nil {
		pos := Pos(p.tok.pos)
		if p.tok.kind == tWord {
			next := p.infixWord(left, prec, pos)
			if next == nil {
				return left
			}
			p.link()
			left = next
			continue
		}
		op, opPrec := opOfToken(p.tok.kind)
		switch {
		case op != OpInvalid:
			if opPrec <= prec {
				return left
			}
			p.advance()
			p.link()
			if p.isAny("ANY", "SOME", "ALL") && p.peek().kind == tLParen {
				left = p.quantified(left, op, pos)
				continue
			}
			left = &Binary{pos, op, left, p.exprAbove(opPrec)}
		case p.tok.kind == tNullEq:
			if precIs <= prec {
				return left
			}
			p.advance()
			p.link()
			left = &IsDistinct{pos, left, p.exprAbove(precIs), true}
		case p.tok.kind == tDoubleColon:
			p.advance()
			p.link()
			left = p.cast(&Cast{Pos: pos, X: left, Type: p.typeName()})
		case p.tok.kind == tLBracket:
			p.link()
			left = p.subscript(left, pos)
		default:
			return left
		}
	}
	return left
}

// infixWord parses an operator that is a word, or returns nil without consuming anything.
func (p *parser) infixWord(left Expr, prec int, pos Pos) Expr {
	binary := func(op Op, opPrec int) Expr {
		if opPrec <= prec {
			return nil
		}
		p.advance()
		return &Binary{pos, op, left, p.exprAbove(opPrec)}
	}
	if p.tok.kw.text == "" && p.word("operator") && p.peek().kind == tLParen && precCmp > prec {
		return p.namedOperator(left, prec, pos)
	}
	switch p.tok.kw.text {
	case "AND":
		return binary(OpAnd, precAnd)
	case "OR":
		return binary(OpOr, precOr)
	case "XOR":
		return binary(OpXor, precXor)
	case "DIV":
		return binary(OpIntDiv, precMul)
	case "MOD":
		if p.lx.dialect == MySQL {
			return binary(OpMod, precMul)
		}
	case "IS":
		if precIs > prec {
			return p.isTest(left, pos)
		}
	case "ISNULL", "NOTNULL":
		if precIs > prec {
			return &IsTest{Pos: pos, X: left, Not: p.advance().kw.text == "NOTNULL"}
		}
	case "BETWEEN", "IN":
		if precCmp > prec {
			return p.negatable(left, false, pos)
		}
	case "LIKE", "ILIKE", "SIMILAR", "REGEXP", "RLIKE":
		if precLike > prec {
			return p.negatable(left, false, pos)
		}
	case "NOT":
		need := precLike
		switch p.peek().kw.text {
		case "BETWEEN", "IN":
			need = precCmp
		case "LIKE", "ILIKE", "SIMILAR", "REGEXP", "RLIKE":
		default:
			return nil
		}
		if need > prec {
			p.advance()
			return p.negatable(left, true, pos)
		}
	case "AT":
		if precAt > prec && strings.EqualFold(p.text(p.peek()), "TIME") {
			p.advance()
			p.advance()
			p.expectKw("ZONE")
			return &AtTimeZone{pos, left, p.exprAbove(precAt)}
		}
	case "COLLATE":
		if precColl > prec {
			p.advance()
			return &Collate{pos, left, p.name("a collation")}
		}
	}
	return nil
}

// negatable parses BETWEEN, IN, LIKE and its kin, after the NOT if there was one.
func (p *parser) negatable(left Expr, not bool, pos Pos) Expr {
	kind := LikePlain
	switch p.advance().kw.text {
	case "BETWEEN":
		p.acceptKw("SYMMETRIC")
		low := p.exprAbove(precCmp)
		p.expectKw("AND")
		return &Between{pos, left, low, p.exprAbove(precCmp), not}
	case "IN":
		p.expect(tLParen, "(")
		if p.startsQuery() {
			q := p.query()
			p.expect(tRParen, ")")
			return &InQuery{pos, left, q, not}
		}
		in := &InList{Pos: pos, X: left, Not: not}
		p.list(false, func() { in.List = append(in.List, p.expr()) })
		return in
	case "ILIKE":
		kind = LikeNoCase
	case "SIMILAR":
		kind = LikeSimilar
		p.expectKw("TO")
	case "REGEXP", "RLIKE":
		kind = LikeRegexp
	}
	if p.lx.dialect == MySQL && p.is("BINARY") && p.peek().kind != tLParen { // byte by byte, as texts are compared anyway
		p.advance()
	}
	like := &Like{Pos: pos, X: left, Kind: kind, Not: not, Pattern: p.exprAbove(precLike)}
	if p.acceptKw("ESCAPE") {
		like.Escape = p.str("an escape character")
	}
	return like
}

func (p *parser) isTest(left Expr, pos Pos) Expr {
	p.advance()
	not := p.acceptKw("NOT")
	switch {
	case p.acceptKw("NULL"):
		return &IsTest{pos, left, not, IsNull}
	case p.acceptKw("TRUE"):
		return &IsTest{pos, left, not, IsTrue}
	case p.acceptKw("FALSE"):
		return &IsTest{pos, left, not, IsFalse}
	case p.acceptKw("UNKNOWN"):
		return &IsTest{pos, left, not, IsUnknown}
	case p.acceptKws("DISTINCT", "FROM"):
		return &IsDistinct{pos, left, p.exprAbove(precIs), not}
	}
	p.expected("[NOT] NULL | TRUE | FALSE | UNKNOWN | DISTINCT FROM after IS")
	return left
}

func (p *parser) quantified(left Expr, op Op, pos Pos) Expr {
	q := &Quantified{Pos: pos, X: left, Op: op, All: p.advance().kw.text == "ALL"}
	if !op.Comparison() {
		p.failAt(int(pos), "Expected: one of [=, >, <, =>, =<, !=] before ANY or ALL, found: "+op.String())
	}
	p.expect(tLParen, "(")
	if p.startsQuery() {
		q.Query = p.query()
	} else {
		q.Array = p.expr()
	}
	p.expect(tRParen, ")")
	return q
}

// subscript parses x[i], x[lo:hi] and x[lo:hi:step].
func (p *parser) subscript(x Expr, pos Pos) Expr {
	p.advance()
	part := func() Expr {
		if p.tok.kind == tColon || p.tok.kind == tRBracket {
			return nil
		}
		return p.expr()
	}
	lo := part()
	if lo != nil && p.accept(tRBracket) {
		return p.fields(&Index{pos, x, lo})
	}
	s := &Slice{Pos: pos, X: x, Lo: lo}
	p.expect(tColon, "]")
	if s.Hi = part(); p.accept(tColon) {
		s.Step = part()
	}
	p.expect(tRBracket, "]")
	return p.fields(s)
}

// fields parses the .name that may follow a parenthesis or bracket.
func (p *parser) fields(x Expr) Expr {
	for p.tok.kind == tDot && p.err == nil {
		pos := Pos(p.advance().pos)
		p.link()
		x = &Field{pos, x, p.ident()}
	}
	return x
}

// startsQuery reports whether the current token can only start a query.
func (p *parser) startsQuery() bool {
	switch p.tok.kw.text {
	case "SELECT", "VALUES":
		return true
	case "WITH":
		return true
	}
	return false
}

// prefix parses an operand with the signs before it.
func (p *parser) prefix() Expr {
	t := p.tok
	pos := Pos(t.pos)
	switch t.kind {
	case tWord:
		return p.rangeSuffix(p.wordOperand())
	case tIdent:
		return p.rangeSuffix(p.nameOperand())
	case tNumber, tString, tBytes, tParam:
		return p.rangeSuffix(p.constant())
	case tLParen:
		return p.rangeSuffix(p.fields(p.paren()))
	case tLBracket:
		p.advance()
		return p.array(pos)
	case tLBrace:
		return p.structLit()
	case tMinus:
		p.advance()
		if p.tok.kind == tNumber {
			l := p.constant().(*Literal)
			l.Pos, l.Text = pos, "-"+l.Text
			return p.rangeSuffix(l)
		}
		return &Unary{pos, OpNeg, p.exprAbove(precMul)}
	case tPlus:
		p.advance()
		if p.tok.kind == tNumber {
			return p.rangeSuffix(p.constant())
		}
		return &Unary{pos, OpPos, p.exprAbove(precMul)}
	case tTilde:
		p.advance()
		return &Unary{pos, OpBitNot, p.exprAbove(precMul)}
	case tBang:
		if p.lx.dialect == MySQL {
			p.advance()
			return &Unary{pos, OpNot, p.exprAbove(precNot)}
		}
	case tAtAt, tAt:
		if n := p.peek(); n.kind == tWord && n.pos == t.end && (t.kind == tAtAt || p.lx.dialect == MySQL) {
			return p.variable()
		}
	}
	p.expected("an expression")
	return nil
}

// constant parses a literal token or a placeholder.
func (p *parser) constant() Expr {
	t := p.advance()
	pos, text := Pos(t.pos), p.lx.src[t.pos:t.end]
	switch t.kind {
	case tNumber:
		k := LitInt
		if strings.ContainsAny(text, ".eE") {
			k = LitFloat
		}
		return p.literal(Literal{pos, k, text})
	case tString:
		return p.literal(Literal{pos, LitString, p.value(t)})
	case tBytes:
		return p.literal(Literal{pos, LitBytes, unhex(text)})
	}
	if text == "?" {
		p.params++
		return &Placeholder{pos, p.params, false}
	}
	n := 0
	for _, c := range text[1:] {
		if n = n*10 + int(c-'0'); n > 65535 {
			break
		}
	}
	if n < 1 || n > 65535 {
		p.failAt(t.pos, "Invalid parameter number "+text)
	}
	return &Placeholder{pos, n, true}
}

// variable parses @@a.b or @a.
func (p *parser) variable() Expr {
	start := p.tok.pos
	p.advance()
	p.advance()
	for p.tok.kind == tDot && p.err == nil {
		p.advance()
		p.ident()
	}
	return &Variable{Pos(start), p.lx.src[start:max(start, p.prevEnd)]}
}

// paren parses what stands in parentheses: an expression, a row or a query.
func (p *parser) paren() Expr {
	pos := Pos(p.advance().pos)
	if p.startsQuery() {
		q := p.query()
		p.expect(tRParen, ")")
		return &Subquery{pos, q}
	}
	e := p.expr()
	if s, ok := e.(*Subquery); ok && p.continuesQuery() {
		// The parentheses were around the first part of a longer query: ((SELECT 1) UNION SELECT 2).
		q := p.queryAfter(s.Query)
		p.expect(tRParen, ")")
		return &Subquery{pos, q}
	}
	if p.tok.kind != tComma {
		p.expect(tRParen, ")")
		return e
	}
	row := &Row{pos, []Expr{e}}
	for p.accept(tComma) && p.tok.kind != tRParen && p.err == nil {
		row.Elems = append(row.Elems, p.expr())
	}
	p.expect(tRParen, ")")
	return row
}

// array parses the elements of an array after its opening bracket.
func (p *parser) array(pos Pos) Expr {
	a := &ArrayLit{Pos: pos}
	for p.tok.kind != tRBracket && p.err == nil {
		a.Elems = append(a.Elems, p.expr())
		if !p.accept(tComma) {
			break
		}
	}
	p.expect(tRBracket, "]")
	return p.fields(a)
}

// mapLit parses MAP {key: value, …}.
func (p *parser) mapLit() Expr {
	m := &MapLit{Pos: Pos(p.advance().pos)}
	p.advance()
	for p.tok.kind != tRBrace && p.err == nil {
		e := MapEntry{Key: p.expr()}
		p.expect(tColon, ":")
		e.Value = p.expr()
		m.Entries = append(m.Entries, e)
		if !p.accept(tComma) {
			break
		}
	}
	p.expect(tRBrace, "}")
	return p.fields(m)
}

func (p *parser) structLit() Expr {
	s := &StructLit{Pos: Pos(p.advance().pos)}
	for p.tok.kind != tRBrace && p.err == nil {
		f := StructField{Name: p.alias().Name}
		p.expect(tColon, ":")
		f.Value = p.expr()
		s.Fields = append(s.Fields, f)
		if !p.accept(tComma) {
			break
		}
	}
	p.expect(tRBrace, "}")
	return p.fields(s)
}

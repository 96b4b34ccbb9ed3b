package sql

import "strings"

// exprPrec is how strongly an expression holds together; operands weaker than their place asks for go in parentheses.
func exprPrec(e Expr) int {
	switch e := e.(type) {
	case *Binary:
		return precOfOp(e.Op)
	case *Unary:
		if e.Op == OpNot {
			return precNot
		}
		return precSign
	case *Literal:
		if strings.HasPrefix(e.Text, "-") && (e.Kind == LitInt || e.Kind == LitFloat) {
			return precSign
		}
	case *IsTest, *IsDistinct:
		return precIs
	case *Between, *InList, *InQuery, *Quantified:
		return precCmp
	case *Like:
		return precLike
	case *AtTimeZone:
		return precAt
	case *Collate:
		return precColl
	case *RangeExpr:
		// RANGE cannot follow another operand of an operator without reading worse, but it binds tightest of all.
		return precPost
	case *IntervalLit:
		return precPost
	}
	return precPrim
}

// operand prints e, in parentheses if it is weaker than prec.
func (p *Printer) operand(e Expr, prec int) *Printer {
	if exprPrec(e) < prec {
		return p.Text("(").Node(e).Text(")")
	}
	return p.Node(e)
}

func (p *Printer) not(on bool) *Printer { return p.flag(on, "NOT ") }

func (p *Printer) expr(e Expr) {
	switch e := e.(type) {
	case *Literal:
		p.literal(e)
	case *ColumnRef:
		p.Name(e.Name)
	case *Binary:
		prec := precOfOp(e.Op)
		p.operand(e.L, prec).Text(" "+e.Op.String()+" ").operand(e.R, prec+1)
	case *Unary:
		switch e.Op {
		case OpNot:
			p.Text("NOT ").operand(e.X, precNot)
		default:
			p.Text(e.Op.String())
			// -(-x), for -- starts a comment; -(1), for -1 is a literal.
			switch x := e.X.(type) {
			case *Unary:
				p.operand(e.X, precPrim)
			case *Literal:
				if x.Kind == LitInt || x.Kind == LitFloat {
					p.Text("(").Node(e.X).Text(")")
					return
				}
				p.Node(e.X)
			default:
				p.signed(e.X)
			}
		}
	case *FuncCall:
		p.call(e)
	case *IsTest:
		p.operand(e.X, precIs).Text(" IS ").not(e.Not).Text([...]string{"NULL", "TRUE", "FALSE", "UNKNOWN"}[e.What&3])
	case *IsDistinct:
		p.operand(e.L, precIs).Text(" IS ").not(e.Not).Text("DISTINCT FROM ").operand(e.R, precIs+1)
	case *Between:
		p.operand(e.X, precCmp).Text(" ").not(e.Not).Text("BETWEEN ").operand(e.Low, precCmp+1).Text(" AND ").operand(e.High, precCmp+1)
	case *InList:
		p.operand(e.X, precCmp).Text(" ").not(e.Not).Text("IN (").Exprs(e.List).Text(")")
	case *InQuery:
		p.operand(e.X, precCmp).Text(" ").not(e.Not).Text("IN ").subquery(e.Query)
	case *Like:
		p.operand(e.X, precLike).Text(" ").not(e.Not).Text([...]string{"LIKE ", "ILIKE ", "SIMILAR TO ", "REGEXP "}[e.Kind&3])
		p.operand(e.Pattern, precLike+1)
		if e.Escape != "" {
			p.Text(" ESCAPE ").Quote(e.Escape)
		}
	case *Quantified:
		p.operand(e.X, precCmp).Text(" " + e.Op.String() + " ")
		if e.All {
			p.Text("ALL ")
		} else {
			p.Text("ANY ")
		}
		if e.Query != nil {
			p.subquery(e.Query)
		} else {
			p.Text("(").Node(e.Array).Text(")")
		}
	case *Exists:
		p.Text("EXISTS ").subquery(e.Query)
	case *Subquery:
		p.subquery(e.Query)
	case *Case:
		p.caseExpr(e)
	case *Cast:
		p.flag(e.Try, "TRY_").Text("CAST(").Node(e.X).Text(" AS ").Type(e.Type).Text(")")
	case *Extract:
		p.Text("EXTRACT(")
		if plainIdent(strings.ToLower(e.Field)) {
			p.Text(e.Field)
		} else {
			p.Quote(e.Field)
		}
		p.Text(" FROM ").Node(e.X).Text(")")
	case *AtTimeZone:
		p.operand(e.X, precAt).Text(" AT TIME ZONE ").operand(e.Zone, precAt+1)
	case *Collate:
		p.operand(e.X, precColl).Text(" COLLATE ").Name(e.Name)
	case *IntervalLit:
		p.interval(e)
	case *TypedLit:
		p.Type(e.Type).Text(" ").Quote(e.Text)
	case *Star:
		p.star(e)
	case *Placeholder:
		if e.Named {
			p.Text("$" + itoa(e.Index))
		} else {
			p.Text("?")
		}
	case *Variable:
		p.Text(e.Name)
	case *Default:
		p.Text("DEFAULT")
	case *ArrayLit:
		p.Text("[").Exprs(e.Elems).Text("]")
	case *StructLit:
		p.Text("{").each(len(e.Fields), ", ", func(i int) {
			p.quotedIdent(e.Fields[i].Name).Text(": ").Node(e.Fields[i].Value)
		}).Text("}")
	case *MapLit:
		p.Text("MAP {").each(len(e.Entries), ", ", func(i int) {
			p.Node(e.Entries[i].Key).Text(": ").Node(e.Entries[i].Value)
		}).Text("}")
	case *Row:
		p.flag(len(e.Elems) < 2, "ROW").Text("(").Exprs(e.Elems).Text(")")
	case *Index:
		p.base(e.X).Text("[").Node(e.I).Text("]")
	case *Slice:
		p.slice(e)
	case *Field:
		p.fieldBase(e.X).Text(".").Ident(e.Name)
	case *Grouping:
		p.grouping(e)
	case *RangeExpr:
		p.rangeExpr(e)
	}
}

// signed prints the operand of a sign. What is weaker than a sign's operand goes in parentheses.
func (p *Printer) signed(e Expr) *Printer { return p.operand(e, precAt) }

// base prints what stands before a bracket.
func (p *Printer) base(e Expr) *Printer {
	switch e.(type) {
	case *TypedLit:
		return p.Text("(").Node(e).Text(")")
	}
	return p.operand(e, precPrim)
}

// fieldBase prints what stands before the dot of a Field: something with a closing parenthesis or bracket.
func (p *Printer) fieldBase(e Expr) *Printer {
	switch e.(type) {
	case *Index, *Slice, *Subquery, *Field:
		return p.Node(e)
	}
	return p.Text("(").Node(e).Text(")")
}

func (p *Printer) subquery(q *Query) *Printer { return p.Text("(").Node(q).Text(")") }

// funcName prints a function's name: many are keywords that would need quotes as a column.
func (p *Printer) funcName(n ObjectName) *Printer {
	if len(n) == 1 && !n[0].Quoted && plainWord(n[0].Name) {
		return p.Text(n[0].Name)
	}
	return p.Name(n)
}

func (p *Printer) call(f *FuncCall) *Printer {
	p.funcName(f.Name).Text("(").flag(f.Distinct, "DISTINCT ")
	p.each(len(f.Args), ", ", func(i int) {
		a := f.Args[i]
		if a.Name.Name != "" || a.Name.Quoted {
			p.Ident(a.Name).Text(" => ")
		}
		if s, ok := a.Expr.(*Subquery); ok && len(f.Args) == 1 && f.FuncName() == "array" && len(f.OrderBy) == 0 {
			p.Node(s.Query) // ARRAY(SELECT …)
			return
		}
		p.Node(a.Expr)
	})
	if len(f.OrderBy) > 0 {
		p.Text(" ").orderBy(f.OrderBy)
	}
	p.Text(")")
	if len(f.WithinGroup) > 0 {
		p.Text(" WITHIN GROUP (").orderBy(f.WithinGroup).Text(")")
	}
	if f.Filter != nil {
		p.Text(" FILTER (WHERE ").Node(f.Filter).Text(")")
	}
	p.flag(f.Nulls == NullsIgnored, " IGNORE NULLS").flag(f.Nulls == NullsRespected, " RESPECT NULLS")
	if f.Over != nil {
		p.Text(" OVER ")
		if f.Over.Ref {
			return p.Ident(f.Over.Base)
		}
		p.window(f.Over)
	}
	return p
}

func (p *Printer) window(w *WindowSpec) *Printer {
	p.Text("(")
	sep := ""
	part := func() { p.Text(sep); sep = " " }
	if w.Base.Name != "" || w.Base.Quoted {
		part()
		if lookupKeyword(w.Base.Name).text != "" {
			p.quotedIdent(w.Base.Name) // it might be taken for PARTITION or ORDER
		} else {
			p.Ident(w.Base)
		}
	}
	if len(w.PartitionBy) > 0 {
		part()
		p.Text("PARTITION BY ").Exprs(w.PartitionBy)
	}
	if len(w.OrderBy) > 0 {
		part()
		p.orderBy(w.OrderBy)
	}
	if f := w.Frame; f != nil {
		part()
		p.Text([...]string{"ROWS", "RANGE", "GROUPS"}[f.Unit%3]).Text(" BETWEEN ").bound(f.Start).Text(" AND ").bound(f.End)
	}
	return p.Text(")")
}

func (p *Printer) bound(b Bound) *Printer {
	switch b.Kind {
	case UnboundedPreceding:
		return p.Text("UNBOUNDED PRECEDING")
	case UnboundedFollowing:
		return p.Text("UNBOUNDED FOLLOWING")
	case CurrentRow:
		return p.Text("CURRENT ROW")
	}
	p.operand(b.N, precAnd+1)
	if b.Kind == Preceding {
		return p.Text(" PRECEDING")
	}
	return p.Text(" FOLLOWING")
}

func (p *Printer) orderBy(items []OrderItem) *Printer {
	p.Text("ORDER BY ")
	return p.each(len(items), ", ", func(i int) {
		it := items[i]
		p.Node(it.Expr).flag(it.Desc, " DESC")
		if it.NullsGiven {
			p.flag(it.NullsFirst, " NULLS FIRST").flag(!it.NullsFirst, " NULLS LAST")
		}
	})
}

func (p *Printer) caseExpr(c *Case) {
	p.Text("CASE")
	if c.Operand != nil {
		p.Text(" ").Node(c.Operand)
	}
	for _, w := range c.Whens {
		p.Text(" WHEN ").Node(w.Cond).Text(" THEN ").Node(w.Then)
	}
	if c.Else != nil {
		p.Text(" ELSE ").Node(c.Else)
	}
	p.Text(" END")
}

func (p *Printer) interval(i *IntervalLit) {
	p.Text("INTERVAL ")
	switch i.Value.(type) {
	case *Literal, *Placeholder:
		p.Node(i.Value)
	default:
		p.Text("(").Node(i.Value).Text(")")
	}
	if i.Unit != "" {
		p.Text(" " + i.Unit)
	}
	if i.To != "" {
		p.Text(" TO " + i.To)
	}
}

func (p *Printer) star(s *Star) {
	if len(s.Qualifier) > 0 {
		p.Name(s.Qualifier).Text(".")
	}
	p.Text("*")
	if len(s.Except) > 0 {
		p.Text(" EXCEPT ").idents(s.Except)
	}
	if len(s.Replace) > 0 {
		p.Text(" REPLACE (").each(len(s.Replace), ", ", func(i int) {
			p.Node(s.Replace[i].Expr).Text(" AS ").Ident(s.Replace[i].Alias)
		}).Text(")")
	}
}

func (p *Printer) slice(s *Slice) {
	p.base(s.X).Text("[")
	if s.Lo != nil {
		p.Node(s.Lo)
	}
	p.Text(":")
	if s.Hi != nil {
		p.Node(s.Hi)
	}
	if s.Step != nil {
		p.Text(" : ").Node(s.Step)
	}
	p.Text("]")
}

func (p *Printer) grouping(g *Grouping) {
	p.Text([...]string{"GROUPING SETS (", "ROLLUP (", "CUBE ("}[g.Kind%3])
	p.each(len(g.Sets), ", ", func(i int) {
		if len(g.Sets[i]) == 1 {
			p.Node(g.Sets[i][0])
			return
		}
		p.Text("(").Exprs(g.Sets[i]).Text(")")
	}).Text(")")
}

func (p *Printer) rangeExpr(r *RangeExpr) {
	switch r.X.(type) {
	case *FuncCall:
		p.Node(r.X)
	default:
		p.Text("(").Node(r.X).Text(")")
	}
	p.Text(" RANGE ").duration(r.Dur)
	p.fill(r.Fill)
}

func (p *Printer) duration(d Duration) *Printer {
	if d.Expr != nil {
		return p.Text("(").Node(d.Expr).Text(")")
	}
	return p.Quote(d.Text)
}

func (p *Printer) fill(f *Fill) *Printer {
	if f == nil {
		return p
	}
	p.Text(" FILL ")
	switch f.Kind {
	case FillNull:
		return p.Text("NULL")
	case FillPrev:
		return p.Text("PREV")
	case FillLinear:
		return p.Text("LINEAR")
	}
	p.literal(f.Const)
	return p
}

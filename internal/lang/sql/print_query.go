package sql

func (p *Printer) query(q *Query) *Printer {
	if len(q.With) > 0 {
		p.Text("WITH ").flag(q.Recurse, "RECURSIVE ")
		p.each(len(q.With), ", ", func(i int) {
			c := q.With[i]
			p.Ident(c.Name)
			if len(c.Columns) > 0 {
				p.Text(" ").idents(c.Columns)
			}
			p.Text(" AS (").Node(c.Body).Text(")")
		}).Text(" ")
	}
	p.queryTerm(q.Body)
	if len(q.OrderBy) > 0 {
		p.Text(" ").orderBy(q.OrderBy)
	}
	if q.Limit != nil {
		p.Text(" LIMIT ").Node(q.Limit)
	}
	if q.Offset != nil {
		p.Text(" OFFSET ").Node(q.Offset)
	}
	return p
}

// queryTerm prints a body; a query in the place of a body needs parentheses.
func (p *Printer) queryTerm(b QueryBody) *Printer {
	if q, ok := b.(*Query); ok {
		return p.Text("(").Node(q).Text(")")
	}
	return p.Node(b)
}

func (p *Printer) setOp(o *SetOp) {
	side := func(b QueryBody, right bool) {
		// The left side of a chain needs no parentheses; INTERSECT binds more strongly than the other two.
		if s, ok := b.(*SetOp); ok && (right && (s.Kind != Intersect || o.Kind == Intersect) || !right && o.Kind == Intersect && s.Kind != Intersect) {
			p.Text("(").Node(b).Text(")")
			return
		}
		p.queryTerm(b)
	}
	side(o.L, false)
	p.Text(" "+o.Kind.String()+" ").flag(o.All, "ALL ")
	side(o.R, true)
}

func (p *Printer) selectBody(s *Select) {
	p.Text("SELECT ")
	if s.Distinct {
		p.Text("DISTINCT ")
		if len(s.DistinctOn) > 0 {
			p.Text("ON (").Exprs(s.DistinctOn).Text(") ")
		}
	}
	p.each(len(s.Items), ", ", func(i int) {
		p.Node(s.Items[i].Expr)
		if a := s.Items[i].Alias; a.Name != "" || a.Quoted {
			p.Text(" AS ").Ident(a)
		}
	})
	if len(s.From) > 0 {
		p.Text(" FROM ").each(len(s.From), ", ", func(i int) { p.Node(s.From[i]) })
	}
	if s.Where != nil {
		p.Text(" WHERE ").Node(s.Where)
	}
	if s.GroupAll {
		p.Text(" GROUP BY ALL")
	}
	if len(s.GroupBy) > 0 {
		p.Text(" GROUP BY ").Exprs(s.GroupBy)
	}
	if s.Having != nil {
		p.Text(" HAVING ").Node(s.Having)
	}
	if len(s.Windows) > 0 {
		p.Text(" WINDOW ").each(len(s.Windows), ", ", func(i int) {
			p.Ident(s.Windows[i].Name).Text(" AS ").window(s.Windows[i].Spec)
		})
	}
	if s.Qualify != nil {
		p.Text(" QUALIFY ").Node(s.Qualify)
	}
	if a := s.Align; a != nil {
		p.align(a)
	}
}

func (p *Printer) align(a *Align) {
	p.Text(" ALIGN ").duration(a.Every)
	switch to := a.To.(type) {
	case nil:
	case *Literal:
		if to.Kind == LitString {
			p.Text(" TO ").Node(to)
		} else {
			p.Text(" TO (").Node(to).Text(")")
		}
	case *ColumnRef:
		if len(to.Name) == 1 && !to.Name[0].Quoted && plainIdent(to.Name[0].Name) {
			p.Text(" TO ").Node(to)
		} else {
			p.Text(" TO (").Node(to).Text(")")
		}
	default:
		p.Text(" TO (").Node(to).Text(")")
	}
	if a.HasBy {
		p.Text(" BY (").Exprs(a.By).Text(")")
	}
	p.fill(a.Fill)
}

func (p *Printer) tableExpr(t TableExpr) {
	switch t := t.(type) {
	case *TableRef:
		p.Name(t.Name).alias(t.Alias)
	case *TableFunc:
		p.flag(t.Lateral, "LATERAL ").Node(t.Call).flag(t.Ordinal, " WITH ORDINALITY").alias(t.Alias)
	case *Derived:
		p.flag(t.Lateral, "LATERAL ").subquery(t.Query).alias(t.Alias)
	case *Nested:
		p.Text("(").Node(t.Table).Text(")").alias(t.Alias)
	case *Join:
		// A join that still lacks its condition would take the one of this join.
		if l, ok := t.L.(*Join); ok && !l.Natural && l.Kind != CrossJoin && l.On == nil && len(l.Using) == 0 {
			p.Text("(").Node(t.L).Text(")")
		} else {
			p.Node(t.L)
		}
		p.Text(" ").flag(t.Natural, "NATURAL ").Text(t.Kind.String() + " ")
		if _, ok := t.R.(*Join); ok {
			p.Text("(").Node(t.R).Text(")")
		} else {
			p.Node(t.R)
		}
		if t.On != nil {
			p.Text(" ON ").Node(t.On)
		}
		if len(t.Using) > 0 {
			p.Text(" USING ").idents(t.Using)
		}
	}
}

func (p *Printer) alias(a *Alias) *Printer {
	if a == nil {
		return p
	}
	p.Text(" AS ").Ident(a.Name)
	if len(a.Columns) > 0 {
		p.Text(" ").idents(a.Columns)
	}
	return p
}

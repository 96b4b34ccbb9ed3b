package sql

import "strings"

func (p *Printer) statement(s Statement) {
	switch s := s.(type) {
	case *QueryStmt:
		p.Node(s.Query)
	case *Insert:
		p.insert(s)
	case *Delete:
		p.Text("DELETE FROM ").Name(s.Table)
		if s.Where != nil {
			p.Text(" WHERE ").Node(s.Where)
		}
	case *CreateDatabase:
		p.Text("CREATE DATABASE ").flag(s.IfNotExists, "IF NOT EXISTS ").Name(s.Name).with(s.Options)
	case *AlterDatabase:
		p.Text("ALTER DATABASE ").Name(s.Name)
		p.setUnset(s.Set, s.Unset)
	case *CreateTable:
		p.createTable(s)
	case *CreateTableLike:
		p.Text("CREATE TABLE ").flag(s.IfNotExists, "IF NOT EXISTS ").Name(s.Name).Text(" LIKE ").Name(s.Like)
	case *CreateView:
		p.Text("CREATE ").flag(s.OrReplace, "OR REPLACE ").Text("VIEW ").flag(s.IfNotExists, "IF NOT EXISTS ").Name(s.Name)
		if len(s.Columns) > 0 {
			p.Text(" ").idents(s.Columns)
		}
		p.Text(" AS ").Node(s.Body)
	case *CreateFlow:
		p.createFlow(s)
	case *Drop:
		p.Text("DROP "+s.Kind.String()+" ").flag(s.IfExists, "IF EXISTS ").each(len(s.Names), ", ", func(i int) { p.Name(s.Names[i]) })
	case *Truncate:
		p.Text("TRUNCATE TABLE ").Name(s.Table)
		if len(s.Ranges) > 0 {
			p.Text(" FILE RANGE ").each(len(s.Ranges), ", ", func(i int) {
				p.Text("(").Node(s.Ranges[i].From).Text(", ").Node(s.Ranges[i].To).Text(")")
			})
		}
	case *CommentOn:
		p.Text("COMMENT ON " + s.Kind.String() + " ").Name(s.Name).Text(" IS ")
		if s.Null {
			p.Text("NULL")
		} else {
			p.Quote(s.Text)
		}
	case *AlterTable:
		p.Text("ALTER TABLE ").Name(s.Name).each(len(s.Ops), ",", func(i int) { p.alterOp(s.Ops[i]) }).with(s.Options)
	case *CopyTable:
		p.Text("COPY ").Name(s.Table).copyTail(s.From, s.Location, s.With, s.Connection)
		if s.Limit != nil {
			p.Text(" LIMIT ").Node(s.Limit)
		}
	case *CopyQuery:
		p.Text("COPY (").Node(s.Body).Text(")")
		if s.Stdout {
			p.Text(" TO STDOUT").with(s.With)
			return
		}
		p.copyTail(false, s.Location, s.With, s.Connection)
	case *CopyDatabase:
		p.Text("COPY DATABASE ").Name(s.Database).copyTail(s.From, s.Location, s.With, s.Connection)
	default:
		p.session(s)
	}
}

// session prints the statements that read or change the session or the catalog's names.
func (p *Printer) session(s Statement) {
	switch s := s.(type) {
	case *Show:
		p.show(s)
	case *ShowCreate:
		p.Text("SHOW CREATE " + s.Kind.String() + " ").Name(s.Name)
		if s.Variant != "" {
			p.Text(" FOR ").Ident(Ident{Name: s.Variant})
		}
	case *ShowVariable:
		switch s.Name {
		case "time zone", "transaction isolation level":
			p.Text("SHOW " + s.Name)
		default:
			p.Text("SHOW VARIABLES " + s.Name)
		}
	case *Describe:
		p.Text("DESCRIBE TABLE ").Name(s.Table)
	case *Use:
		p.Text("USE ").Name(s.Database)
	case *Explain:
		p.Text("EXPLAIN ").flag(s.Analyze, "ANALYZE ").flag(s.Verbose, "VERBOSE ").format(s.Format).Node(s.Body)
	case *TQL:
		p.tql(s)
	case *Set:
		p.Text("SET ").each(len(s.Vars), ", ", func(i int) { p.assignment(&s.Vars[i]) })
	case *SetTransaction:
		p.Text(s.Source())
	case *Transaction:
		p.Text(s.Kind.String())
	case *Kill:
		p.Text("KILL ").flag(s.Query, "QUERY ").Quote(s.ID)
	case *Admin:
		p.Text("ADMIN ").Node(s.Call)
	case *Prepare:
		p.Text("PREPARE ").Ident(s.Name)
		if s.Body == nil {
			p.Text(" FROM ").Quote(s.Text)
			return
		}
		if len(s.Types) > 0 {
			p.Text(" (").each(len(s.Types), ", ", func(i int) { p.Type(s.Types[i]) }).Text(")")
		}
		p.Text(" AS ").Node(s.Body)
	case *Execute:
		p.Text("EXECUTE ").Ident(s.Name)
		switch {
		case s.Using:
			p.Text(" USING ").Exprs(s.Args)
		case len(s.Args) > 0:
			p.Text("(").Exprs(s.Args).Text(")")
		}
	case *Deallocate:
		p.Text("DEALLOCATE ")
		switch {
		case s.Name.Name == "" && !s.Name.Quoted:
			p.Text("ALL")
		case lookupKeyword(s.Name.Name).text != "":
			p.quotedIdent(s.Name.Name) // not ALL or PREPARE
		default:
			p.Ident(s.Name)
		}
	case *DeclareCursor:
		p.Text("DECLARE ").Ident(s.Name).Text(" CURSOR FOR ").Node(s.Body)
	case *FetchCursor:
		if s.All {
			p.Text("FETCH ALL FROM ").Ident(s.Name)
			return
		}
		p.Text("FETCH " + utoa(s.Count) + " FROM ").Ident(s.Name)
	case *CloseCursor:
		if s.Name.Name == "" {
			p.Text("CLOSE ALL")
			return
		}
		p.Text("CLOSE ").Ident(s.Name)
	case *Discard, *Reset, *CopyStream:
		p.Text(s.Source())
	}
}

func (p *Printer) insert(s *Insert) {
	if s.Replace {
		p.Text("REPLACE INTO ")
	} else {
		p.Text("INSERT INTO ")
	}
	p.Name(s.Table)
	if len(s.Columns) > 0 {
		p.Text(" ").idents(s.Columns)
	}
	if s.Query != nil {
		if startsWithValues(s.Query) {
			p.Text(" ").subquery(s.Query) // or its rows would be taken for the statement's
		} else {
			p.Text(" ").Node(s.Query)
		}
		return
	}
	p.Text(" VALUES ").each(len(s.Rows), ", ", func(i int) {
		p.Text("(").each(len(s.Rows[i]), ", ", func(j int) {
			// A quoted name on its own would be read as a string here.
			if c, ok := s.Rows[i][j].(*ColumnRef); ok && len(c.Name) == 1 {
				p.Text("(").Node(c).Text(")")
				return
			}
			p.Node(s.Rows[i][j])
		}).Text(")")
	})
}

func startsWithValues(q *Query) bool {
	b := q.Body
	for {
		switch x := b.(type) {
		case *Values:
			return len(q.With) == 0
		case *SetOp:
			b = x.L
		default:
			return false
		}
	}
}

func (p *Printer) createTable(s *CreateTable) {
	p.Text("CREATE ").flag(s.External, "EXTERNAL ").Text("TABLE ").flag(s.IfNotExists, "IF NOT EXISTS ").Name(s.Name)
	if !s.External || len(s.Columns) > 0 {
		p.Text(" (").each(len(s.Columns), ", ", func(i int) { p.column(&s.Columns[i]) })
		if s.TimeIndex.Name != "" {
			p.Text(", TIME INDEX (").Ident(s.TimeIndex).Text(")")
		}
		if len(s.PrimaryKey) > 0 {
			p.Text(", PRIMARY KEY ").idents(s.PrimaryKey)
		}
		p.Text(")")
	}
	if s.Partitions != nil {
		p.partitions(s.Partitions)
	}
	if s.Engine != "" {
		p.Text(" ENGINE=").Ident(Ident{Name: s.Engine})
	}
	p.with(s.Options)
}

// column prints a column definition. Its name is quoted if a definition could not have it otherwise.
func (p *Printer) column(c *ColumnDef) {
	if lookupKeyword(c.Name.Name).class&notColumn != 0 {
		p.quotedIdent(c.Name.Name)
	} else {
		p.Ident(c.Name)
	}
	p.Text(" ").Type(c.Type)
	p.flag(c.Null, " NULL").flag(c.NotNull, " NOT NULL")
	if c.Default != nil {
		p.Text(" DEFAULT ").operand(c.Default, precIs+1)
	}
	p.flag(c.TimeIndex, " TIME INDEX").flag(c.PrimaryKey, " PRIMARY KEY")
	if c.HasComment {
		p.Text(" COMMENT ").Quote(c.Comment)
	}
	for _, ix := range c.Indexes {
		p.Text(" " + ix.Kind.String() + " INDEX").with(ix.Options)
	}
}

func (p *Printer) partitions(d *Partitions) {
	p.Text(" PARTITION ON COLUMNS ").idents(d.Columns).Text(" (").Exprs(d.Rules).Text(")")
}

func (p *Printer) createFlow(s *CreateFlow) {
	p.Text("CREATE ").flag(s.OrReplace, "OR REPLACE ").Text("FLOW ").flag(s.IfNotExists, "IF NOT EXISTS ").Name(s.Name)
	p.Text(" SINK TO ").Name(s.Sink)
	if s.ExpireAfter != nil {
		p.Text(" EXPIRE AFTER ").operand(s.ExpireAfter, precIs+1)
	}
	if s.EvalInterval != nil {
		p.Text(" EVAL INTERVAL ")
		if i, ok := s.EvalInterval.(*IntervalLit); ok && i.Unit == "" {
			p.Node(i.Value)
		} else {
			p.operand(s.EvalInterval, precIs+1)
		}
	}
	if s.HasComment {
		p.Text(" COMMENT ").Quote(s.Comment)
	}
	p.with(s.Options).Text(" AS ").Node(s.Body)
}

func (p *Printer) setUnset(set Options, unset []string) {
	if len(unset) > 0 {
		p.Text(" UNSET ").each(len(unset), ", ", func(i int) { p.Quote(unset[i]) })
		return
	}
	p.Text(" SET ").each(len(set), ", ", func(i int) {
		p.Quote(set[i].Key).Text(" = ")
		p.optionValue(set[i])
	})
}

func (p *Printer) alterOp(op AlterOp) {
	modify := func(name Ident) *Printer { return p.Text(" MODIFY COLUMN ").Ident(name).Text(" ") }
	switch op := op.(type) {
	case *AddColumn:
		p.Text(" ADD COLUMN ").flag(op.IfNotExists, "IF NOT EXISTS ").column(&op.Column)
		p.flag(op.First, " FIRST")
		if op.After.Name != "" {
			p.Text(" AFTER ").Ident(op.After)
		}
	case *DropColumn:
		p.Text(" DROP COLUMN ").Ident(op.Name)
	case *ModifyType:
		modify(op.Name).Type(op.Type)
	case *SetDefault:
		modify(op.Name).Text("SET DEFAULT ").operand(op.Default, precIs+1)
	case *DropDefault:
		modify(op.Name).Text("DROP DEFAULT")
	case *SetIndex:
		modify(op.Name).Text("SET " + op.Index.Kind.String() + " INDEX").with(op.Index.Options)
	case *UnsetIndex:
		modify(op.Name).Text("UNSET " + op.Kind.String() + " INDEX")
	case *RenameTable:
		p.Text(" RENAME ").Ident(op.To)
	case *SetOptions:
		p.setUnset(op.Options, nil)
	case *UnsetOptions:
		p.setUnset(nil, op.Keys)
	case *PartitionTable:
		p.partitions(&op.Partitions)
	case *Repartition:
		switch {
		case op.Split:
			p.Text(" SPLIT PARTITION")
		case op.Merge:
			p.Text(" MERGE PARTITION")
		default:
			p.Text(" REPARTITION")
		}
		p.Text(" (").Exprs(op.From).Text(")")
		if op.Merge {
			return
		}
		if len(op.Columns) > 0 {
			p.Text(" ON COLUMNS ").idents(op.Columns)
		}
		p.Text(" INTO (").Exprs(op.Into).Text(")")
	}
}

func (p *Printer) copyTail(from bool, location string, with, connection Options) *Printer {
	p.flag(from, " FROM ").flag(!from, " TO ").Quote(location).with(with)
	if len(connection) > 0 {
		p.Text(" CONNECTION ").options(connection)
	}
	return p
}

func (p *Printer) show(s *Show) {
	p.Text("SHOW ").flag(s.Full, "FULL ").Text(s.Kind.String())
	if len(s.Table) > 0 {
		p.Text(" FROM ").Name(s.Table)
	}
	if s.Database.Name != "" || s.Database.Quoted {
		p.Text(" FROM ").Ident(s.Database)
	}
	if s.HasLike {
		p.Text(" LIKE ").Quote(s.Like)
	}
	if s.Where != nil {
		p.Text(" WHERE ").Node(s.Where)
	}
}

func (p *Printer) format(f string) *Printer {
	if f != "" {
		p.Text("FORMAT ").upper(f).Text(" ")
	}
	return p
}

// upper prints a lower-case ASCII word in capitals.
func (p *Printer) upper(s string) *Printer {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		p.buf = append(p.buf, c)
	}
	return p
}

func (p *Printer) tql(s *TQL) {
	p.Text("TQL "+s.Kind.String()+" ").flag(s.Verbose, "VERBOSE ").format(s.Format)
	p.Text("(").Node(s.Start).Text(", ").Node(s.End).Text(", ").Node(s.Step)
	if s.Lookback != nil {
		p.Text(", ").Node(s.Lookback)
	}
	p.Text(") " + s.Query)
	if s.Alias.Name != "" || s.Alias.Quoted {
		p.Text(" AS ").Ident(s.Alias)
	}
}

func (p *Printer) assignment(a *Assignment) {
	if a.Scope != "" && !strings.HasPrefix(strings.ToLower(a.Raw), "@@"+a.Scope) {
		p.upper(a.Scope).Text(" ")
	}
	p.Text(a.Raw)
	switch a.Name {
	case "names", "character set":
		p.Text(" ").setValue(a.Values[0])
		if len(a.Values) > 1 {
			p.Text(" COLLATE ").setValue(a.Values[1])
		}
		return
	}
	p.Text(" = ").each(len(a.Values), ", ", func(i int) {
		_, literal := a.Values[i].(*Literal)
		if i == 0 || literal || bareWord(a.Values[i]) {
			p.setValue(a.Values[i])
			return
		}
		p.Text("(").Node(a.Values[i]).Text(")") // or it might start another assignment
	})
}

func (p *Printer) setValue(e Expr) *Printer {
	if bareWord(e) {
		return p.Text(e.(*ColumnRef).Name[0].Name)
	}
	return p.operand(e, precCmp+1)
}

// bareWord reports whether e is a word of SET that keeps its spelling.
func bareWord(e Expr) bool {
	c, ok := e.(*ColumnRef)
	return ok && len(c.Name) == 1 && c.Name[0].Quoted && identText(c.Name[0].Name)
}

// identText reports whether s reads as one word.
func identText(s string) bool {
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&cStart == 0 && (i == 0 || classes[s[i]]&cDigit == 0) {
			return false
		}
	}
	return s != ""
}

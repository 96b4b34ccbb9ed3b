package sql

// statement parses one statement and keeps its source text.
func (p *parser) statement() Statement {
	p.enter()
	defer p.leave()
	start := p.tok.pos
	s := p.statementBody()
	if p.err != nil || s == nil {
		return s
	}
	s.setSource(p.lx.src[start:p.prevEnd])
	return s
}

// stmt is the common part of the statement that starts at the current token.
func (p *parser) stmt() Stmt { return Stmt{Pos: Pos(p.tok.pos)} }

func (p *parser) statementBody() Statement {
	switch p.tok.kw.text {
	case "SELECT", "WITH", "VALUES":
		return p.queryStmt()
	case "INSERT", "REPLACE":
		return p.insert()
	case "DELETE":
		return p.delete()
	case "CREATE":
		return p.create()
	case "ALTER":
		return p.alter()
	case "DROP":
		return p.drop()
	case "TRUNCATE":
		return p.truncate()
	case "COMMENT":
		return p.commentOn()
	case "COPY":
		return p.copy()
	case "SHOW":
		return p.show()
	case "DESC", "DESCRIBE":
		return p.describe()
	case "USE":
		return p.use()
	case "EXPLAIN":
		return p.explain()
	case "TQL":
		return p.tql(false)
	case "SET":
		return p.set()
	case "BEGIN", "START", "COMMIT", "ROLLBACK":
		return p.transaction()
	case "KILL":
		return p.kill()
	case "ADMIN":
		return p.admin()
	case "PREPARE":
		return p.prepare()
	case "EXECUTE":
		return p.execute()
	case "DEALLOCATE":
		return p.deallocate()
	case "DECLARE":
		return p.declareCursor()
	case "FETCH":
		return p.fetchCursor()
	case "CLOSE":
		return p.closeCursor()
	}
	if p.tok.kind == tLParen {
		return p.queryStmt()
	}
	if s := p.postgresStatement(); s != nil {
		return s
	}
	p.unsupported(p.tok)
	return nil
}

func (p *parser) queryStmt() Statement {
	s := &QueryStmt{Stmt: p.stmt()}
	s.Query = p.query()
	return s
}

// queryOrTQL parses what a view, flow or cursor may stand for.
func (p *parser) queryOrTQL(inParens bool) Statement {
	start := p.tok.pos
	var s Statement
	if p.is("TQL") {
		s = p.tql(inParens)
	} else {
		s = p.queryStmt()
	}
	if p.err == nil {
		s.setSource(p.lx.src[start:p.prevEnd])
	}
	return s
}

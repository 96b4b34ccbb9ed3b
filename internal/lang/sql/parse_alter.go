package sql

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

func (p *parser) alter() Statement {
	head := p.stmt()
	p.advance()
	switch t := p.tok; t.kw.text {
	case "DATABASE", "SCHEMA":
		p.advance()
		s := &AlterDatabase{Stmt: head, Name: p.name("a database name")}
		switch {
		case p.acceptKw("SET"):
			s.Set = p.assignments()
		case p.acceptKw("UNSET"):
			s.Unset = p.keys()
		default:
			p.expected("SET or UNSET")
		}
		return s
	case "TABLE":
		p.advance()
		s := &AlterTable{Stmt: head, Name: p.name("a table name")}
		p.alterOps(s)
		if p.acceptKw("WITH") {
			s.Options = p.options()
		}
		return s
	default:
		p.unsupported(t)
		return nil
	}
}

// assignments parses 'k' = 'v', ….
func (p *parser) assignments() Options {
	var o Options
	for p.err == nil {
		if p.tok.kind != tString && p.tok.kind != tIdent {
			p.expected("a string literal as option key")
			return nil
		}
		op := p.option()
		o = append(o, op)
		if !p.accept(tComma) || p.tok.kind == tSemi || p.tok.kind == tEOF {
			break
		}
	}
	return o
}

// keys parses 'k', ….
func (p *parser) keys() []string {
	var keys []string
	for p.err == nil {
		keys = append(keys, strings.ToLower(p.str("a string literal as option key")))
		if !p.accept(tComma) || p.tok.kind == tSemi || p.tok.kind == tEOF {
			break
		}
	}
	return keys
}

// alterOps parses the operations of one kind.
func (p *parser) alterOps(s *AlterTable) {
	for p.err == nil {
		t := p.tok
		switch t.kw.text {
		case "ADD":
			p.advance()
			s.Ops = append(s.Ops, p.addColumn())
		case "DROP":
			p.advance()
			p.expectKw("COLUMN")
			s.Ops = append(s.Ops, &DropColumn{p.ident()})
		case "MODIFY":
			p.advance()
			p.acceptKw("COLUMN")
			s.Ops = append(s.Ops, p.modifyColumn())
		case "RENAME":
			p.advance()
			if p.tok.kw.text == "COLUMN" {
				p.invalid(errs.Unsupported, "Not supported: ALTER TABLE … RENAME COLUMN; add a column of the new name, and fill it by INSERT … SELECT")
				return
			}
			p.acceptKw("TO")
			n := p.name("a table name")
			if len(n) == 1 {
				s.Ops = append(s.Ops, &RenameTable{n[0]})
			} else if p.err == nil {
				p.invalid(errs.InvalidSyntax, "Invalid SQL, error: expect table name, but found: %s", n)
			}
			return
		case "SET":
			p.advance()
			s.Ops = append(s.Ops, &SetOptions{p.assignments()})
			return
		case "UNSET":
			p.advance()
			s.Ops = append(s.Ops, &UnsetOptions{p.keys()})
			return
		case "PARTITION":
			s.Ops = append(s.Ops, &PartitionTable{p.partitions()})
			p.checkRules(s)
			return
		case "REPARTITION", "SPLIT", "MERGE":
			s.Ops = append(s.Ops, p.repartition())
			return
		case "ALTER":
			p.invalid(errs.Unsupported, "Not supported: ALTER TABLE … ALTER; columns are changed by MODIFY COLUMN")
			return
		default:
			p.expected("ADD, DROP, MODIFY, RENAME, SET, UNSET, PARTITION, REPARTITION, SPLIT or MERGE after ALTER TABLE")
			return
		}
		// More operations of the same kind may follow a comma, with or without the word.
		if t.kw.text == "DROP" || !p.accept(tComma) {
			return
		}
		if p.tok.kind == tEOF || p.tok.kind == tSemi {
			return
		}
		if p.tok.kw.text != t.kw.text {
			p.expected(t.kw.text)
		}
	}
}

func (p *parser) checkRules(s *AlterTable) {
	if op, ok := s.Ops[len(s.Ops)-1].(*PartitionTable); ok && p.err == nil {
		if err := op.Partitions.Validate(); err != nil {
			p.stop(err)
		}
	}
}

func (p *parser) addColumn() AlterOp {
	if p.isAny("CONSTRAINT", "PRIMARY", "UNIQUE") || p.is("TIME") && p.peek().kw.text == "INDEX" {
		p.invalid(errs.Unsupported, "Not supported: ADD CONSTRAINT")
		return &AddColumn{}
	}
	p.acceptKw("COLUMN")
	op := &AddColumn{IfNotExists: p.ifNotExists()}
	op.Column = p.columnDef()
	switch {
	case p.acceptKw("FIRST"):
		op.First = true
	case p.acceptKw("AFTER"):
		op.After = p.ident()
	}
	if p.err == nil {
		t, err := op.Column.Type.Resolve()
		if err == nil {
			err = op.Column.validate(t)
		}
		if err != nil {
			p.stop(err)
		}
	}
	return op
}

func (p *parser) modifyColumn() AlterOp {
	name := p.ident()
	switch {
	case p.acceptKw("SET"):
		if p.acceptKw("DEFAULT") {
			return &SetDefault{name, p.defaultExpr()}
		}
		return &SetIndex{name, p.indexDef()}
	case p.acceptKw("UNSET"):
		return &UnsetIndex{name, p.indexKind()}
	case p.acceptKws("DROP", "DEFAULT"):
		return &DropDefault{name}
	}
	op := &ModifyType{name, p.typeName()}
	if p.err == nil {
		if _, err := op.Type.Resolve(); err != nil {
			p.stop(err)
		}
	}
	return op
}

func (p *parser) repartition() AlterOp {
	op := &Repartition{}
	switch p.advance().kw.text {
	case "SPLIT":
		op.Split = true
		p.expectKw("PARTITION")
	case "MERGE":
		op.Merge = true
		p.expectKw("PARTITION")
	}
	op.From = p.rules()
	if op.Merge {
		return op
	}
	if op.Split && len(op.From) != 1 && p.err == nil {
		p.fail("Expected: exactly one partition to split")
	}
	if p.acceptKws("ON", "COLUMNS") {
		p.expect(tLParen, "(")
		op.Columns = p.idList(false)
	}
	p.expectKw("INTO")
	op.Into = p.rules()
	return op
}

func (p *parser) drop() Statement {
	s := &Drop{Stmt: p.stmt()}
	p.advance()
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
	s.IfExists = p.ifExists()
	for p.err == nil {
		s.Names = append(s.Names, p.name("a "+strings.ToLower(s.Kind.String())+" name"))
		if s.Kind != ObjTable || !p.accept(tComma) || !p.isIdent() {
			break
		}
	}
	return s
}

func (p *parser) commentOn() Statement {
	s := &CommentOn{Stmt: p.stmt()}
	p.advance()
	p.expectKw("ON")
	switch {
	case p.acceptKw("TABLE"):
	case p.acceptKw("COLUMN"):
		s.Kind = ObjColumn
	case p.acceptKw("FLOW"):
		s.Kind = ObjFlow
	default:
		p.expected("TABLE, COLUMN or FLOW")
	}
	s.Name = p.path("a name")
	if most := 3; len(s.Name) > most+btoi(s.Kind == ObjColumn) || s.Kind == ObjColumn && len(s.Name) < 2 {
		p.expected("a qualified name")
	}
	p.expectKw("IS")
	if s.Null = p.acceptKw("NULL"); !s.Null {
		s.Text = p.str("a string or NULL")
	}
	return s
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

package sql

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// Format renders a tree as canonical text of the Greptime dialect: keywords in capitals, one blank between words, and
// only the parentheses that are needed. Secrets in option lists are masked.
func Format(n Node) string {
	p := Printer{}
	p.Node(n)
	return p.String()
}

// FormatFor is Format for another dialect.
func FormatFor(n Node, d Dialect) string {
	p := Printer{Dialect: d}
	p.Node(n)
	return p.String()
}

// Loggable is a statement's text, fit for logs and process lists: the source, unless it holds secrets.
func Loggable(s Statement) string {
	var lists []Options
	switch s := s.(type) {
	case *CreateTable:
		lists = []Options{s.Options}
	case *CopyTable:
		lists = []Options{s.With, s.Connection}
	case *CopyQuery:
		lists = []Options{s.With, s.Connection}
	case *CopyDatabase:
		lists = []Options{s.With, s.Connection}
	case *Explain, *Prepare:
		return Format(s)
	}
	for _, l := range lists {
		for _, o := range l {
			if o.Secret() {
				return Format(s)
			}
		}
	}
	return s.Source()
}

// Printer renders trees as SQL. With a hook it renders another dialect of which only some nodes differ:
//
//	p := sql.Printer{Hook: func(p *sql.Printer, n sql.Node) bool {
//		c, ok := n.(*sql.Cast)
//		if ok {
//			p.Text("arrow_cast(").Node(c.X)
//			p.Text(", ").Quote(c.Type.String()).Text(")")
//		}
//		return ok
//	}}
//	p.Node(query)
//	text := p.String()
//
// The zero value prints the Greptime dialect.
type Printer struct {
	Dialect Dialect
	// Hook is asked before every node. If it returns true it has printed the node; a node printed in place of an operand
	// should be a call or stand in parentheses.
	Hook func(p *Printer, n Node) bool
	// Secrets prints secret option values instead of masking them.
	Secrets bool

	buf []byte
}

// String is what has been printed.
func (p *Printer) String() string { return string(p.buf) }

// Text appends s as it is.
func (p *Printer) Text(s string) *Printer {
	p.buf = append(p.buf, s...)
	return p
}

// Quote appends s as a string literal of the dialect.
func (p *Printer) Quote(s string) *Printer {
	p.buf = append(p.buf, '\'')
	for i := 0; i < len(s); i++ {
		if s[i] == '\'' || s[i] == '\\' && p.Dialect == MySQL {
			p.buf = append(p.buf, s[i])
		}
		p.buf = append(p.buf, s[i])
	}
	p.buf = append(p.buf, '\'')
	return p
}

// Ident appends an identifier, with quotes where it needs them.
func (p *Printer) Ident(id Ident) *Printer {
	if !id.Quoted && plainIdent(id.Name) {
		return p.Text(id.Name)
	}
	return p.quotedIdent(id.Name)
}

func (p *Printer) quotedIdent(name string) *Printer {
	q := p.Dialect.quote()
	p.buf = append(p.buf, q)
	for i := 0; i < len(name); i++ {
		if name[i] == q {
			p.buf = append(p.buf, q)
		}
		p.buf = append(p.buf, name[i])
	}
	p.buf = append(p.buf, q)
	return p
}

// plainIdent reports whether name is read back as itself without quotes, wherever an expression may stand.
func plainIdent(name string) bool {
	return plainWord(name) && lookupKeyword(name).class&(notExpr|notBare) == 0
}

// plainWord reports whether name has only characters that need no quotes and no folding.
func plainWord(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c >= 'a' && c <= 'z' || c == '_' || i > 0 && c >= '0' && c <= '9' {
			continue
		}
		return false
	}
	return name != ""
}

// Name appends a qualified name.
func (p *Printer) Name(n ObjectName) *Printer {
	for i, id := range n {
		if i > 0 {
			p.Text(".")
		}
		p.Ident(id)
	}
	return p
}

// String is the name with quotes where they are needed.
func (n ObjectName) String() string {
	p := Printer{}
	return p.Name(n).String()
}

func (t *TypeName) String() string {
	p := Printer{}
	return p.Type(t).String()
}

// Type appends a type.
func (p *Printer) Type(t *TypeName) *Printer {
	if t.Elem != nil {
		return p.Type(t.Elem).Text("[" + t.Size + "]")
	}
	name, unsigned := strings.CutSuffix(t.Name, " UNSIGNED")
	p.Text(name)
	switch {
	case t.JSON2 != nil:
		p.json2(t.JSON2)
	case len(t.Args) > 0:
		p.Text("(" + strings.Join(t.Args, ",") + ")")
	}
	if t.Angle != "" {
		p.Text("<" + t.Angle + ">")
	}
	if unsigned {
		p.Text(" UNSIGNED")
	}
	if t.Zone != "" {
		p.Text(" " + t.Zone)
	}
	return p
}

func (p *Printer) json2(d *JSON2Def) {
	p.Text("(")
	if d.MaxPaths != "" {
		p.Text("max_auto_expanded_paths = " + d.MaxPaths)
	}
	for i, h := range d.Hints {
		if i > 0 || d.MaxPaths != "" {
			p.Text(", ")
		}
		p.Name(h.Path).Text(" ").Type(h.Type)
		if h.Null {
			p.Text(" NULL")
		}
		if h.NotNull {
			p.Text(" NOT NULL")
		}
		if h.Default != nil {
			p.Text(" DEFAULT ").operand(h.Default, precLike)
		}
		if h.Inverted {
			p.Text(" INVERTED INDEX")
		}
	}
	p.Text(")")
}

// each prints n elements with a separator between them.
func (p *Printer) each(n int, sep string, f func(i int)) *Printer {
	for i := range n {
		if i > 0 {
			p.Text(sep)
		}
		f(i)
	}
	return p
}

// Exprs appends expressions with commas between them.
func (p *Printer) Exprs(list []Expr) *Printer {
	return p.each(len(list), ", ", func(i int) { p.Node(list[i]) })
}

func (p *Printer) idents(ids []Ident) *Printer {
	p.Text("(")
	return p.each(len(ids), ", ", func(i int) { p.Ident(ids[i]) }).Text(")")
}

// options prints (k = v, …).
func (p *Printer) options(o Options) *Printer {
	p.Text("(")
	return p.each(len(o), ", ", func(i int) {
		if plainIdent(o[i].Key) {
			p.Text(o[i].Key)
		} else {
			p.Quote(o[i].Key)
		}
		p.Text(" = ")
		p.optionValue(o[i])
	}).Text(")")
}

func (p *Printer) optionValue(o Option) {
	switch {
	case o.Null:
		p.Text("NULL")
	case o.Secret() && !p.Secrets:
		p.Text("'******'")
	case o.Bare:
		p.Text(o.Value)
	default:
		p.Quote(o.Value)
	}
}

// with prints a WITH list if there is one.
func (p *Printer) with(o Options) *Printer {
	if len(o) > 0 {
		p.Text(" WITH ").options(o)
	}
	return p
}

func (p *Printer) flag(on bool, s string) *Printer {
	if on {
		p.Text(s)
	}
	return p
}

// Node appends a node. An expression is printed as one that stands on its own.
func (p *Printer) Node(n Node) *Printer {
	if p.Hook != nil && p.Hook(p, n) {
		return p
	}
	switch n := n.(type) {
	case Expr:
		p.expr(n)
	case TableExpr:
		p.tableExpr(n)
	case *Query:
		p.query(n)
	case *Select:
		p.selectBody(n)
	case *SetOp:
		p.setOp(n)
	case *Values:
		p.Text("VALUES ").rows(n.Rows)
	case Statement:
		p.statement(n)
	}
	return p
}

func (p *Printer) rows(rows [][]Expr) *Printer {
	return p.each(len(rows), ", ", func(i int) { p.Text("(").Exprs(rows[i]).Text(")") })
}

// literal prints a constant.
func (p *Printer) literal(l *Literal) {
	switch l.Kind {
	case LitNull:
		p.Text("NULL")
	case LitString:
		p.Quote(l.Text)
	case LitBytes:
		p.Text("X'" + hex.EncodeToString([]byte(l.Text)) + "'")
	case LitBool:
		p.Text(strings.ToUpper(l.Text))
	default:
		p.Text(l.Text)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

func utoa(n uint64) string { return strconv.FormatUint(n, 10) }

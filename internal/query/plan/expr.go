package plan

import "github.com/goptimedb/goptimedb/internal/model"

// ColID identifies a column within one query.
type ColID int32

// Column is a column that an operator makes.
type Column struct {
	ID   ColID
	Name string // for people
	Type model.Type
}

// Ref is an expression that reads the column.
func (c Column) Ref() *Col { return &Col{ID: c.ID, Name: c.Name, T: c.Type} }

// Expr is a typed scalar expression. Expressions are shared between operators and therefore never changed: a rule makes new ones.
type Expr interface {
	Type() model.Type
	expr()
}

// Col reads a column of the input, or of a query around this one.
type Col struct {
	ID   ColID
	Name string // for people
	T    model.Type
}

// Lit is a constant.
type Lit struct{ V model.Value }

// Call is a scalar function or operator of package function, which knows what Fn does with arguments of exactly these types.
type Call struct {
	Fn   string
	Args []Expr
	T    model.Type
}

// The operators that rules look at have constants; all the others are just names.
const (
	And     = "and"
	Or      = "or"
	Not     = "not"
	Eq      = "="
	Ne      = "!="
	Lt      = "<"
	Le      = "<="
	Gt      = ">"
	Ge      = ">="
	IsNull  = "is null"
	NotNull = "is not null"
	Like    = "like"     // value, pattern, escape (a Lit, may be empty)
	NotLike = "not like" //
	ILike   = "ilike"
	NotILik = "not ilike"
	Match   = "~" // regular expression somewhere in the value
	NoMatch = "!~"
)

// Cast converts X to T.
type Cast struct {
	X   Expr
	T   model.Type
	Try bool // NULL where X cannot be converted
}

// When is a branch of Case.
type When struct{ Cond, Then Expr }

// Case is a searched CASE; all branches have type T.
type Case struct {
	Whens []When
	Else  Expr // nil: NULL
	T     model.Type
}

// In is X [NOT] IN (list) with a list of X's type.
type In struct {
	X    Expr
	List []Expr
	Not  bool
}

// SubKind is how the rows of a sub-query become a value.
type SubKind uint8

// The kinds of sub-query.
const (
	SubScalar SubKind = iota // the only row's only column; NULL if there is none
	SubExists                // whether there is a row
	SubIn                    // whether X is among them
	SubAny                   // whether X Op row holds for any
	SubAll                   // for all
)

// Sub is a sub-query in an expression.
type Sub struct {
	Kind  SubKind
	Not   bool   // of SubExists and SubIn
	X     Expr   // of SubIn, SubAny, SubAll
	Op    string // of SubAny, SubAll
	Query Node   // one column, except for SubExists
	T     model.Type
}

// List is a list, tuple or struct of expressions, which only the relational half understands.
type List struct {
	Elems []Expr
	Names []string // of a struct
	Tuple bool
	T     model.Type
}

func (e *Col) Type() model.Type  { return e.T }
func (e *Lit) Type() model.Type  { return e.V.Type }
func (e *Call) Type() model.Type { return e.T }
func (e *Cast) Type() model.Type { return e.T }
func (e *Case) Type() model.Type { return e.T }
func (e *In) Type() model.Type   { return model.Bool }
func (e *Sub) Type() model.Type  { return e.T }
func (e *List) Type() model.Type { return e.T }

func (*Col) expr()  {}
func (*Lit) expr()  {}
func (*Call) expr() {}
func (*Cast) expr() {}
func (*Case) expr() {}
func (*In) expr()   {}
func (*Sub) expr()  {}
func (*List) expr() {}

// Conj joins conditions with AND; none gives nil.
func Conj(es []Expr) Expr {
	var all Expr
	for _, e := range es {
		if all == nil {
			all = e
		} else {
			all = &Call{Fn: And, Args: []Expr{all, e}, T: model.Bool}
		}
	}
	return all
}

// Conjuncts takes apart what Conj joins.
func Conjuncts(e Expr) []Expr {
	if e == nil {
		return nil
	}
	return Operands(nil, And, e)
}

// Operands appends the operands of a chain of one operator, And or Or, in order; a long chain is as deep as it is long.
func Operands(dst []Expr, fn string, e Expr) []Expr {
	var right []Expr // of the calls passed so far, last first
	for {
		c, ok := e.(*Call)
		if !ok || c.Fn != fn {
			break
		}
		right = append(right, c.Args[1])
		e = c.Args[0]
	}
	dst = append(dst, e)
	for i := len(right) - 1; i >= 0; i-- {
		dst = Operands(dst, fn, right[i])
	}
	return dst
}

// Children are the direct parts of an expression; the plan of a sub-query is not one.
func Children(e Expr) []Expr {
	switch e := e.(type) {
	case *Call:
		return e.Args
	case *Cast:
		return []Expr{e.X}
	case *Case:
		var out []Expr
		for _, w := range e.Whens {
			out = append(out, w.Cond, w.Then)
		}
		if e.Else != nil {
			out = append(out, e.Else)
		}
		return out
	case *In:
		return append([]Expr{e.X}, e.List...)
	case *InSet:
		return []Expr{e.X}
	case *Sub:
		if e.X != nil {
			return []Expr{e.X}
		}
	case *List:
		return e.Elems
	}
	return nil
}

// Rewrite makes a copy of e in which f has replaced parts, from the top down: where f gives an expression, that stands in place of the
// part and is not looked into; where it gives nil, the part's children are rewritten.
func Rewrite(e Expr, f func(Expr) Expr) Expr {
	if e == nil {
		return nil
	}
	if r := f(e); r != nil {
		return r
	}
	list := func(es []Expr) []Expr {
		out := make([]Expr, len(es))
		for i, x := range es {
			out[i] = Rewrite(x, f)
		}
		return out
	}
	switch e := e.(type) {
	case *Call:
		return &Call{e.Fn, list(e.Args), e.T}
	case *Cast:
		return &Cast{Rewrite(e.X, f), e.T, e.Try}
	case *Case:
		c := &Case{Whens: make([]When, len(e.Whens)), T: e.T}
		for i, w := range e.Whens {
			c.Whens[i] = When{Rewrite(w.Cond, f), Rewrite(w.Then, f)}
		}
		if e.Else != nil {
			c.Else = Rewrite(e.Else, f)
		}
		return c
	case *In:
		return &In{Rewrite(e.X, f), list(e.List), e.Not}
	case *InSet:
		return &InSet{Rewrite(e.X, f), e.Set}
	case *Sub:
		s := *e
		if e.X != nil {
			s.X = Rewrite(e.X, f)
		}
		return &s
	case *List:
		l := *e
		l.Elems = list(e.Elems)
		return &l
	}
	return e
}

// Uses calls f with every column that the expression reads, those read inside of sub-queries included.
func Uses(e Expr, f func(ColID)) {
	switch e := e.(type) {
	case nil:
		return
	case *Col:
		f(e.ID)
	case *Sub:
		Walk(e.Query, func(n Node) {
			for _, x := range Exprs(n) {
				Uses(x, f)
			}
		})
	}
	for _, c := range Children(e) {
		Uses(c, f)
	}
}

// UsesOnly reports whether every column that e reads is in set.
func UsesOnly(e Expr, set map[ColID]bool) bool {
	ok := true
	Uses(e, func(c ColID) { ok = ok && set[c] })
	return ok
}

// HasSub reports a sub-query within e.
func HasSub(e Expr) bool {
	if _, ok := e.(*Sub); ok {
		return true
	}
	for _, c := range Children(e) {
		if HasSub(c) {
			return true
		}
	}
	return false
}

// MaxSize is how many parts an expression may have once parts that occur twice are written out twice. Rules and the binder keep below
// it: nesting doubles such parts with every level, so that a short text could otherwise make an expression without end.
const MaxSize = 20_000

// Size counts the parts of e, up to MaxSize + 1.
func Size(e Expr) int {
	n := 0
	grow(e, &n)
	return n
}

func grow(e Expr, n *int) {
	if *n++; *n > MaxSize {
		return
	}
	for _, c := range Children(e) {
		grow(c, n)
	}
}

// Const reports an expression that reads no column and no sub-query.
func Const(e Expr) bool {
	ok := !HasSub(e)
	Uses(e, func(ColID) { ok = false })
	return ok
}

package sql

import "strconv"

// Expr is a scalar expression.
type Expr interface {
	Node
	expr()
}

// LiteralKind tells what a Literal is.
type LiteralKind uint8

const (
	LitNull   LiteralKind = iota
	LitBool               // Text is "true" or "false"
	LitInt                // Text is digits, possibly after a minus sign; may exceed 64 bits
	LitFloat              // Text has a point or an exponent, possibly after a minus sign
	LitString             // Text is the value
	LitBytes              // Text holds the bytes
)

// Literal is a constant. A minus sign directly before a number is part of the literal.
type Literal struct {
	Pos
	Kind LiteralKind
	Text string
}

// Int64 is the value of a LitInt, if it fits.
func (l *Literal) Int64() (int64, bool) {
	if l.Kind != LitInt {
		return 0, false
	}
	v, err := strconv.ParseInt(l.Text, 10, 64)
	return v, err == nil
}

// Uint64 is the value of a LitInt, if it fits.
func (l *Literal) Uint64() (uint64, bool) {
	if l.Kind != LitInt {
		return 0, false
	}
	v, err := strconv.ParseUint(l.Text, 10, 64)
	return v, err == nil
}

// Float64 is the value of a LitInt or LitFloat; ±Inf where it is out of range.
func (l *Literal) Float64() (float64, bool) {
	if l.Kind != LitInt && l.Kind != LitFloat {
		return 0, false
	}
	v, err := strconv.ParseFloat(l.Text, 64)
	if e, ok := err.(*strconv.NumError); ok && e.Err == strconv.ErrRange {
		return v, true
	}
	return v, err == nil
}

// IntervalLit is INTERVAL value [unit [TO unit]]. When Value is a string or a number, ParseInterval of its text and Unit
// gives the value.
type IntervalLit struct {
	Pos
	Value Expr   // usually a LitString
	Unit  string // upper-case as written ("DAY", "DAYS"), or ""
	To    string // upper-case, or ""
}

// TypedLit is a string literal after a type name: TIMESTAMP '2024-01-01 00:00:00'.
type TypedLit struct {
	Pos
	Type *TypeName
	Text string
}

// ColumnRef is a possibly qualified column name. Which part is the table is for the binder to find out.
type ColumnRef struct {
	Pos
	Name ObjectName
}

// Star is * or t.*, as a select item or a function argument.
type Star struct {
	Pos
	Qualifier ObjectName   // nil for a bare *
	Except    []Ident      // columns left out
	Replace   []SelectItem // columns computed otherwise; every item has an alias
}

// Placeholder is a parameter of a prepared statement: ? or $n.
type Placeholder struct {
	Pos
	Index int  // 1-based; for ? its place among the ? of the statement
	Named bool // written $n
}

// Variable is a session variable: @@name, @@session.name, or @name.
type Variable struct {
	Pos
	Name string // as written, with its @ signs
}

// Default is the word DEFAULT in a list of values.
type Default struct{ Pos }

// Op is an operator of Unary and Binary.
type Op uint8

const (
	OpInvalid Op = iota
	OpOr
	OpXor
	OpAnd
	OpNot // unary
	OpEq
	OpNe
	OpLt
	OpLe
	OpGt
	OpGe
	OpRegex      // ~
	OpRegexI     // ~*
	OpNotRegex   // !~
	OpNotRegexI  // !~*
	OpMatches    // @@
	OpContains   // @>
	OpContained  // <@
	OpArrow      // ->
	OpLongArrow  // ->>
	OpBitOr      // |
	OpCaret      // ^
	OpHash       // #
	OpShiftLeft  // <<
	OpShiftRight // >>
	OpBitAnd     // &
	OpAdd
	OpSub
	OpMul
	OpDiv
	OpMod
	OpIntDiv // DIV
	OpConcat // ||
	OpNeg    // unary -
	OpPos    // unary +
	OpBitNot // unary ~
)

var opText = [...]string{
	OpInvalid: "?", OpOr: "OR", OpXor: "XOR", OpAnd: "AND", OpNot: "NOT", OpEq: "=", OpNe: "!=", OpLt: "<", OpLe: "<=", OpGt: ">", OpGe: ">=",
	OpRegex: "~", OpRegexI: "~*", OpNotRegex: "!~", OpNotRegexI: "!~*", OpMatches: "@@", OpContains: "@>", OpContained: "<@",
	OpArrow: "->", OpLongArrow: "->>", OpBitOr: "|", OpCaret: "^", OpHash: "#", OpShiftLeft: "<<", OpShiftRight: ">>", OpBitAnd: "&",
	OpAdd: "+", OpSub: "-", OpMul: "*", OpDiv: "/", OpMod: "%", OpIntDiv: "DIV", OpConcat: "||", OpNeg: "-", OpPos: "+", OpBitNot: "~",
}

func (o Op) String() string {
	if int(o) < len(opText) {
		return opText[o]
	}
	return "?"
}

// Comparison reports whether o is one of = != < <= > >=.
func (o Op) Comparison() bool { return o >= OpEq && o <= OpGe }

// Unary is OpNot, OpNeg, OpPos or OpBitNot before an operand.
type Unary struct {
	Pos
	Op Op
	X  Expr
}

// Binary is an operator between two operands.
type Binary struct {
	Pos
	Op   Op
	L, R Expr
}

// Truth is what IsTest tests for.
type Truth uint8

const (
	IsNull Truth = iota
	IsTrue
	IsFalse
	IsUnknown
)

// IsTest is x IS [NOT] {NULL|TRUE|FALSE|UNKNOWN}.
type IsTest struct {
	Pos
	X    Expr
	Not  bool
	What Truth
}

// IsDistinct is l IS [NOT] DISTINCT FROM r; <=> is the NOT form.
type IsDistinct struct {
	Pos
	L, R Expr
	Not  bool
}

// Between is x [NOT] BETWEEN low AND high, both inclusive.
type Between struct {
	Pos
	X, Low, High Expr
	Not          bool
}

// InList is x [NOT] IN (list); the list is not empty.
type InList struct {
	Pos
	X    Expr
	List []Expr
	Not  bool
}

// InQuery is x [NOT] IN (query).
type InQuery struct {
	Pos
	X     Expr
	Query *Query
	Not   bool
}

// LikeKind is the pattern language of Like.
type LikeKind uint8

const (
	LikePlain   LikeKind = iota // LIKE
	LikeNoCase                  // ILIKE
	LikeSimilar                 // SIMILAR TO
	LikeRegexp                  // REGEXP, RLIKE
)

// Like is x [NOT] {LIKE|ILIKE|SIMILAR TO|REGEXP} pattern [ESCAPE 'c'].
type Like struct {
	Pos
	X, Pattern Expr
	Kind       LikeKind
	Not        bool
	Escape     string // "" when not given
}

// Quantified is x op {ANY|ALL} (query or array).
type Quantified struct {
	Pos
	X     Expr
	Op    Op
	All   bool
	Query *Query // one of Query and Array is set
	Array Expr
}

// Exists is EXISTS (query); NOT EXISTS is a Unary around it.
type Exists struct {
	Pos
	Query *Query
}

// Subquery is a query in the place of a value.
type Subquery struct {
	Pos
	Query *Query
}

// When is a branch of Case.
type When struct{ Cond, Then Expr }

// Case is CASE [operand] WHEN … THEN … [ELSE …] END.
type Case struct {
	Pos
	Operand Expr // may be nil
	Whens   []When
	Else    Expr // may be nil
}

// Cast is CAST(x AS type), x::type or, with Try, TRY_CAST.
type Cast struct {
	Pos
	X    Expr
	Type *TypeName
	Try  bool
}

// Extract is EXTRACT(field FROM x).
type Extract struct {
	Pos
	Field string // upper-case
	X     Expr
}

// AtTimeZone is x AT TIME ZONE zone.
type AtTimeZone struct {
	Pos
	X, Zone Expr
}

// Collate is x COLLATE name.
type Collate struct {
	Pos
	X    Expr
	Name ObjectName
}

// Arg is an argument of a function call.
type Arg struct {
	Name Ident // of `name => value`; empty otherwise
	Expr Expr  // may be a *Star
}

// NullTreatment is IGNORE NULLS or RESPECT NULLS of a function call.
type NullTreatment uint8

const (
	NullsUnset NullTreatment = iota
	NullsIgnored
	NullsRespected
)

// FuncCall is a call of a scalar, aggregate, window or table function.
//
// Special syntaxes are rewritten to plain calls: CURRENT_TIMESTAMP to current_timestamp(), POSITION(a IN b) to
// strpos(b, a), SUBSTRING(s FROM a FOR b) to substring(s, a, b), TRIM(BOTH a FROM b) to btrim(b, a).
type FuncCall struct {
	Pos
	Name        ObjectName
	Args        []Arg
	Distinct    bool
	OrderBy     []OrderItem // inside the parentheses
	Nulls       NullTreatment
	WithinGroup []OrderItem
	Filter      Expr        // may be nil
	Over        *WindowSpec // nil when not a window call
}

// FuncName is the last part of the function's name; built-in functions have one part.
func (f *FuncCall) FuncName() string { return f.Name.Base() }

// WindowSpec is what follows OVER, or a definition of the WINDOW clause.
type WindowSpec struct {
	Pos
	Base        Ident // window this one refers to or extends; empty for none
	Ref         bool  // OVER name, without parentheses
	PartitionBy []Expr
	OrderBy     []OrderItem
	Frame       *Frame // nil for the default
}

// FrameUnit is the unit frames count in.
type FrameUnit uint8

const (
	FrameRows FrameUnit = iota
	FrameRange
	FrameGroups
)

// BoundKind is an end of a frame.
type BoundKind uint8

const (
	UnboundedPreceding BoundKind = iota
	Preceding
	CurrentRow
	Following
	UnboundedFollowing
)

// Bound is an end of a frame; N is set for Preceding and Following.
type Bound struct {
	Kind BoundKind
	N    Expr
}

// Frame is a window frame, both ends inclusive. A frame written without BETWEEN ends at the current row.
type Frame struct {
	Unit       FrameUnit
	Start, End Bound
}

// ArrayLit is [a, b] or ARRAY[a, b].
type ArrayLit struct {
	Pos
	Elems []Expr
}

// StructField is a member of StructLit.
type StructField struct {
	Name  string
	Value Expr
}

// StructLit is {name: value, …}.
type StructLit struct {
	Pos
	Fields []StructField
}

// MapEntry is an entry of MapLit.
type MapEntry struct{ Key, Value Expr }

// MapLit is MAP {key: value, …}.
type MapLit struct {
	Pos
	Entries []MapEntry
}

// Row is (a, b) or ROW(a).
type Row struct {
	Pos
	Elems []Expr
}

// Index is x[i].
type Index struct {
	Pos
	X, I Expr
}

// Slice is x[lo:hi] or x[lo:hi:step]; each of the three may be nil.
type Slice struct {
	Pos
	X, Lo, Hi, Step Expr
}

// Field is (x).name for an x that is not itself a name.
type Field struct {
	Pos
	X    Expr
	Name Ident
}

// GroupingKind is the kind of a Grouping.
type GroupingKind uint8

const (
	GroupingSets GroupingKind = iota
	Rollup
	Cube
)

// Grouping is GROUPING SETS, ROLLUP or CUBE; it occurs only in GROUP BY.
type Grouping struct {
	Pos
	Kind GroupingKind
	Sets [][]Expr
}

// FillKind says how empty slots of a range query are filled.
type FillKind uint8

const (
	FillNull FillKind = iota
	FillPrev
	FillLinear
	FillConst
)

// Fill is FILL {NULL|PREV|LINEAR|constant}.
type Fill struct {
	Pos
	Kind  FillKind
	Const *Literal // of FillConst
}

// RangeExpr is x RANGE duration [FILL …]: an aggregate, or an expression of aggregates, over a sliding window.
type RangeExpr struct {
	Pos
	X    Expr
	Dur  Duration
	Fill *Fill // nil when not given
}

func (*Literal) expr()     {}
func (*IntervalLit) expr() {}
func (*TypedLit) expr()    {}
func (*ColumnRef) expr()   {}
func (*Star) expr()        {}
func (*Placeholder) expr() {}
func (*Variable) expr()    {}
func (*Default) expr()     {}
func (*Unary) expr()       {}
func (*Binary) expr()      {}
func (*IsTest) expr()      {}
func (*IsDistinct) expr()  {}
func (*Between) expr()     {}
func (*InList) expr()      {}
func (*InQuery) expr()     {}
func (*Like) expr()        {}
func (*Quantified) expr()  {}
func (*Exists) expr()      {}
func (*Subquery) expr()    {}
func (*Case) expr()        {}
func (*Cast) expr()        {}
func (*Extract) expr()     {}
func (*AtTimeZone) expr()  {}
func (*Collate) expr()     {}
func (*FuncCall) expr()    {}
func (*ArrayLit) expr()    {}
func (*StructLit) expr()   {}
func (*MapLit) expr()      {}
func (*Row) expr()         {}
func (*Index) expr()       {}
func (*Slice) expr()       {}
func (*Field) expr()       {}
func (*Grouping) expr()    {}
func (*RangeExpr) expr()   {}

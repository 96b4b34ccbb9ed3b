package sql

// QueryStmt is a query as a statement.
type QueryStmt struct {
	Stmt
	Query *Query
}

// Query is [WITH …] body [ORDER BY …] [LIMIT …] [OFFSET …].
type Query struct {
	Pos
	With    []CTE
	Recurse bool // WITH RECURSIVE
	Body    QueryBody
	OrderBy []OrderItem
	Limit   Expr // nil for none; FETCH FIRST n ROWS ends up here too
	Offset  Expr // nil for none
}

// CTE is one definition of WITH. Body is a *QueryStmt or a *TQL.
type CTE struct {
	Name    Ident
	Columns []Ident
	Body    Statement
}

// QueryBody is a *Select, *SetOp, *Values or, in parentheses, a *Query.
type QueryBody interface {
	Node
	queryBody()
}

// OrderItem is one key of ORDER BY. Without NULLS the default is last for ascending, first for descending.
type OrderItem struct {
	Expr       Expr
	Desc       bool
	NullsGiven bool
	NullsFirst bool // meaningful when NullsGiven
}

// SelectItem is one column of the select list. Alias.Name is "" when none was given.
type SelectItem struct {
	Expr  Expr
	Alias Ident
}

// NamedWindow is a definition of the WINDOW clause.
type NamedWindow struct {
	Name Ident
	Spec *WindowSpec
}

// Select is one SELECT without what stands around it.
type Select struct {
	Pos
	Distinct   bool
	DistinctOn []Expr // DISTINCT ON (…); Distinct is true too
	Items      []SelectItem
	From       []TableExpr // comma list
	Where      Expr
	GroupAll   bool   // GROUP BY ALL
	GroupBy    []Expr // may hold *Grouping
	Having     Expr
	Windows    []NamedWindow
	Qualify    Expr
	Align      *Align // nil unless a range query
}

// Align is the ALIGN clause of a range query.
type Align struct {
	Pos
	Every Duration
	// To is the origin: nil, a LitString, the ColumnRef of a bare word (NOW, CALENDAR), or a constant expression.
	To    Expr
	HasBy bool // BY was given, possibly empty
	By    []Expr
	Fill  *Fill // default for items without one, or nil
}

// SetOpKind is a set operation.
type SetOpKind uint8

const (
	Union SetOpKind = iota
	Except
	Intersect
)

func (k SetOpKind) String() string { return [...]string{"UNION", "EXCEPT", "INTERSECT"}[k] }

// SetOp combines two queries.
type SetOp struct {
	Pos
	Kind SetOpKind
	All  bool
	L, R QueryBody
}

// Values is VALUES (…), (…).
type Values struct {
	Pos
	Rows [][]Expr
}

func (*Select) queryBody() {}
func (*SetOp) queryBody()  {}
func (*Values) queryBody() {}
func (*Query) queryBody()  {}

// TableExpr is an item of FROM.
type TableExpr interface {
	Node
	tableExpr()
}

// Alias names a table and, if given, its columns.
type Alias struct {
	Name    Ident
	Columns []Ident
}

// TableRef is a table or view by name.
type TableRef struct {
	Pos
	Name  ObjectName
	Alias *Alias // nil for none
}

// TableFunc is a function call in FROM, such as generate_series(1, 3).
type TableFunc struct {
	Pos
	Lateral bool
	Call    *FuncCall
	Ordinal bool // WITH ORDINALITY: a last column counts the rows
	Alias   *Alias
}

// Derived is a query in FROM.
type Derived struct {
	Pos
	Lateral bool
	Query   *Query
	Alias   *Alias
}

// JoinKind is the kind of a join.
type JoinKind uint8

const (
	InnerJoin JoinKind = iota
	LeftJoin
	RightJoin
	FullJoin
	CrossJoin
	LeftSemiJoin
	RightSemiJoin
	LeftAntiJoin
	RightAntiJoin
)

func (k JoinKind) String() string {
	return [...]string{"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "LEFT SEMI JOIN", "RIGHT SEMI JOIN",
		"LEFT ANTI JOIN", "RIGHT ANTI JOIN"}[k]
}

// Join joins two tables. At most one of Natural, Using and On is set; a cross join has none.
type Join struct {
	Pos
	Kind    JoinKind
	Natural bool
	L, R    TableExpr
	On      Expr
	Using   []Ident
}

// Nested is a join in parentheses that has an alias; parentheses without an alias leave no node.
type Nested struct {
	Pos
	Table TableExpr
	Alias *Alias
}

func (*TableRef) tableExpr()  {}
func (*TableFunc) tableExpr() {}
func (*Derived) tableExpr()   {}
func (*Join) tableExpr()      {}
func (*Nested) tableExpr()    {}

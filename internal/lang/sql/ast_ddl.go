package sql

// CreateDatabase is CREATE {DATABASE|SCHEMA}.
type CreateDatabase struct {
	Stmt
	IfNotExists bool
	Name        ObjectName // [catalog.]database
	Options     Options
}

// AlterDatabase is ALTER DATABASE … {SET|UNSET}; one of Set and Unset is filled.
type AlterDatabase struct {
	Stmt
	Name  ObjectName
	Set   Options
	Unset []string
}

// ColumnDef is a column of CREATE TABLE or ALTER TABLE ADD COLUMN.
type ColumnDef struct {
	Pos
	Name    Ident
	Type    *TypeName
	Null    bool // NULL was written
	NotNull bool // NOT NULL was written
	Default Expr // nil for none; a Literal or a FuncCall when it can be honoured
	// PrimaryKey and TimeIndex are the column's own options. In a CreateTable they are moved to the table's lists.
	PrimaryKey bool
	TimeIndex  bool
	Comment    string
	HasComment bool
	Indexes    []IndexDef
}

// IndexKind is a kind of secondary index.
type IndexKind uint8

const (
	InvertedIndex IndexKind = iota
	SkippingIndex
	FulltextIndex
	VectorIndex
)

func (k IndexKind) String() string {
	return [...]string{"INVERTED", "SKIPPING", "FULLTEXT", "VECTOR"}[k]
}

// IndexDef is an index option of a column.
type IndexDef struct {
	Pos
	Kind    IndexKind
	Options Options
}

// CreateTable is CREATE [EXTERNAL] TABLE with a column list. Parse has checked that keys and time index name columns
// (see Validate); an external table may lack both columns and time index.
type CreateTable struct {
	Stmt
	External    bool
	IfNotExists bool
	Name        ObjectName
	Columns     []ColumnDef
	TimeIndex   Ident   // empty only for external tables
	PrimaryKey  []Ident // in key order
	Partitions  *Partitions
	Engine      string // lower-case; "" when not given
	Options     Options
}

// Column finds a column by name.
func (c *CreateTable) Column(name string) *ColumnDef {
	for i := range c.Columns {
		if c.Columns[i].Name.Name == name {
			return &c.Columns[i]
		}
	}
	return nil
}

// Partitions is PARTITION ON COLUMNS (…) (rule, …).
type Partitions struct {
	Pos
	Columns []Ident
	Rules   []Expr
}

// CreateTableLike is CREATE TABLE new LIKE existing.
type CreateTableLike struct {
	Stmt
	IfNotExists bool
	Name        ObjectName
	Like        ObjectName
}

// CreateView is CREATE VIEW … AS query. Body is a *QueryStmt or a *TQL; its Source is the view's definition.
type CreateView struct {
	Stmt
	OrReplace   bool
	IfNotExists bool
	Name        ObjectName
	Columns     []Ident
	Body        Statement
}

// CreateFlow is CREATE FLOW. Body is a *QueryStmt or a *TQL; its Source is the flow's definition.
type CreateFlow struct {
	Stmt
	OrReplace    bool
	IfNotExists  bool
	Name         ObjectName // [catalog.]flow
	Sink         ObjectName
	ExpireAfter  Expr // LitInt seconds or an interval, or nil
	EvalInterval Expr // an interval, or nil
	Comment      string
	HasComment   bool
	Options      Options
	Body         Statement
}

// ObjectKind is what a DROP, COMMENT ON or SHOW CREATE names.
type ObjectKind uint8

const (
	ObjTable ObjectKind = iota
	ObjDatabase
	ObjView
	ObjFlow
	ObjColumn
)

func (k ObjectKind) String() string {
	return [...]string{"TABLE", "DATABASE", "VIEW", "FLOW", "COLUMN"}[k]
}

// Drop is DROP {TABLE|DATABASE|VIEW|FLOW}; only tables come in numbers.
type Drop struct {
	Stmt
	Kind     ObjectKind
	IfExists bool
	Names    []ObjectName
}

// FileRange is a half-open range of time literals of TRUNCATE … FILE RANGE.
type FileRange struct{ From, To Expr }

// Truncate is TRUNCATE [TABLE] t [FILE RANGE (a, b), …].
type Truncate struct {
	Stmt
	Table  ObjectName
	Ranges []FileRange
}

// CommentOn is COMMENT ON {TABLE|COLUMN|FLOW} name IS {'text'|NULL}. For a column the last part of Name is the column.
type CommentOn struct {
	Stmt
	Kind ObjectKind
	Name ObjectName
	Text string
	Null bool
}

// AlterTable is ALTER TABLE. All Ops are of one kind.
type AlterTable struct {
	Stmt
	Name    ObjectName
	Ops     []AlterOp
	Options Options // WITH (timeout=…, wait=…)
}

// AlterOp is one change of a table.
type AlterOp interface{ alterOp() }

// AddColumn is ADD [COLUMN].
type AddColumn struct {
	IfNotExists bool
	Column      ColumnDef
	First       bool
	After       Ident // empty when not given
}

// DropColumn is DROP COLUMN.
type DropColumn struct{ Name Ident }

// ModifyType is MODIFY COLUMN c type.
type ModifyType struct {
	Name Ident
	Type *TypeName
}

// SetDefault is MODIFY COLUMN c SET DEFAULT expr.
type SetDefault struct {
	Name    Ident
	Default Expr
}

// DropDefault is MODIFY COLUMN c DROP DEFAULT.
type DropDefault struct{ Name Ident }

// SetIndex is MODIFY COLUMN c SET … INDEX.
type SetIndex struct {
	Name  Ident
	Index IndexDef
}

// UnsetIndex is MODIFY COLUMN c UNSET … INDEX.
type UnsetIndex struct {
	Name Ident
	Kind IndexKind
}

// RenameTable is RENAME new.
type RenameTable struct{ To Ident }

// SetOptions is SET 'k'='v', ….
type SetOptions struct{ Options Options }

// UnsetOptions is UNSET 'k', ….
type UnsetOptions struct{ Keys []string }

// PartitionTable is PARTITION ON COLUMNS (…) (…).
type PartitionTable struct{ Partitions Partitions }

// Repartition is REPARTITION (from) [ON COLUMNS (…)] INTO (to); SPLIT PARTITION and MERGE PARTITION are forms of it:
// a split has one From, a merge has an empty Into.
type Repartition struct {
	Split, Merge bool
	From         []Expr
	Columns      []Ident
	Into         []Expr
}

func (*AddColumn) alterOp()      {}
func (*DropColumn) alterOp()     {}
func (*ModifyType) alterOp()     {}
func (*SetDefault) alterOp()     {}
func (*DropDefault) alterOp()    {}
func (*SetIndex) alterOp()       {}
func (*UnsetIndex) alterOp()     {}
func (*RenameTable) alterOp()    {}
func (*SetOptions) alterOp()     {}
func (*UnsetOptions) alterOp()   {}
func (*PartitionTable) alterOp() {}
func (*Repartition) alterOp()    {}

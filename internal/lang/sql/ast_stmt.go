package sql

// Insert is INSERT INTO or REPLACE INTO. Either Rows or Query is set.
type Insert struct {
	Stmt
	Replace bool
	Table   ObjectName
	Columns []Ident // nil: all columns in table order
	// Rows are the VALUES. Their literals live in shared arrays: keeping one row keeps its neighbours.
	Rows  [][]Expr
	Query *Query
}

// Delete is DELETE FROM t [WHERE …].
type Delete struct {
	Stmt
	Table ObjectName
	Where Expr // nil: all rows
}

// CopyTable is COPY t {TO|FROM} 'location'.
type CopyTable struct {
	Stmt
	Table      ObjectName
	From       bool // FROM: into the table
	Location   string
	With       Options
	Connection Options
	Limit      Expr // only FROM; nil for none
}

// CopyQuery is COPY (query) TO {'location'|STDOUT}. Body is a *QueryStmt or a *TQL.
type CopyQuery struct {
	Stmt
	Body       Statement
	Stdout     bool
	Location   string
	With       Options // for STDOUT: format
	Connection Options
}

// CopyDatabase is COPY DATABASE d {TO|FROM} 'dir/'.
type CopyDatabase struct {
	Stmt
	Database   ObjectName
	From       bool
	Location   string
	With       Options
	Connection Options
}

// ShowKind is what a Show lists.
type ShowKind uint8

const (
	ShowDatabases ShowKind = iota
	ShowTables
	ShowTableStatus
	ShowColumns
	ShowIndex
	ShowRegion
	ShowViews
	ShowFlows
	ShowFlowStatus
	ShowProcesslist
	ShowCharset
	ShowCollation
	ShowStatus
	ShowVariables
	ShowWarnings
	ShowSearchPath
)

var showText = [...]string{
	ShowDatabases: "DATABASES", ShowTables: "TABLES", ShowTableStatus: "TABLE STATUS", ShowColumns: "COLUMNS", ShowIndex: "INDEX",
	ShowRegion: "REGION", ShowViews: "VIEWS", ShowFlows: "FLOWS", ShowFlowStatus: "FLOW STATUS", ShowProcesslist: "PROCESSLIST",
	ShowCharset: "CHARSET", ShowCollation: "COLLATION", ShowStatus: "STATUS", ShowVariables: "VARIABLES", ShowWarnings: "WARNINGS",
	ShowSearchPath: "SEARCH_PATH",
}

func (k ShowKind) String() string { return showText[k] }

// Show is a SHOW that lists things.
type Show struct {
	Stmt
	Kind     ShowKind
	Full     bool
	Table    ObjectName // of COLUMNS, INDEX, REGION
	Database Ident      // of {IN|FROM} db; empty when not given
	HasLike  bool
	Like     string // pattern
	Where    Expr   // over the shown column names, to be matched without regard to case; or nil
}

// ShowCreate is SHOW CREATE {TABLE|DATABASE|VIEW|FLOW} name.
type ShowCreate struct {
	Stmt
	Kind    ObjectKind
	Name    ObjectName
	Variant string // lower-case word after FOR (postgres_foreign_table), or ""
}

// ShowVariable is SHOW [VARIABLES] name.
type ShowVariable struct {
	Stmt
	Name string // as written, parts joined by dots or blanks
}

// Describe is {DESCRIBE|DESC} [TABLE] t.
type Describe struct {
	Stmt
	Table ObjectName
}

// Use is USE db.
type Use struct {
	Stmt
	Database ObjectName
}

// Explain is EXPLAIN [ANALYZE] [VERBOSE] [FORMAT f] statement.
type Explain struct {
	Stmt
	Analyze, Verbose bool
	Format           string // lower-case, or ""
	Body             Statement
}

// TQLKind is the verb of a TQL statement.
type TQLKind uint8

const (
	TQLEval TQLKind = iota
	TQLExplain
	TQLAnalyze
)

func (k TQLKind) String() string { return [...]string{"EVAL", "EXPLAIN", "ANALYZE"}[k] }

// TQL evaluates PromQL. Query is the PromQL text, unparsed.
type TQL struct {
	Stmt
	Kind     TQLKind
	Verbose  bool
	Format   string // lower-case, or ""
	Start    Expr   // when no parameters were given (EXPLAIN): 0, 0 and '5m'
	End      Expr
	Step     Expr
	Lookback Expr // nil when not given
	Query    string
	Alias    Ident // of the value column; empty when not given
}

// Assignment is one variable of SET. Values has one element except for lists (SET datestyle = ISO, MDY).
type Assignment struct {
	Scope  string // "", "local", "session" or "global"
	Name   string // lower-case, parts joined by dots, without @@ but with the @ of a user variable; also "time zone", "names", "character set"
	Raw    string // as written
	Values []Expr // a bare word is a ColumnRef with its name as written
}

// Set is SET variable = value, ….
type Set struct {
	Stmt
	Vars []Assignment
}

// SetTransaction is SET [SESSION] TRANSACTION …, kept only as text.
type SetTransaction struct{ Stmt }

// Transaction is BEGIN, START TRANSACTION, COMMIT, ROLLBACK or END.
type Transaction struct {
	Stmt
	Kind TransactionKind
}

// TransactionKind is the verb of a Transaction.
type TransactionKind uint8

const (
	Begin TransactionKind = iota
	Commit
	Rollback
	Savepoint
	ReleaseSavepoint
	RollbackTo
)

func (k TransactionKind) String() string {
	return [...]string{"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "RELEASE SAVEPOINT s", "ROLLBACK TO SAVEPOINT s"}[k]
}

// Kill is KILL 'addr/id' or KILL [QUERY|CONNECTION] n.
type Kill struct {
	Stmt
	Query bool // KILL QUERY
	ID    string
}

// Admin is ADMIN fn(args). The header of its result is Source().
type Admin struct {
	Stmt
	Call *FuncCall
}

// Prepare is PREPARE s [(types)] AS statement, or PREPARE s FROM 'text'.
type Prepare struct {
	Stmt
	Name  Ident
	Types []*TypeName
	Body  Statement // of AS; nil for FROM
	Text  string    // of FROM
}

// Execute is EXECUTE s [(args)] or EXECUTE s USING args.
type Execute struct {
	Stmt
	Name  Ident
	Using bool
	Args  []Expr
}

// Deallocate is DEALLOCATE [PREPARE] {s|ALL}; an empty Name means ALL.
type Deallocate struct {
	Stmt
	Name Ident
}

// DeclareCursor is DECLARE c CURSOR FOR query. Body is a *QueryStmt or a *TQL.
type DeclareCursor struct {
	Stmt
	Name Ident
	Body Statement
}

// FetchCursor is FETCH n [FROM|IN] c.
type FetchCursor struct {
	Stmt
	Count uint64
	All   bool // FETCH ALL
	Name  Ident
}

// CloseCursor is CLOSE c; an empty Name means ALL.
type CloseCursor struct {
	Stmt
	Name Ident
}

package sql

// Node is any part of the tree that Walk visits: a Statement, *Query, QueryBody, TableExpr or Expr.
type Node interface {
	// Position is the byte offset in the parsed text at which the node starts (for operators: of the operator).
	Position() int
}

// Pos is a byte offset in the parsed text. Nodes embed it.
type Pos int

// Position returns p.
func (p Pos) Position() int { return int(p) }

// Statement is one statement.
type Statement interface {
	Node
	// Source is the statement's text as it was written, without the semicolon and surrounding blanks.
	Source() string
	setSource(string)
	statement()
}

// Stmt is what all statements have in common.
type Stmt struct {
	Pos
	Src string
}

// Source implements Statement.
func (s *Stmt) Source() string     { return s.Src }
func (s *Stmt) setSource(t string) { s.Src = t }
func (s *Stmt) statement()         {}

// Ident is an identifier. Name is what catalogs compare: an unquoted identifier is already folded to lower case, a
// quoted one is as written, without its quotes.
type Ident struct {
	Name   string
	Quoted bool // written with quotes
	Pos    Pos
}

// ObjectName is a possibly qualified name, outermost qualifier first: catalog, database, table.
type ObjectName []Ident

// Base is the last part of the name, "" for an empty name.
func (n ObjectName) Base() string {
	if len(n) == 0 {
		return ""
	}
	return n[len(n)-1].Name
}

// Position is where the name starts.
func (n ObjectName) Position() int {
	if len(n) == 0 {
		return 0
	}
	return int(n[0].Pos)
}

// Split gives the three parts of a table name; what was not written is "".
func (n ObjectName) Split() (catalog, database, table string) {
	switch len(n) {
	case 1:
		return "", "", n[0].Name
	case 2:
		return "", n[0].Name, n[1].Name
	case 3:
		return n[0].Name, n[1].Name, n[2].Name
	}
	return "", "", ""
}

// Option is one `key = value` of an option list.
type Option struct {
	Pos
	Key   string // lower-cased
	Value string // text of the value; "" for NULL
	Null  bool   // the value was NULL (only ALTER … SET)
	// Bare is true when the value was a number, a boolean or a word, so that it prints without quotes.
	Bare bool
}

// Secret reports whether the value must not be shown or logged.
func (o Option) Secret() bool {
	switch o.Key {
	case "access_key_id", "secret_access_key", "session_token", "account_key", "sas_token", "credential":
		return true
	}
	return false
}

// Options is an option list in the order written.
type Options []Option

// Get returns the value of the last option with this key.
func (o Options) Get(key string) (string, bool) {
	for i := len(o) - 1; i >= 0; i-- {
		if o[i].Key == key {
			return o[i].Value, true
		}
	}
	return "", false
}

// Duration is a length of time in RANGE and ALIGN: either PromQL duration text or an interval expression.
type Duration struct {
	Pos
	Text   string // as written; "" when Expr is set
	Millis int64  // value of Text, > 0; 0 when Expr is set
	Expr   Expr   // constant interval expression, or nil
}

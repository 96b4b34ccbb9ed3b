// Package sql turns SQL text into a typed tree and back.
//
//	stmts, err := sql.Parse("SELECT avg(v) RANGE '5m' FROM t ALIGN '1m'", sql.Greptime)
//
// The parser is recursive descent with precedence climbing over a lexer that produces one token at a time; it
// accepts the whole dialect, including statements that are carried out elsewhere or not at all: what cannot be done
// is for the room that would have to do it to say. Names are left unresolved; identifiers are already folded
// (see Ident). Nothing here knows tables, functions or types beyond their spelling; types.go alone maps type names
// to the kinds a column can have.
//
// Words:
//
//	Statement  what stands between two semicolons; keeps its source text
//	Query      a SELECT, VALUES or set operation with WITH, ORDER BY and LIMIT around it
//	TableExpr  an item of FROM
//	Expr       a scalar expression
//
// Neighbours: query binds and plans the tree, operator carries out what is not a query. Errors carry the status
// codes of base/errs: InvalidSyntax for text that cannot be read, Unsupported for statements that are not offered,
// InvalidArguments for definitions that contradict themselves.
//
// A tree belongs to whoever parsed it. The package keeps no state; any number of goroutines may parse at once.
package sql

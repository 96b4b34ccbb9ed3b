// Package plan is the tree of a query between its text and its execution: relational operators over typed expressions.
//
// Every column that an operator makes has an id of its own, unique in the query (ColID), and expressions name columns by it. So a
// rule can move an expression to another operator, and a correlated sub-query can name a column of the query around it, without any
// renaming. Columns have names for people only.
//
//	bind makes a plan of a sql.Query     rule makes it cheaper     render turns what scans cannot do into SQL for relational
//
// Plans are changed in place by one goroutine at a time.
package plan

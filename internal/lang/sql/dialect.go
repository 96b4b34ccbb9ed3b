package sql

import "fmt"

// Dialect selects the lexical rules: how identifiers, strings and comments are written. The grammar is the same in
// all of them.
//
//	            "x"                            `x`         '\n'       # at a word's start
//	Greptime    identifier; string in VALUES   identifier  two chars  part of an identifier
//	MySQL       string                         identifier  newline    comment
//	Postgres    identifier                     error       two chars  operator
type Dialect uint8

const (
	Greptime Dialect = iota // HTTP and gRPC
	MySQL                   // MySQL wire protocol
	Postgres                // PostgreSQL wire protocol
)

func (d Dialect) String() string {
	switch d {
	case Greptime:
		return "greptime"
	case MySQL:
		return "mysql"
	case Postgres:
		return "postgres"
	}
	return fmt.Sprintf("Dialect(%d)", uint8(d))
}

// quote is the character the dialect puts around identifiers.
func (d Dialect) quote() byte {
	if d == MySQL {
		return '`'
	}
	return '"'
}

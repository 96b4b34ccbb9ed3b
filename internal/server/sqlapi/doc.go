// Package sqlapi is SQL over HTTP: GET and POST /v1/sql, and /v1/promql, which answers PromQL in the same forms.
//
// Answers are written from vectors straight into bytes, and leave in pieces: a result larger than a piece is never held whole. A
// statement that fails before the first piece has left becomes an error body; later, the connection is cut.
package sqlapi

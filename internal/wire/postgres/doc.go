// Package postgres is how values travel in PostgreSQL's wire protocol, version 3, and how its clients log in. Messages are those of
// pgproto3; what is here is what stands inside of them:
//
//	types.go     our types as PostgreSQL's, by OID
//	row.go       DataRow messages out of batches, text and binary
//	times.go     dates, timestamps and intervals in the styles that a session chooses
//	numeric.go   decimals
//	param.go     parameters, text and binary, into values
//	copy.go      rows of COPY: text, CSV and binary, both ways
//	scram.go     the server's side of SCRAM-SHA-256
//
// Everything is pure: bytes in, bytes out.
package postgres

package postgres

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
)

func (c *conn) copyIn(ctx context.Context, st *sql.CopyStream) (*result, error) {
	return nil, state("0A000", "COPY FROM STDIN")
}
func (c *conn) copyOutTable(ctx context.Context, st *sql.CopyStream) (*result, error) {
	return nil, state("0A000", "COPY TO STDOUT")
}
func (c *conn) copyOut(ctx context.Context, body sql.Statement, with sql.Options) (*result, error) {
	return nil, state("0A000", "COPY TO STDOUT")
}

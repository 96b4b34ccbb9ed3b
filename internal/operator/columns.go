package operator

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Columns are those of a table as queries see them, in order; what has none is errs.TableNotFound.
func (o *Operator) Columns(_ context.Context, sess *model.Session, name sql.ObjectName) ([]model.Column, error) {
	database, table, err := tableName(sess, name)
	if err != nil {
		return nil, err
	}
	t, err := o.catalog.Table(database, table)
	if err != nil {
		return nil, err
	}
	return o.catalog.Shown(t).Columns, nil
}

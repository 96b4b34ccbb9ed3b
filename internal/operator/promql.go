package operator

import (
	"context"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
)

// PromQL evaluates PromQL for TQL statements.
type PromQL interface {
	// TQL gives the values of query at start, start+step … up to end inclusive, as rows: the time, the value, the labels. lookback 0 is
	// the default. alias, if not empty, names the value column.
	TQL(ctx context.Context, sess *model.Session, query string, start, end time.Time, step, lookback time.Duration, alias string) (model.RowStream, error)
}

package promapi

import (
	"context"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Engine evaluates PromQL over the tables of a session's database. It is called by many goroutines at once. A table or column that
// does not exist is no error but gives nothing. Errors carry errs codes: InvalidSyntax for text that does not parse,
// InvalidArguments for text that parses and makes no sense, EngineExecuteQuery for what fails while it runs.
type Engine interface {
	Instant(ctx context.Context, sess *model.Session, q InstantQuery) (*Result, error)
	Range(ctx context.Context, sess *model.Session, q RangeQuery) (*Result, error)
	// Series gives the label sets, with __name__, of the series with samples that one of the selectors matches.
	Series(ctx context.Context, sess *model.Session, s Selection) ([]labels.Labels, annotations.Annotations, error)
	// LabelNames gives the names of labels, sorted, with __name__. Without selectors: of all tables of the database.
	LabelNames(ctx context.Context, sess *model.Session, s Selection) ([]string, annotations.Annotations, error)
	// LabelValues gives the values of a label, sorted. "__name__" gives tables, "__field__" field columns, "__database__",
	// "__schema__" and "x_greptime_database" databases.
	LabelValues(ctx context.Context, sess *model.Session, name string, s Selection) ([]string, annotations.Annotations, error)
	// Metadata describes one metric, or all where metric is empty; limit < 0 is no limit.
	Metadata(ctx context.Context, sess *model.Session, metric string, limit int) (map[string][]Metadata, error)
}

// The requests and answers are the language room's, so that an Engine need not know this room.
type (
	InstantQuery = promql.InstantQuery
	RangeQuery   = promql.RangeQuery
	Selection    = promql.Selection
	Result       = promql.Result
	Metadata     = promql.Metadata
)

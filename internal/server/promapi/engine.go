package promapi

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"

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

// InstantQuery asks for the value of an expression at one time.
type InstantQuery struct {
	Expr     string
	Time     time.Time
	Lookback time.Duration // > 0
}

// RangeQuery asks for the values at Start, Start+Step … up to End inclusive.
type RangeQuery struct {
	Expr       string
	Start, End time.Time     // Start is not after End
	Step       time.Duration // > 0
	Lookback   time.Duration // > 0
}

// Selection is some series in a span of time, both ends inclusive.
type Selection struct {
	Matchers   [][]*labels.Matcher // any of these sets; a series must match all of a set
	Start, End time.Time
	Limit      int // > 0: no more than so many answers are wanted
}

// Result is the value of a query: a promql.Vector, Matrix, Scalar or String.
type Result struct {
	Value    parser.Value
	Warnings annotations.Annotations
	// Close, if not nil, gives back the memory of Value; the receiver calls it once.
	Close func()
}

// Metadata is what is known of a metric. Unknown members are empty.
type Metadata struct {
	Type string `json:"type"`
	Unit string `json:"unit"`
	Help string `json:"help"`
}

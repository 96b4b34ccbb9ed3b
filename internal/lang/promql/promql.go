// Package promql is what those who ask in PromQL and those who answer agree on: how text is read, the requests, and the answers.
package promql

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"
)

// NewParser reads PromQL with all that the language has, experimental functions and modifiers too.
func NewParser() parser.Parser {
	return parser.NewParser(parser.Options{EnableExperimentalFunctions: true, ExperimentalDurationExpr: true,
		EnableExtendedRangeSelectors: true, EnableBinopFillModifiers: true})
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

// TableQuery asks for the values of a range query as rows. Lookback 0 is the default. Alias, if not empty, names the value column, of
// which there may then be one only.
type TableQuery struct {
	RangeQuery
	Alias string
}

// Selection is some series in a span of time, both ends inclusive.
type Selection struct {
	Matchers   [][]*labels.Matcher // any of these sets; a series must match all of a set
	Start, End time.Time
	Limit      int // > 0: no more than so many answers are wanted
}

// Result is the value of a query: a Vector, Matrix, Scalar or String.
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

package index

import (
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Options shape an index. The zero value is every default.
type Options struct {
	// Granularity is how many rows one segment has: of a filter, or of an inverted index. Fewer tell more precisely and take more room.
	// Zero: 10240, of inverted 1024. Posting lists are by row.
	Granularity int
	// FalsePositiveRate is how often a filter may hold what its segment does not, 0 < r ≤ 1. Zero: 0.01.
	FalsePositiveRate float64
	// Analyzer cuts texts into tokens.
	Analyzer analyze.Analyzer
	// CaseSensitive keeps the case of tokens in full-text filters. Off, searches that ignore case can be answered too, and the others less
	// precisely. Posting lists always keep it, and answer both.
	CaseSensitive bool
}

// Defaults and limits.
const (
	DefaultGranularity  = 10240
	DefaultInvertedRows = 1024
	DefaultFalseRate    = 0.01
	maxGranularity      = 1 << 24
)

func (o Options) checked(k Kind) (Options, error) {
	if !k.valid() {
		return o, errs.New(errs.InvalidArguments, "no such kind of index: %d", uint8(k))
	}
	if o.Granularity == 0 {
		o.Granularity = DefaultGranularity
		if k == Inverted {
			o.Granularity = DefaultInvertedRows
		}
	}
	if o.FalsePositiveRate == 0 {
		o.FalsePositiveRate = DefaultFalseRate
	}
	if o.Granularity < 1 || o.Granularity > maxGranularity {
		return o, errs.New(errs.InvalidArguments, "%s index: granularity %d, not 1 to %d", k, o.Granularity, maxGranularity)
	}
	if !(o.FalsePositiveRate > 0 && o.FalsePositiveRate <= 1) {
		return o, errs.New(errs.InvalidArguments, "%s index: false positive rate %g, not above 0 and up to 1", k, o.FalsePositiveRate)
	}
	if o.Analyzer > analyze.Chinese {
		return o, errs.New(errs.InvalidArguments, "%s index: no such analyzer: %d", k, o.Analyzer)
	}
	return o, nil
}

// Spec is an index that a column has by its options.
type Spec struct {
	Kind    Kind
	Options Options
}

// Declared lists the indexes that a column's options ask for, in order of Kind. An option that cannot be read is InvalidArguments and names
// the column; kinds that this package does not build (vector) are left out.
func Declared(c *model.Column) ([]Spec, error) {
	var out []Spec
	if on(c, "inverted_index") {
		out = append(out, Spec{Inverted, Options{}})
	}
	if on(c, "skipping_index") {
		o, err := parseOptions(c, "skipping_index.")
		if err != nil {
			return nil, err
		}
		out = append(out, Spec{Skipping, o})
	}
	if on(c, "fulltext_index") {
		o, err := parseOptions(c, "fulltext_index.")
		if err != nil {
			return nil, err
		}
		k := FulltextBloom
		switch b := c.Options["fulltext_index.backend"]; strings.ToLower(b) {
		case "", "bloom":
		case "tantivy":
			k = FulltextPostings
		default:
			return nil, errs.New(errs.InvalidArguments, "column %q: fulltext index backend %q, not bloom or tantivy", c.Name, b)
		}
		out = append(out, Spec{k, o})
	}
	for i, s := range out {
		o, err := s.Options.checked(s.Kind)
		if err != nil {
			return nil, errs.Wrap(errs.InvalidArguments, err, "column %q", c.Name)
		}
		out[i].Options = o
	}
	return out, nil
}

func on(c *model.Column, key string) bool { return strings.EqualFold(c.Options[key], "true") }

func parseOptions(c *model.Column, prefix string) (o Options, err error) {
	bad := func(key, want string) error {
		return errs.New(errs.InvalidArguments, "column %q: index option %s%s = %q, not %s", c.Name, prefix, key, c.Options[prefix+key], want)
	}
	if s := c.Options[prefix+"granularity"]; s != "" {
		if o.Granularity, err = strconv.Atoi(s); err != nil || o.Granularity < 1 {
			return o, bad("granularity", "a number of rows above 0")
		}
	}
	if s := c.Options[prefix+"false_positive_rate"]; s != "" {
		if o.FalsePositiveRate, err = strconv.ParseFloat(s, 64); err != nil || !(o.FalsePositiveRate > 0 && o.FalsePositiveRate <= 1) {
			return o, bad("false_positive_rate", "above 0 and up to 1")
		}
	}
	if s := c.Options[prefix+"analyzer"]; s != "" {
		a, ok := analyze.Parse(s)
		if !ok {
			return o, bad("analyzer", "English or Chinese")
		}
		o.Analyzer = a
	}
	if s := c.Options[prefix+"case_sensitive"]; s != "" {
		if o.CaseSensitive, err = strconv.ParseBool(s); err != nil {
			return o, bad("case_sensitive", "true or false")
		}
	}
	return o, nil
}

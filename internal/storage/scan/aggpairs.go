package scan

import "github.com/goptimedb/goptimedb/internal/sketch"

// newComoments makes what correlations are made of: of two columns, the rows in which neither is NULL.
func newComoments() summaries {
	return &slotted[sketch.Comoments, *sketch.Comoments]{fresh: func() *sketch.Comoments { return new(sketch.Comoments) },
		add: func(c *sketch.Comoments, rows *summaryRows, from, to int) error {
			c.Add(rows.pairs(from, to))
			return nil
		}}
}

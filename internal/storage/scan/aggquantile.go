package scan

import (
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// newDigests makes t-digests of numbers, weighted or not.
func newDigests(s *summarySpec) summaries {
	k := &slotted[sketch.Digest, *sketch.Digest]{fresh: s.digest.Empty}
	k.add = func(d *sketch.Digest, rows *summaryRows, from, to int) error {
		d.Add(rows.floats(from, to)...)
		return nil
	}
	if s.by != nil {
		k.add = func(d *sketch.Digest, rows *summaryRows, from, to int) error {
			xs, ws := rows.pairs(from, to)
			for i, x := range xs {
				d.AddWeighted(x, ws[i])
			}
			return nil
		}
	}
	return k
}

// newBuckets makes sketches with buckets of numbers.
func newBuckets(s *summarySpec) summaries {
	return &slotted[sketch.UDD, *sketch.UDD]{fresh: s.udd.Empty, add: func(u *sketch.UDD, rows *summaryRows, from, to int) error {
		u.Add(rows.floats(from, to)...)
		return nil
	}}
}

// mergedBuckets makes them of such as are written.
func mergedBuckets(s *summarySpec) summaries {
	return &slotted[sketch.UDD, *sketch.UDD]{fresh: s.udd.Empty, add: func(u *sketch.UDD, rows *summaryRows, from, to int) error {
		for i := from; i < to; i++ {
			if !rows.has(i) {
				continue
			}
			switch ok, err := u.Take(rows.x.BytesAt(rows.xOff + i)); {
			case err != nil:
				return err
			case !ok:
				return errs.New(errs.EngineExecuteQuery, "Execution error: Invalid UDDSketch state")
			}
		}
		return nil
	}}
}

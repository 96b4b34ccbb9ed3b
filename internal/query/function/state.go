package function

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// Reduction is an aggregate of ours that the relational half calls; like those of a Column, its name starts with "gt_". It gives Binary: a
// summary, which other functions read.
type Reduction struct {
	Name string
	Args []model.Type
	New  func() State
}

// State is what a Reduction has seen of one group; see relational.State.
type State interface {
	sketch.Summary
	Add(args []*model.Vector, from, to int) error
	Join(o any) error
}

// Reductions are the aggregates that have to be registered with the relational half.
func Reductions() []Reduction {
	return []Reduction{
		reduction("hll", "s", func(s *sketch.HLL, args []*model.Vector, i int) error {
			s.Add(sketch.ItemOf(args[0].BytesAt(i)))
			return nil
		}),
		reduction("distinct_s", "s", func(s *sketch.HLL, args []*model.Vector, i int) error {
			s.Add(sketch.ItemOf(args[0].BytesAt(i)))
			return nil
		}),
		reduction("distinct_i", "i", distinctInt),
		reduction("distinct_u", "u", distinctInt),
		reduction("distinct_f", "f", func(s *sketch.HLL, args []*model.Vector, i int) error {
			s.Add(sketch.ItemOfFloat(args[0].Floats[i]))
			return nil
		}),
		reduction("tdigest", "fi", func(s *sketch.Digest, args []*model.Vector, i int) error {
			err := s.Init(args[1].Ints[i])
			if err == nil {
				s.Add(args[0].Floats[i])
			}
			return err
		}),
		reduction("tdigest_weighted", "ffi", func(s *sketch.Digest, args []*model.Vector, i int) error {
			err := s.Init(args[2].Ints[i])
			if err == nil {
				s.AddWeighted(args[0].Floats[i], args[1].Floats[i])
			}
			return err
		}),
		reduction("udd", "iff", func(s *sketch.UDD, args []*model.Vector, i int) error {
			err := s.Init(args[0].Ints[i], args[1].Floats[i])
			if err == nil {
				s.Add(args[2].Floats[i])
			}
			return err
		}),
		reduction("udd_merge", "ify", func(s *sketch.UDD, args []*model.Vector, i int) error {
			if err := s.Init(args[0].Ints[i], args[1].Floats[i]); err != nil {
				return err
			}
			ok, err := s.Take(args[2].BytesAt(i))
			if err == nil && !ok {
				err = failure("Invalid UDDSketch state")
			}
			return err
		}),
		reduction("hll_merge", "y", take[sketch.HLL]),
		reduction("tdigest_merge", "y", take[sketch.Digest]),
		reduction("udd_join", "y", take[sketch.UDD]),
		reduction("comoments_merge", "y", take[sketch.Comoments]),
	}
}

func distinctInt(s *sketch.HLL, args []*model.Vector, i int) error {
	s.Add(sketch.ItemOfInt(uint64(args[0].Ints[i])))
	return nil
}

// take puts summaries together; what is none is left out.
func take[T any, P summaryOf[T]](s P, args []*model.Vector, i int) error {
	_, err := s.Take(args[0].BytesAt(i))
	return err
}

// summaryOf is what a state asks of a kind of summary.
type summaryOf[T any] interface {
	*T
	sketch.Summary
	Join(o *T)
}

// state is a summary and how rows are added to it.
type state[T any, P summaryOf[T]] struct {
	sketch.Summary // of
	of             P
	add            func(s P, args []*model.Vector, i int) error
}

// reduction describes one in a line. Rows with a NULL in an argument are left out.
func reduction[T any, P summaryOf[T]](name, sig string, add func(s P, args []*model.Vector, i int) error) Reduction {
	r := Reduction{Name: "gt_" + name, New: func() State {
		of := P(new(T))
		return &state[T, P]{of, of, add}
	}}
	for _, l := range []byte(sig) {
		r.Args = append(r.Args, letterTypes[l])
	}
	return r
}

// Add implements State.
func (s *state[T, P]) Add(args []*model.Vector, from, to int) error {
rows:
	for i := from; i < to; i++ {
		for _, a := range args {
			if a.Null(i) {
				continue rows
			}
		}
		if err := s.add(s.of, args, i); err != nil {
			return err
		}
	}
	return nil
}

// Join implements State.
func (s *state[T, P]) Join(o any) error {
	other := o.(*state[T, P]).of
	if c, ok := s.Summary.(interface{ Check(o *T) error }); ok {
		if err := c.Check(other); err != nil {
			return err
		}
	}
	s.of.Join(other)
	return nil
}

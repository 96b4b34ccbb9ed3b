package finish

import (
	"github.com/goptimedb/goptimedb/internal/model"
)

// moments are the number of values of a set, their mean, and the sum of their squared distances from it.
type moments struct{ n, mean, m2 float64 }

// merge adds another set, as Chan, Golub and LeVeque do it: no digits are lost where means are large and distances small.
func (m *moments) merge(o moments) {
	if m.n == 0 {
		*m = o
		return
	}
	n, d := m.n+o.n, o.mean-m.mean
	m.m2 += o.m2 + d*d*(m.n*o.n/n)
	m.mean += d * (o.n / n)
	m.n = n
}

// addMoments folds in the moments of parts; those without a value have a NULL mean.
func (s *aggState) addMoments(a *aggSpec, b *model.Batch, ids []uint32, groups int) error {
	s.grow(a, groups)
	var cols [3]*model.Vector
	for i, f := range a.parts {
		v, err := f(b)
		if err != nil {
			return err
		}
		cols[i] = v
	}
	n, mean, m2 := cols[0], cols[1], cols[2]
	for i, g := range ids {
		if mean.Null(i) {
			continue
		}
		part := moments{n: float64(n.Ints[i]), mean: mean.Floats[i]}
		if m2 != nil {
			part.m2 = m2.Floats[i]
		}
		s.n[g]++
		s.mom[g].merge(part)
	}
	return nil
}

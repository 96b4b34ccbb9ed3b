package function

import (
	"strings"

	"github.com/peterstace/simplefeatures/geom"

	"github.com/goptimedb/goptimedb/internal/model"
)

// maxShapeNesting bounds how deep collections lie in one another, because they are read and compared by recursion.
const maxShapeNesting = 32

// readShape reads well-known text.
func readShape(s string) (g geom.Geometry, err error) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(':
			if depth++; depth > maxShapeNesting {
				return g, failure("Fail to parse WKT: %s: nested deeper than %d", s, maxShapeNesting)
			}
		case ')':
			depth--
		}
	}
	defer unlessPanic(&err, "Fail to parse WKT: "+s)
	if g, err = geom.UnmarshalWKT(s); err != nil {
		return geom.Geometry{}, failure("Fail to parse WKT: %s: %v", s, err)
	}
	return g, nil
}

// unlessPanic makes an error of a panic in the library, whose algorithms have states that they hold impossible.
func unlessPanic(err *error, what string) {
	if p := recover(); p != nil {
		*err = failure("%s: %v", what, p)
	}
}

func shapeColumns() []column {
	pair := func(name, result string, f func(out *model.Vector, a, b geom.Geometry) error) column {
		return column{name: name, sig: "ss:" + result, row: func(c *cells, out *model.Vector) (err error) {
			a, err := made(c, 0, readShape)
			if err != nil {
				return err
			}
			b, err := made(c, 1, readShape)
			if err != nil {
				return err
			}
			defer unlessPanic(&err, name)
			return f(out, a, b)
		}}
	}
	relation := func(name string, holds func(a, b geom.Geometry) (bool, error)) column {
		return pair(name, "b", func(out *model.Vector, a, b geom.Geometry) error {
			yes, err := holds(a, b)
			if err != nil {
				return failure("%s: %v", name, err)
			}
			out.AppendBool(yes)
			return nil
		})
	}
	return []column{
		relation("st_contains", geom.Contains),
		relation("st_within", geom.Within),
		relation("st_intersects", func(a, b geom.Geometry) (bool, error) { return geom.Intersects(a, b), nil }),
		pair("st_distance", "f", func(out *model.Vector, a, b geom.Geometry) error {
			if d, ok := geom.Distance(a, b); ok {
				out.AppendFloat(d)
			} else {
				out.AppendNull() // one of them is empty
			}
			return nil
		}),
		pair("st_distance_sphere_m", "f", func(out *model.Vector, a, b geom.Geometry) error {
			p, q := a, b
			if !p.IsPoint() || !q.IsPoint() {
				return failure("st_distance_sphere_m: it is for points only, not for %s and %s", strings.ToUpper(p.Type().String()), strings.ToUpper(q.Type().String()))
			}
			x, ok := p.MustAsPoint().XY()
			y, ok2 := q.MustAsPoint().XY()
			if !ok || !ok2 {
				out.AppendNull()
				return nil
			}
			out.AppendFloat(1000 * earthKM * central(x.Y, x.X, y.Y, y.X))
			return nil
		}),
		{name: "st_area", sig: "s:f", row: func(c *cells, out *model.Vector) (err error) {
			g, err := made(c, 0, readShape)
			if err != nil {
				return err
			}
			defer unlessPanic(&err, "st_area")
			out.AppendFloat(g.Area())
			return nil
		}},
	}
}

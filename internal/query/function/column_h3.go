package function

import (
	"math"
	"strconv"
	"strings"

	"github.com/uber/h3-go/v4"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Bounds of what one row may ask for: more cells than this are a mistake rather than a question.
const (
	maxCells = 1 << 20
	maxRings = 500 // rings around a cell, which are 751,501 cells
)

// earthKM is the mean radius of the earth.
const earthKM = 6371.0088

// cell is the cell in argument k.
func (c *cells) cell(k int) (h3.Cell, error) { return validCell(uint64(c.int(k))) }

func validCell(n uint64) (h3.Cell, error) {
	x := h3.Cell(n)
	if n > math.MaxInt64 || !x.IsValid() {
		return 0, failure("H3 error: invalid cell index %d", n)
	}
	return x, nil
}

func namedCell(s string) (h3.Cell, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "0x"), 16, 64)
	if err != nil || n > math.MaxInt64 || !h3.Cell(n).IsValid() {
		return 0, failure("H3 error: invalid cell index '%s'", s)
	}
	return h3.Cell(n), nil
}

// resolution reads one in argument k.
func (c *cells) resolution(k int) (int, error) {
	if n := c.int(k); n < 0 || n > 15 {
		return 0, failure("H3 error: invalid resolution %d, expect value: [0, 15]", n)
	}
	return int(c.int(k)), nil
}

// childCount is how many cells of a resolution a cell has; none where that is coarser.
func childCount(c h3.Cell, res int) int64 {
	d := res - c.Resolution()
	if d < 0 {
		return 0
	}
	n := int64(math.Pow(7, float64(d)))
	if c.IsPentagon() {
		return 1 + 5*(n-1)/6
	}
	return n
}

// commonGrid says whether the distance of two cells is known: they are of one resolution, and near enough.
func commonGrid(a, b h3.Cell) (int, error) {
	if a == b {
		return 0, nil
	}
	if a.Resolution() == b.Resolution() {
		if n := h3.GridDistance(a, b); n > 0 {
			return n, nil
		}
	}
	return 0, failure("H3 error: no grid distance between cells %s and %s", a, b)
}

// central is the angle between two places in degrees, seen from the centre of the earth.
func central(lat1, lon1, lat2, lon2 float64) float64 {
	rad := math.Pi / 180
	y, x := math.Sin((lat2-lat1)*rad/2), math.Sin((lon2-lon1)*rad/2)
	h := y*y + math.Cos(lat1*rad)*math.Cos(lat2*rad)*x*x
	return 2 * math.Asin(math.Sqrt(min(1, h)))
}

func appendCells(dst []byte, cells []h3.Cell) []byte {
	dst = append(dst, '[')
	for _, x := range cells {
		if x == 0 {
			continue // left out of a disk around a pentagon
		}
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, uint64(x), 10)
	}
	return append(dst, ']')
}

func hexagonColumns() []column {
	// one is a function of a cell, finer of a cell and a resolution, pair of two cells.
	one := func(name, result string, f func(out *model.Vector, x h3.Cell)) column {
		return column{name: name, sig: "u:" + result, row: func(c *cells, out *model.Vector) error {
			x, err := c.cell(0)
			if err != nil {
				return err
			}
			f(out, x)
			return nil
		}}
	}
	finer := func(name, result string, f func(out *model.Vector, x h3.Cell, res int) error) column {
		return column{name: name, sig: "ui:" + result, row: func(c *cells, out *model.Vector) error {
			x, err := c.cell(0)
			if err != nil {
				return err
			}
			res, err := c.resolution(1)
			if err != nil {
				return err
			}
			return f(out, x, res)
		}}
	}
	pair := func(name, result string, f func(out *model.Vector, a, b h3.Cell) error) column {
		return column{name: name, sig: "uu:" + result, row: func(c *cells, out *model.Vector) error {
			a, err := c.cell(0)
			if err != nil {
				return err
			}
			b, err := c.cell(1)
			if err != nil {
				return err
			}
			return f(out, a, b)
		}}
	}
	disk := func(name string, f func(out *model.Vector, rings [][]h3.Cell)) column {
		return column{name: name, sig: "ui:s", row: func(c *cells, out *model.Vector) error {
			x, err := c.cell(0)
			if err != nil {
				return err
			}
			k := c.int(1)
			if k < 0 || k > maxRings {
				return failure("H3 error: invalid distance %d, expect value: [0, %d]", k, maxRings)
			}
			f(out, h3.GridDiskDistances(x, int(k)))
			return nil
		}}
	}
	out := []column{
		{name: "h3_cell", sig: "ffi:u", row: func(c *cells, out *model.Vector) error {
			lat, lon := c.float(0), c.float(1)
			if bad := lat - lat + lon - lon; bad != 0 { // NaN of what is not finite
				return failure("H3 error: invalid coordinates %v, %v", lat, lon)
			}
			res, err := c.resolution(2)
			if err != nil {
				return err
			}
			out.AppendInt(int64(h3.LatLngToCell(h3.NewLatLng(lat, lon), res)))
			return nil
		}},
		{name: "h3_string_to_cell", sig: "s:u", row: func(c *cells, out *model.Vector) error {
			x, err := namedCell(c.str(0))
			out.AppendInt(int64(x))
			return err
		}},
		one("h3_cell_to_string", "s", func(out *model.Vector, x h3.Cell) { out.AppendString(x.String()) }),
		one("h3_resolution", "h", func(out *model.Vector, x h3.Cell) { out.AppendInt(int64(x.Resolution())) }),
		one("h3_base", "h", func(out *model.Vector, x h3.Cell) { out.AppendInt(int64(x.BaseCellNumber())) }),
		one("h3_is_pentagon", "b", func(out *model.Vector, x h3.Cell) { out.AppendBool(x.IsPentagon()) }),
		one("h3_center", "s", func(out *model.Vector, x h3.Cell) {
			at := x.LatLng()
			b := strconv.AppendFloat([]byte{'['}, at.Lat, 'g', -1, 64)
			b = strconv.AppendFloat(append(b, ','), at.Lng, 'g', -1, 64)
			out.AppendBytes(append(b, ']'))
		}),
		// A cell has no parent of a finer resolution, and no child of a coarser one: NULL.
		finer("h3_parent", "u", func(out *model.Vector, x h3.Cell, res int) error {
			if res > x.Resolution() {
				out.AppendNull()
			} else {
				out.AppendInt(int64(x.Parent(res)))
			}
			return nil
		}),
		finer("h3_center_child", "u", func(out *model.Vector, x h3.Cell, res int) error {
			if res < x.Resolution() {
				out.AppendNull()
			} else {
				out.AppendInt(int64(x.CenterChild(res)))
			}
			return nil
		}),
		finer("h3_children_size", "u", func(out *model.Vector, x h3.Cell, res int) error { out.AppendInt(childCount(x, res)); return nil }),
		finer("h3_children", "s", func(out *model.Vector, x h3.Cell, res int) error {
			switch n := childCount(x, res); {
			case n == 0:
				out.AppendString("[]")
			case n > maxCells:
				return failure("H3 error: cell %s has %d children of resolution %d, more than %d", x, n, res, maxCells)
			default:
				out.AppendBytes(appendCells(nil, x.Children(res)))
			}
			return nil
		}),
		finer("h3_child_pos", "u", func(out *model.Vector, x h3.Cell, res int) error {
			if res > x.Resolution() {
				out.AppendNull()
			} else {
				out.AppendInt(int64(x.ChildPos(res)))
			}
			return nil
		}),
		{name: "h3_child_at", sig: "uui:u", row: func(c *cells, out *model.Vector) error {
			x, err := c.cell(1)
			if err != nil {
				return err
			}
			res, err := c.resolution(2)
			if err != nil {
				return err
			}
			if pos := uint64(c.int(0)); pos >= uint64(childCount(x, res)) {
				out.AppendNull()
			} else {
				out.AppendInt(int64(x.ChildPosToCell(int(pos), res)))
			}
			return nil
		}},
		disk("h3_disk", func(out *model.Vector, rings [][]h3.Cell) {
			var all []h3.Cell
			for _, r := range rings {
				all = append(all, r...)
			}
			out.AppendBytes(appendCells(nil, all))
		}),
		disk("h3_disk_distances", func(out *model.Vector, rings [][]h3.Cell) {
			b := []byte{'['}
			for d, r := range rings {
				for _, x := range r {
					if x == 0 {
						continue
					}
					if len(b) > 1 {
						b = append(b, ',')
					}
					b = strconv.AppendInt(b, int64(d), 10)
				}
			}
			out.AppendBytes(append(b, ']'))
		}),
		pair("h3_distance", "i", func(out *model.Vector, a, b h3.Cell) error {
			n, err := commonGrid(a, b)
			out.AppendInt(int64(n))
			return err
		}),
		pair("h3_path", "s", func(out *model.Vector, a, b h3.Cell) error {
			n, err := commonGrid(a, b)
			switch {
			case err != nil:
				return err
			case n >= maxCells:
				return failure("H3 error: cells %s and %s are %d cells apart, more than %d", a, b, n, maxCells)
			}
			out.AppendBytes(appendCells(nil, h3.GridPath(a, b)))
			return nil
		}),
		pair("h3_distance_km", "f", func(out *model.Vector, a, b h3.Cell) error {
			p, q := a.LatLng(), b.LatLng()
			out.AppendFloat(earthKM * central(p.Lat, p.Lng, q.Lat, q.Lng))
			return nil
		}),
		pair("h3_distance_degree", "f", func(out *model.Vector, a, b h3.Cell) error {
			p, q := a.LatLng(), b.LatLng()
			out.AppendFloat(math.Hypot(p.Lat-q.Lat, p.Lng-q.Lng))
			return nil
		}),
	}
	for name, read := range map[string]func(string) (h3.Cell, error){"h3_contains": namedCell, "h3_contains_numbers": numberedCell} {
		out = append(out, column{name: name, sig: "su:b", row: func(c *cells, out *model.Vector) error {
			set, err := made(c, 0, func(s string) (cellSet, error) { return readCells(s, read) })
			if err != nil {
				return err
			}
			x, err := c.cell(1)
			out.AppendBool(set.contains(x))
			return err
		}})
	}
	return out
}

func numberedCell(s string) (h3.Cell, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, failure("H3 error: invalid cell index '%s'", s)
	}
	return validCell(n)
}

// cellSet is a set of cells of any resolutions.
type cellSet struct {
	cells map[h3.Cell]bool
	has   [16]bool // resolutions that occur
}

func readCells(s string, read func(string) (h3.Cell, error)) (cellSet, error) {
	set := cellSet{cells: map[h3.Cell]bool{}}
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		x, err := read(part)
		if err != nil {
			return set, err
		}
		set.cells[x], set.has[x.Resolution()] = true, true
	}
	return set, nil
}

// contains reports whether x, or a cell that it is in, is in the set.
func (s cellSet) contains(x h3.Cell) bool {
	if x == 0 {
		return false
	}
	for res := x.Resolution(); res >= 0; res-- {
		if s.has[res] && s.cells[x.Parent(res)] {
			return true
		}
	}
	return false
}

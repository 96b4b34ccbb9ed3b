package function

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/uber/h3-go/v4"

	"github.com/goptimedb/goptimedb/internal/model"
)

// callColumn calls a function of Columns with one row of texts.
func callColumn(t testing.TB, name string, args ...string) (*model.Vector, error) {
	for _, c := range Columns() {
		if c.Name != name {
			continue
		}
		row := make([]*model.Vector, len(args))
		for i, a := range args {
			row[i] = model.NewVector(model.String, 1)
			row[i].AppendString(a)
		}
		return c.Eval(row, 1)
	}
	t.Fatalf("no function %s", name)
	return nil, nil
}

func cleanError(t *testing.T, err error) {
	t.Helper()
	if err != nil && !strings.HasPrefix(err.Error(), "Execution error: ") {
		t.Errorf("error %q", err)
	}
}

func FuzzShape(f *testing.F) {
	for _, s := range []string{"POINT(1 2)", "POINT EMPTY", "LINESTRING(0 0, 1 1)", "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))",
		"MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))", "GEOMETRYCOLLECTION(POINT(1 2), GEOMETRYCOLLECTION(LINESTRING(0 0, 1 1)))", "POINT ZM (1 2 3 4)", "POINT(NaN 1)", "((((("} {
		f.Add(s, "POLYGON((0 0, 3 0, 3 3, 0 0))")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) > 400 {
			return // big shapes take their time
		}
		for _, name := range []string{"gt_st_contains", "gt_st_within", "gt_st_intersects", "gt_st_distance", "gt_st_distance_sphere_m"} {
			_, err := callColumn(t, name, a, b)
			cleanError(t, err)
		}
		v, err := callColumn(t, "gt_st_area", a)
		cleanError(t, err)
		if err == nil && v.Floats[0] < 0 {
			t.Errorf("the area of %s is %v", a, v.Floats[0])
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"10.0.0.1", "::1", "10.0.0.0/8", "2001:db8::/32", "172.16", "20010db8000000000000000000000001", "fe80::1%eth0", "1.2.3.4/33", ""} {
		f.Add(s, "10.0.0.0/8")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, name := range []string{"gt_ipv4_in_range", "gt_ipv6_in_range"} {
			_, err := callColumn(t, name, a, b)
			cleanError(t, err)
		}
		for _, name := range []string{"gt_ipv4_string_to_num", "gt_ipv6_string_to_num", "gt_ipv6_num_to_string", "gt_ipv4_to_cidr1", "gt_ipv6_to_cidr1", "gt_h3_string_to_cell", "gt_parse_vec"} {
			_, err := callColumn(t, name, a)
			cleanError(t, err)
		}
	})
}

// TestHexagons compares what is computed here with what the library says.
func TestHexagons(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		lat, lon, res := 180*r.Float64()-90, 360*r.Float64()-180, r.IntN(12)
		c := h3.LatLngToCell(h3.NewLatLng(lat, lon), res)
		if r.IntN(5) == 0 {
			c = h3.Pentagons(res)[r.IntN(12)]
		}
		finer := res + r.IntN(3)
		if got, want := childCount(c, finer), len(c.Children(finer)); got != int64(want) {
			t.Fatalf("%s has %d children of resolution %d, want %d", c, got, finer, want)
		}
		set, err := readCells(c.Parent(r.IntN(res+1)).String()+","+h3.Pentagons(3)[0].String(), namedCell)
		if err != nil || !set.contains(c) || !set.contains(c.CenterChild(finer)) {
			t.Fatalf("%s is not in its parent (%v)", c, err)
		}
		other := h3.LatLngToCell(h3.NewLatLng(-lat, lon+90), res)
		p, q := c.LatLng(), other.LatLng()
		if got, want := earthKM*central(p.Lat, p.Lng, q.Lat, q.Lng), h3.GreatCircleDistanceKm(p, q); math.Abs(got-want) > 0.01 {
			t.Fatalf("%s and %s are %v km apart, want %v", c, other, got, want)
		}
	}
}

// TestElements counts as a loop does.
func TestElements(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		start, stop, step := r.Int64N(200)-100, r.Int64N(200)-100, r.Int64N(20)-10
		if step == 0 {
			continue
		}
		n := uint64(0)
		for x := start; step > 0 && x <= stop || step < 0 && x >= stop; x += step {
			n++
		}
		if got := elements(start, stop, step); got != n {
			t.Fatalf("from %d to %d by %d are %d, want %d", start, stop, step, got, n)
		}
	}
	if got := elements(math.MinInt64, math.MaxInt64, 1); got != math.MaxUint64 {
		t.Errorf("all numbers are %d", got)
	}
}

package function

import (
	"github.com/golang/geo/s2"

	"github.com/goptimedb/goptimedb/internal/model"
)

func sphereColumns() []column {
	valid := func(c *cells) (s2.CellID, error) {
		x := s2.CellID(uint64(c.int(0)))
		if !x.IsValid() {
			return 0, failure("S2 error: invalid cell %d", uint64(x))
		}
		return x, nil
	}
	return []column{
		{name: "s2_cell", sig: "ff:u", row: func(c *cells, out *model.Vector) error {
			lat, lon := c.float(0), c.float(1)
			if bad := lat - lat + lon - lon; bad != 0 { // NaN of what is not finite
				return failure("S2 error: invalid coordinates %v, %v", lat, lon)
			}
			out.AppendInt(int64(s2.CellIDFromLatLng(s2.LatLngFromDegrees(lat, lon))))
			return nil
		}},
		{name: "s2_level", sig: "u:u", row: func(c *cells, out *model.Vector) error {
			x, err := valid(c)
			if err == nil {
				out.AppendInt(int64(x.Level()))
			}
			return err
		}},
		{name: "s2_token", sig: "u:s", row: func(c *cells, out *model.Vector) error {
			x, err := valid(c)
			if err == nil {
				out.AppendString(x.ToToken())
			}
			return err
		}},
		{name: "s2_parent", sig: "ui:u", row: func(c *cells, out *model.Vector) error {
			x, err := valid(c)
			if err != nil {
				return err
			}
			if n := c.int(1); n < 0 || n > int64(x.Level()) {
				return failure("S2 error: invalid level %d, expect value: [0, %d]", n, x.Level())
			}
			out.AppendInt(int64(x.Parent(int(c.int(1)))))
			return nil
		}},
	}
}

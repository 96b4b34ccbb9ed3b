package function

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
)

// base32 is the alphabet of geohashes.
const base32 = "0123456789bcdefghjkmnpqrstuvwxyz"

// geohash is the cell of a place: n letters of five bits, longitude and latitude halved in turn.
func geohash(lat, lon float64, n int) string {
	box := [2][2]float64{{-180, 180}, {-90, 90}}
	at := [2]float64{lon, lat}
	out := make([]byte, n)
	bit := 0
	for i := range out {
		v := 0
		for range 5 {
			r := &box[bit&1]
			mid := (r[0] + r[1]) / 2
			v <<= 1
			if at[bit&1] >= mid {
				v |= 1
				r[0] = mid
			} else {
				r[1] = mid
			}
			bit++
		}
		out[i] = base32[v]
	}
	return string(out)
}

// place reads latitude, longitude and resolution.
func (c *cells) place() (lat, lon float64, n int, err error) {
	lat, lon, n = c.float(0), c.float(1), int(max(-1, min(99, c.int(2))))
	switch {
	case n < 1 || n > 12:
		err = failure("Invalid geohash resolution %d, expect value: [1, 12]", c.int(2))
	case !(lat >= -90 && lat <= 90) || !(lon >= -180 && lon <= 180):
		err = failure("Geohash error: invalid coordinate range: %v, %v", lon, lat)
	}
	return lat, lon, n, err
}

func geoColumns() []column {
	return []column{
		{name: "geohash", sig: "ffi:s", row: func(c *cells, out *model.Vector) error {
			lat, lon, n, err := c.place()
			if err != nil {
				return err
			}
			out.AppendString(geohash(lat, lon, n))
			return nil
		}},
		{name: "geohash_neighbours", sig: "ffi:s", row: func(c *cells, out *model.Vector) error {
			lat, lon, n, err := c.place()
			if err != nil {
				return err
			}
			// The size of a cell: of 5n bits, longitude has one more where that is odd.
			h, w := 180/math.Exp2(float64(5*n/2)), 360/math.Exp2(float64((5*n+1)/2))
			var around []string
			for _, d := range [][2]float64{{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}} {
				y := max(-90, min(90, lat+d[0]*h))
				x := math.Mod(lon+d[1]*w+540, 360) - 180
				around = append(around, geohash(y, x, n))
			}
			b, err := json.Marshal(around)
			out.AppendBytes(b)
			return err
		}},
		{name: "wkt_point", sig: "ff:s", row: func(c *cells, out *model.Vector) error {
			num := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
			out.AppendString("POINT(" + strings.Join([]string{num(c.float(1)), num(c.float(0))}, " ") + ")")
			return nil
		}},
	}
}

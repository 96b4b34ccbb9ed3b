package function

import "github.com/goptimedb/goptimedb/internal/model"

// addPaths adds aggregates that make a path of places (latitude, longitude, time), in the order of time. Rows without a place do not
// count.
func addPaths(add func(name, sigs, engine string) *Aggregate) {
	ordered := func(c Call, inner string) string {
		lat, lon, at := c.Args[0].SQL, c.Args[1].SQL, c.Args[2].SQL
		some := "(" + lat + ") IS NOT NULL AND (" + lon + ") IS NOT NULL"
		if c.Filter != "" {
			some += " AND (" + c.Filter + ")"
		}
		c.Args, c.OrderBy, c.Filter = []Arg{{SQL: inner}}, at+" ASC NULLS LAST", some
		return write("list", c)
	}
	add("json_encode_path", "fft:s", "").SQL = func(c Call) (string, error) {
		return "CAST(to_json(" + ordered(c, "["+c.Args[1].SQL+", "+c.Args[0].SQL+"]") + ") AS VARCHAR)", nil
	}
	structure := add("geo_path", "fft:s", "")
	structure.SQL = func(c Call) (string, error) {
		lat, lon := ordered(c, c.Args[0].SQL), ordered(c, c.Args[1].SQL)
		return "(CASE WHEN " + lat + " IS NOT NULL THEN {'lat': " + lat + ", 'lng': " + lon + "} END)", nil
	}
	resolve := structure.Resolve
	structure.Resolve = func(args []model.Type) ([]model.Type, model.Type, error) {
		want, _, err := resolve(args)
		places := model.ListOf(model.Float64)
		return want, model.StructOf([]model.Field{{Name: "lat", Type: places}, {Name: "lng", Type: places}}), err
	}
}

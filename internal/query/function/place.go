package function

import "github.com/goptimedb/goptimedb/internal/model"

// placeFunctions are those of addresses, of places, and of the states of sketches.
func placeFunctions() []def {
	out := []def{
		{name: "ipv4_string_to_num", sigs: "s:k", sql: "gt_ipv4_string_to_num($1)"},
		{name: "ipv4_num_to_string", sigs: "k:s", sql: "gt_ipv4_num_to_string($1)"},
		{name: "ipv4_to_cidr", sigs: "s[i:s", sql: "gt_ipv4_to_cidr$#($*)"},
		{name: "ipv4_in_range", sigs: "ss:b", sql: "gt_ipv4_in_range($1, $2)"},
		{name: "ipv6_in_range", sigs: "ss:b", sql: "gt_ipv6_in_range($1, $2)"},
		{name: "ipv6_string_to_num", sigs: "s:y", sql: "gt_ipv6_string_to_num($1)"},
		{name: "ipv6_num_to_string", sigs: "s:s", sql: "gt_ipv6_num_to_string($1)"},
		{name: "ipv6_to_cidr", sigs: "s[i:s", sql: "gt_ipv6_to_cidr$#($*)"},
		{name: "geohash", sigs: "ffi:s", sql: "gt_geohash($1, $2, $3)"},
		{name: "geohash_neighbours", sigs: "ffi:ls", sql: listOf("VARCHAR", "gt_geohash_neighbours($1, $2, $3)")},
		{name: "wkt_point_from_latlng", sigs: "ff:s", sql: "gt_wkt_point($1, $2)"},
		{name: "hll_count", sigs: "y:u", sql: "gt_hll_count($1)"},
		{name: "uddsketch_calc", sigs: "fy:f", sql: "gt_udd_calc($1, $2)"},
	}
	out = append(out, hexagonFunctions()...)
	out = append(out, sphereFunctions()...)
	return append(out, shapeFunctions()...)
}

// listOf writes the list that a column function gives as JSON.
func listOf(elem, call string) string {
	return "CAST(from_json(" + call + `, '["` + elem + `"]') AS ` + elem + "[])"
}

// hexagonFunctions are of the grid H3. A cell is a number or its name.
func hexagonFunctions() []def {
	cells := func(text string) func([]Arg) (string, error) {
		write := template(text)
		return func(a []Arg) (string, error) {
			b := append([]Arg(nil), a...)
			for i, x := range b {
				b[i].SQL = hexagon(x)
			}
			return write(b)
		}
	}
	return []def{
		{name: "h3_latlng_to_cell", sigs: "ffi:u", sql: "gt_h3_cell($1, $2, $3)"},
		{name: "h3_latlng_to_cell_string", sigs: "ffi:s", sql: "gt_h3_cell_to_string(gt_h3_cell($1, $2, $3))"},
		{name: "h3_cell_to_string", sigs: "H:s", fn: cells("gt_h3_cell_to_string($1)")},
		{name: "h3_string_to_cell", sigs: "s:u", sql: "gt_h3_string_to_cell($1)"},
		{name: "h3_cell_center_latlng", sigs: "H:lf", fn: cells(listOf("DOUBLE", "gt_h3_center($1)"))},
		{name: "h3_cell_resolution", sigs: "H:h", fn: cells("gt_h3_resolution($1)")},
		{name: "h3_cell_base", sigs: "H:h", fn: cells("gt_h3_base($1)")},
		{name: "h3_cell_is_pentagon", sigs: "H:b", fn: cells("gt_h3_is_pentagon($1)")},
		{name: "h3_cell_parent", sigs: "Hi:u", fn: cells("gt_h3_parent($1, $2)")},
		{name: "h3_cell_center_child", sigs: "Hi:u", fn: cells("gt_h3_center_child($1, $2)")},
		{name: "h3_cell_to_children", sigs: "Hi:lu", fn: cells(listOf("UBIGINT", "gt_h3_children($1, $2)"))},
		{name: "h3_cell_to_children_size", sigs: "Hi:u", fn: cells("gt_h3_children_size($1, $2)")},
		{name: "h3_cell_to_child_pos", sigs: "Hi:u", fn: cells("gt_h3_child_pos($1, $2)")},
		{name: "h3_child_pos_to_cell", sigs: "uHi:u", fn: cells("gt_h3_child_at($1, $2, $3)")},
		{name: "h3_cells_contains", sigs: "lH:b sH:b", fn: hexagonsContain},
		{name: "h3_grid_disk", sigs: "Hi:lu", fn: cells(listOf("UBIGINT", "gt_h3_disk($1, $2)"))},
		{name: "h3_grid_disk_distances", sigs: "Hi:li", fn: cells(listOf("BIGINT", "gt_h3_disk_distances($1, $2)"))},
		{name: "h3_grid_distance", sigs: "HH:i", fn: cells("gt_h3_distance($1, $2)")},
		{name: "h3_grid_path_cells", sigs: "HH:lu", fn: cells(listOf("UBIGINT", "gt_h3_path($1, $2)"))},
		{name: "h3_distance_sphere_km", sigs: "HH:f", fn: cells("gt_h3_distance_km($1, $2)")},
		{name: "h3_distance_degree", sigs: "HH:f", fn: cells("gt_h3_distance_degree($1, $2)")},
	}
}

// hexagonsContain writes h3_cells_contains of a list, whose elements are numbers or names, or of names with commas between.
func hexagonsContain(a []Arg) (string, error) {
	set, fn := a[0].SQL, "gt_h3_contains("
	if a[0].Type.Kind == model.KindList {
		set = "array_to_string(list_transform(" + set + ", lambda e: CAST(e AS VARCHAR)), ',')"
		if a[0].Type.ElemType().Integer() {
			fn = "gt_h3_contains_numbers("
		}
	}
	return fn + set + ", " + hexagon(a[1]) + ")", nil
}

// hexagon writes a cell as a number.
func hexagon(a Arg) string {
	if a.Type.Kind == model.KindString {
		return "gt_h3_string_to_cell(" + a.SQL + ")"
	}
	return a.SQL
}

// sphereFunctions are of the grid S2.
func sphereFunctions() []def {
	return []def{
		{name: "s2_latlng_to_cell", sigs: "ff:u", sql: "gt_s2_cell($1, $2)"},
		{name: "s2_cell_level", sigs: "u:u", sql: "gt_s2_level($1)"},
		{name: "s2_cell_to_token", sigs: "u:s", sql: "gt_s2_token($1)"},
		{name: "s2_cell_parent", sigs: "ui:u", sql: "gt_s2_parent($1, $2)"},
	}
}

// shapeFunctions are of shapes written as well-known text.
func shapeFunctions() []def {
	return []def{
		{name: "st_contains", sigs: "ss:b", sql: "gt_st_contains($1, $2)"},
		{name: "st_within", sigs: "ss:b", sql: "gt_st_within($1, $2)"},
		{name: "st_intersects", sigs: "ss:b", sql: "gt_st_intersects($1, $2)"},
		{name: "st_distance", sigs: "ss:f", sql: "gt_st_distance($1, $2)"},
		{name: "st_distance_sphere_m", sigs: "ss:f", sql: "gt_st_distance_sphere_m($1, $2)"},
		{name: "st_area", sigs: "s:f", sql: "gt_st_area($1)"},
	}
}

package function

import (
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

func textFunctions() []def {
	return []def{
		{name: "character_length", sigs: "s:j", sql: "CAST(length($1) AS INTEGER)"},
		{name: "octet_length", sigs: "B:j s:j", fn: bytesIn("")},
		{name: "bit_length", sigs: "B:j s:j", fn: bytesIn("8 * ")},
		{name: "lower", sigs: "s:s", sql: "lower($1)"},
		{name: "upper", sigs: "s:s", sql: "upper($1)"},
		{name: "initcap", sigs: "s:s", sql: "gt_initcap($1)"},
		{name: "reverse", sigs: "s:s", sql: "reverse($1)"},
		{name: "btrim", sigs: "s[s:s", sql: "trim($*)"},
		{name: "ltrim", sigs: "s[s:s", sql: "ltrim($*)"},
		{name: "rtrim", sigs: "s[s:s", sql: "rtrim($*)"},
		{name: "concat", sigs: "s*:s", sql: "concat($*)"},
		{name: "concat_ws", sigs: "ss*:s", sql: "concat_ws($*)"},
		{name: "substr", sigs: "si[i:s", sql: "gt_substr$#($*)"},
		{name: "left", sigs: "si:s", sql: "left($1, $2)"},
		{name: "right", sigs: "si:s", sql: "right($1, $2)"},
		{name: "lpad", sigs: "si[s:s", fn: pad("gt_lpad")},
		{name: "rpad", sigs: "si[s:s", fn: pad("gt_rpad")},
		{name: "repeat", sigs: "si:s", sql: "gt_repeat($1, $2)"},
		{name: "replace", sigs: "sss:s", sql: "replace($1, $2, $3)"},
		{name: "translate", sigs: "sss:s", sql: "translate($1, $2, $3)"},
		{name: "overlay", sigs: "ssi[i:s", sql: "gt_overlay$#($*)"},
		{name: "split_part", sigs: "ssi:s", sql: "gt_split_part($1, $2, $3)"},
		{name: "substr_index", sigs: "ssi:s", sql: "gt_substr_index($1, $2, $3)"},
		{name: "strpos", sigs: "ss:j", sql: "CAST(strpos($1, $2) AS INTEGER)"},
		{name: "find_in_set", sigs: "ss:j", sql: "CAST(gt_find_in_set($1, $2) AS INTEGER)"},
		{name: "contains", sigs: "ss:b", sql: "contains($1, $2)"},
		{name: "starts_with", sigs: "ss:b", sql: "starts_with($1, $2)"},
		{name: "ends_with", sigs: "ss:b", sql: "suffix($1, $2)"},
		{name: "ascii", sigs: "s:j", sql: "ascii($1)"},
		{name: "chr", sigs: "i:s", sql: "gt_chr($1)"},
		{name: "to_hex", sigs: "i:s", sql: "lower(to_hex($1))"},
		{name: "levenshtein", sigs: "ss:j", sql: "CAST(levenshtein($1, $2) AS INTEGER)"},
		{name: "regexp_like", sigs: "ss[s:b", sql: "gt_regexp_like$#($*)"},
		{name: "regexp_match", sigs: "ss[s:ls", sql: `CAST(from_json(gt_regexp_match$#($*), '["VARCHAR"]') AS VARCHAR[])`},
		{name: "regexp_replace", sigs: "sss[s:s", sql: "gt_regexp_replace$#($*)"},
		{name: "regexp_count", sigs: "ss[is:i", sql: "gt_regexp_count$#($*)"},
		{name: "regexp_instr", sigs: "ss[iisi:i", sql: "gt_regexp_instr$#($*)"},
		{name: "regexp_extract", sigs: "ss:s", sql: "gt_regexp_extract($1, $2)"},
		{name: "locate", sigs: "ss[i:i", sql: "gt_locate$#($*)"},
		{name: "field", sigs: "ss*:i", sql: "gt_field($*)"},
		{name: "elt", sigs: "is*:s", fn: elt},
		{name: "insert", sigs: "siis:s", sql: "gt_insert($*)"},
		{name: "space", sigs: "i:s", sql: "gt_space($1)"},
		{name: "format", sigs: "ni:s", fn: thousands},
		{name: "md5", sigs: "y:s", sql: "gt_md5($1)"},
		{name: "sha224", sigs: "y:y", sql: "gt_sha224($1)"},
		{name: "sha256", sigs: "y:y", sql: "gt_sha256($1)"},
		{name: "sha384", sigs: "y:y", sql: "gt_sha384($1)"},
		{name: "sha512", sigs: "y:y", sql: "gt_sha512($1)"},
		{name: "digest", sigs: "ys:y", sql: "gt_digest($1, $2)"},
		{name: "encode", sigs: "ys:s", sql: "gt_encode($1, $2)"},
		{name: "decode", sigs: "ss:y", sql: "gt_decode($1, $2)"},
		{name: "quote_ident", sigs: "s:s", sql: `CASE WHEN regexp_full_match($1, '[a-z_][a-z0-9_]*') THEN $1 ELSE '"' || replace($1, '"', '""') || '"' END`},
		{name: "matches_term", sigs: "ss:b", sql: "gt_matches_term($1, $2)"},
		{name: "matches", sigs: "ss:b", fn: matches},
	}
}

// bytesIn writes how many bytes a text or a binary has, times a factor.
func bytesIn(factor string) func([]Arg) (string, error) {
	return func(a []Arg) (string, error) {
		count := "strlen("
		if EngineType(a[0].Type) == "BLOB" {
			count = "octet_length("
		}
		return "CAST(" + factor + count + a[0].SQL + ") AS INTEGER)", nil
	}
}

func pad(fn string) func([]Arg) (string, error) {
	return func(a []Arg) (string, error) {
		fill := "' '"
		if len(a) == 3 {
			fill = a[2].SQL
		}
		return fn + "(" + a[0].SQL + ", " + a[1].SQL + ", " + fill + ")", nil
	}
}

// thousands writes format(x, d). Numbers other than doubles are looked at digit by digit.
func thousands(a []Arg) (string, error) {
	if a[0].Type == model.Float64 {
		return "gt_format(" + a[0].SQL + ", " + a[1].SQL + ")", nil
	}
	text, err := CastSQL(a[0].SQL, a[0].Type, model.String, false)
	return "gt_format_text(" + text + ", " + a[1].SQL + ")", err
}

func elt(a []Arg) (string, error) {
	if len(a) < 2 {
		return "", errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: elt needs a number and texts")
	}
	s := "CASE " + a[0].SQL
	for i, x := range a[1:] {
		s += " WHEN " + itoa(int64(i+1)) + " THEN " + x.SQL
	}
	return s + " END", nil
}

func jsonFunctions() []def {
	return []def{
		{name: "parse_json", sigs: "s:q", sql: "gt_parse_json($1)"},
		{name: "json_to_string", sigs: "q:s", sql: "gt_parse_json($1)"},
		{name: "json_get_int", sigs: "qs:i", sql: "gt_json_get_int($1, $2)"},
		{name: "json_get_float", sigs: "qs:f", sql: "gt_json_get_float($1, $2)"},
		{name: "json_get_string", sigs: "qs:s", sql: "gt_json_get_string($1, $2)"},
		{name: "json_get_bool", sigs: "qs:b", sql: "gt_json_get_bool($1, $2)"},
		{name: "json_get", sigs: "qs:s", sql: "gt_json_get_string($1, $2)"},
		{name: "json_get_object", sigs: "qs:q", sql: "gt_json_get_object($1, $2)"},
		{name: "json_object", sigs: "a*:q :q", fn: jsonObject},
		{name: "json_build_object", sigs: "a*:q :q", fn: jsonObject},
		{name: "json_object_keys", sigs: "q:ls", sql: `CAST(from_json(gt_json_object_keys($1), '["VARCHAR"]') AS VARCHAR[])`},
		{name: "json_is_null", sigs: "q:b", sql: "gt_json_is_null($1)"},
		{name: "json_is_bool", sigs: "q:b", sql: "gt_json_is_bool($1)"},
		{name: "json_is_int", sigs: "q:b", sql: "gt_json_is_int($1)"},
		{name: "json_is_float", sigs: "q:b", sql: "gt_json_is_float($1)"},
		{name: "json_is_string", sigs: "q:b", sql: "gt_json_is_string($1)"},
		{name: "json_is_array", sigs: "q:b", sql: "gt_json_is_array($1)"},
		{name: "json_is_object", sigs: "q:b", sql: "gt_json_is_object($1)"},
		{name: "json_path_exists", sigs: "qs:b", sql: "gt_json_path_exists($1, $2)"},
		{name: "json_path_match", sigs: "qs:b", sql: "gt_json_path_match($1, $2)"},
	}
}

// jsonObject writes json_object(k, v, …): values as JSON, keys as they are.
func jsonObject(a []Arg) (string, error) {
	bad := func(format string, args ...any) (string, error) {
		return "", errs.New(errs.EngineExecuteQuery, "Execution error: json_object: "+format, args...)
	}
	if len(a) == 0 {
		return "'{}'", nil
	}
	if len(a)%2 != 0 {
		return bad("an even number of arguments is needed, got %d", len(a))
	}
	s := "gt_json_object("
	for i, x := range a {
		if i > 0 {
			s += ", "
		}
		switch t := x.Type; {
		case i%2 == 0 && (t.Kind == model.KindString || t.Kind == model.KindNull):
			s += "CAST(" + x.SQL + " AS VARCHAR)"
		case i%2 == 0:
			return bad("a key is %s, not a string", t)
		case t.Kind == model.KindJSON:
			s += x.SQL
		case t.Integer(), t.Floating(), t.Kind == model.KindString, t.Kind == model.KindBool, t.Kind == model.KindNull, t.Kind == model.KindList, t.Kind == model.KindStruct:
			s += "CAST(to_json(" + x.SQL + ") AS VARCHAR)"
		default:
			return bad("a value of type %s is not supported", t)
		}
	}
	return s + ")", nil
}

func vectorFunctions() []def {
	return []def{
		{name: "parse_vec", sigs: "s:w", sql: "gt_parse_vec($1)"},
		{name: "vec_to_string", sigs: "w:s", sql: "gt_vec_to_string($1)"},
		{name: "vec_l2sq_distance", sigs: "ww:r", sql: "gt_vec_l2sq_distance($1, $2)"},
		{name: "vec_cos_distance", sigs: "ww:r", sql: "gt_vec_cos_distance($1, $2)"},
		{name: "vec_dot_product", sigs: "ww:r", sql: "gt_vec_dot_product($1, $2)"},
		{name: "vec_dim", sigs: "w:u", sql: "gt_vec_dim($1)"},
		{name: "vec_kth_elem", sigs: "wi:r", sql: "gt_vec_kth_elem($1, $2)"},
		{name: "vec_subvector", sigs: "wii:w", sql: "gt_vec_subvector($1, $2, $3)"},
		{name: "vec_add", sigs: "ww:w", sql: "gt_vec_add($1, $2)"},
		{name: "vec_sub", sigs: "ww:w", sql: "gt_vec_sub($1, $2)"},
		{name: "vec_mul", sigs: "ww:w", sql: "gt_vec_mul($1, $2)"},
		{name: "vec_div", sigs: "ww:w", sql: "gt_vec_div($1, $2)"},
		{name: "vec_scalar_add", sigs: "fw:w", sql: "gt_vec_scalar_add($1, $2)"},
		{name: "vec_scalar_mul", sigs: "fw:w", sql: "gt_vec_scalar_mul($1, $2)"},
		{name: "vec_norm", sigs: "w:w", sql: "gt_vec_norm($1)"},
		{name: "vec_elem_sum", sigs: "w:r", sql: "gt_vec_elem_sum($1)"},
		{name: "vec_elem_avg", sigs: "w:r", sql: "gt_vec_elem_avg($1)"},
		{name: "vec_elem_product", sigs: "w:r", sql: "gt_vec_elem_product($1)"},
	}
}

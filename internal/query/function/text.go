package function

func textFunctions() []def {
	return []def{
		{name: "character_length", sigs: "s:j", sql: "CAST(length($1) AS INTEGER)"},
		{name: "octet_length", sigs: "s:j", sql: "CAST(strlen($1) AS INTEGER)"},
		{name: "bit_length", sigs: "s:j", sql: "CAST(8 * strlen($1) AS INTEGER)"},
		{name: "lower", sigs: "s:s", sql: "lower($1)"},
		{name: "upper", sigs: "s:s", sql: "upper($1)"},
		{name: "initcap", sigs: "s:s", sql: "array_to_string(list_transform(regexp_extract_all($1, '[[:alnum:]]+|[^[:alnum:]]+'), lambda w: upper(w[1]) || lower(w[2:])), '')"},
		{name: "reverse", sigs: "s:s", sql: "reverse($1)"},
		{name: "btrim", sigs: "s[s:s", sql: "trim($*)"},
		{name: "ltrim", sigs: "s[s:s", sql: "ltrim($*)"},
		{name: "rtrim", sigs: "s[s:s", sql: "rtrim($*)"},
		{name: "concat", sigs: "s*:s", sql: "concat($*)"},
		{name: "concat_ws", sigs: "ss*:s", sql: "concat_ws($*)"},
		{name: "substr", sigs: "si[i:s", sql: "substr($*)"},
		{name: "left", sigs: "si:s", sql: "left($1, $2)"},
		{name: "right", sigs: "si:s", sql: "right($1, $2)"},
		{name: "lpad", sigs: "si[s:s", fn: pad("lpad")},
		{name: "rpad", sigs: "si[s:s", fn: pad("rpad")},
		{name: "repeat", sigs: "si:s", sql: "repeat($1, $2)"},
		{name: "replace", sigs: "sss:s", sql: "replace($1, $2, $3)"},
		{name: "translate", sigs: "sss:s", sql: "translate($1, $2, $3)"},
		{name: "split_part", sigs: "ssi:s", sql: "split_part($1, $2, $3)"},
		{name: "strpos", sigs: "ss:j", sql: "CAST(strpos($1, $2) AS INTEGER)"},
		{name: "contains", sigs: "ss:b", sql: "contains($1, $2)"},
		{name: "starts_with", sigs: "ss:b", sql: "starts_with($1, $2)"},
		{name: "ends_with", sigs: "ss:b", sql: "suffix($1, $2)"},
		{name: "ascii", sigs: "s:j", sql: "ascii($1)"},
		{name: "chr", sigs: "i:s", sql: "chr(CAST($1 AS INTEGER))"},
		{name: "to_hex", sigs: "i:s", sql: "lower(to_hex($1))"},
		{name: "levenshtein", sigs: "ss:j", sql: "CAST(levenshtein($1, $2) AS INTEGER)"},
		{name: "regexp_like", sigs: "ss[s:b", sql: "regexp_matches($*)"},
		{name: "regexp_replace", sigs: "sss[s:s", sql: "regexp_replace($*)"},
		{name: "regexp_extract", sigs: "ss:s", sql: "CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2) END"},
		{name: "locate", sigs: "ss:i", sql: "CAST(strpos($2, $1) AS BIGINT)"},
		{name: "field", sigs: "ss*:i", fn: field},
		{name: "elt", sigs: "is*:s", fn: elt},
		{name: "space", sigs: "i:s", sql: "CASE WHEN $1 > 1048576 THEN error('Execution error: space: ' || $1 || ' is too many') ELSE repeat(' ', greatest($1, 0)) END"},
		{name: "md5", sigs: "s:s", sql: "md5($1)"},
		{name: "sha256", sigs: "s:y", sql: "from_hex(sha256($1))"},
		{name: "encode", sigs: "ss:s", fn: encode},
		{name: "quote_ident", sigs: "s:s", sql: `'"' || replace($1, '"', '""') || '"'`},
		{name: "make_array", sigs: "c*:l", sql: "list_value($*)"},
	}
}

func pad(fn string) func([]Arg) (string, error) {
	return func(a []Arg) (string, error) {
		fill := "' '"
		if len(a) == 3 {
			fill = a[2].SQL
		}
		return fn + "(" + a[0].SQL + ", CAST(" + a[1].SQL + " AS INTEGER), " + fill + ")", nil
	}
}

func field(a []Arg) (string, error) {
	s := "CASE " + a[0].SQL
	for i, x := range a[1:] {
		s += " WHEN " + x.SQL + " THEN " + itoa(int64(i+1))
	}
	return "CAST(" + s + " ELSE 0 END AS BIGINT)", nil
}

func elt(a []Arg) (string, error) {
	s := "CASE " + a[0].SQL
	for i, x := range a[1:] {
		s += " WHEN " + itoa(int64(i+1)) + " THEN " + x.SQL
	}
	return s + " END", nil
}

func encode(a []Arg) (string, error) {
	return "CASE " + a[1].SQL + " WHEN 'hex' THEN lower(hex(" + a[0].SQL + ")) WHEN 'base64' THEN rtrim(base64(encode(" + a[0].SQL + ")), '=')" +
		" ELSE error('There is no built-in encoding named ' || " + a[1].SQL + ") END", nil
}

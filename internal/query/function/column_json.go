package function

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/model"
)

// document is the JSON in argument k. What is no JSON is a document that has nothing.
func (c *cells) document(k int) (v any, ok bool) {
	v, err := parseJSON(c.str(k))
	return v, err == nil
}

// first is what the path in argument 1 leads to first in the document in argument 0.
func (c *cells) first() (v any, found bool) {
	p, err := made(c, 1, optionalPath)
	if err != nil || p == nil || p.pred != nil {
		return nil, false
	}
	doc, ok := c.document(0)
	if !ok {
		return nil, false
	}
	all := p.find(doc, doc)
	if len(all) == 0 || all[0] == nil {
		return nil, false
	}
	return all[0], true
}

func optionalPath(s string) (*jsonPath, error) {
	p, ok := parsePath(s)
	if !ok {
		return nil, nil
	}
	return p, nil
}

func requiredPath(s string) (*jsonPath, error) {
	p, ok := parsePath(s)
	if !ok {
		return nil, failure("invalid json path \"%s\"", s)
	}
	return p, nil
}

// jsonColumns work on documents as text.
func jsonColumns() []column {
	// get is a getter: put appends the value as what it is asked for, or reports that it is not that.
	get := func(name, result string, put func(out *model.Vector, v any) bool) column {
		return column{name: name, sig: "ss:" + result, row: func(c *cells, out *model.Vector) error {
			if v, ok := c.first(); !ok || !put(out, v) {
				out.AppendNull()
			}
			return nil
		}}
	}
	is := func(name string, test func(v any) bool) column {
		return column{name: "json_is_" + name, sig: "s:b", row: func(c *cells, out *model.Vector) error {
			v, ok := c.document(0)
			if !ok {
				out.AppendNull()
				return nil
			}
			out.AppendBool(test(v))
			return nil
		}}
	}
	return []column{
		{name: "parse_json", sig: "s:s", row: func(c *cells, out *model.Vector) error {
			v, err := parseJSON(c.str(0))
			if err != nil {
				return failure("cannot parse '%s': %v", c.str(0), err)
			}
			out.AppendBytes(appendJSONValue(nil, v))
			return nil
		}},
		get("json_get_int", "i", func(out *model.Vector, v any) bool {
			n, ok := jsonInt(v)
			if ok {
				out.AppendInt(n)
			}
			return ok
		}),
		get("json_get_float", "f", func(out *model.Vector, v any) bool {
			f, ok := jsonFloat(v)
			if ok {
				out.AppendFloat(f)
			}
			return ok
		}),
		get("json_get_string", "s", func(out *model.Vector, v any) bool {
			if s, ok := v.(string); ok {
				out.AppendString(s)
			} else {
				out.AppendBytes(appendJSONValue(nil, v))
			}
			return true
		}),
		get("json_get_bool", "b", func(out *model.Vector, v any) bool {
			switch v := v.(type) {
			case bool:
				out.AppendBool(v)
			case string:
				b, err := strconv.ParseBool(v)
				if err != nil {
					return false
				}
				out.AppendBool(b)
			case json.Number:
				f, err := v.Float64()
				if err != nil {
					return false
				}
				out.AppendBool(f != 0)
			default:
				return false
			}
			return true
		}),
		{name: "json_get_object", sig: "ss:s", row: func(c *cells, out *model.Vector) error {
			if _, err := made(c, 1, requiredPath); err != nil {
				return err
			}
			if v, _ := c.first(); isObject(v) {
				out.AppendBytes(appendJSONValue(nil, v))
				return nil
			}
			out.AppendNull()
			return nil
		}},
		// The values of an object come as JSON text: json_object(k1, v1, k2, v2, …).
		{name: "json_object", sig: "s*:s", loose: true, row: func(c *cells, out *model.Vector) error {
			if len(c.args)%2 != 0 {
				return failure("json_object requires an even number of arguments, got %d", len(c.args))
			}
			m := make(map[string]any, len(c.args)/2)
			for k := 0; k < len(c.args); k += 2 {
				if c.null(k) {
					return failure("json_object: a key must not be NULL")
				}
				var v any
				if !c.null(k + 1) {
					var err error
					if v, err = parseJSON(c.str(k + 1)); err != nil {
						return failure("json_object: %v", err)
					}
				}
				m[string(c.bytes(k))] = v
			}
			out.AppendBytes(appendJSONValue(nil, m))
			return nil
		}},
		{name: "json_object_keys", sig: "s:s", row: func(c *cells, out *model.Vector) error {
			v, _ := c.document(0)
			m, ok := v.(map[string]any)
			if !ok {
				out.AppendNull()
				return nil
			}
			list := make([]any, 0, len(m))
			for _, k := range sortedKeys(m) {
				list = append(list, k)
			}
			out.AppendBytes(appendJSONValue(nil, list))
			return nil
		}},
		is("null", func(v any) bool { return v == nil }),
		is("bool", func(v any) bool { _, ok := v.(bool); return ok }),
		is("int", func(v any) bool {
			n, ok := v.(json.Number)
			if !ok {
				return false
			}
			_, err := n.Int64()
			if err != nil {
				_, err = strconv.ParseUint(n.String(), 10, 64)
			}
			return err == nil
		}),
		is("float", func(v any) bool { _, ok := v.(json.Number); return ok }),
		is("string", func(v any) bool { _, ok := v.(string); return ok }),
		is("array", func(v any) bool { _, ok := v.([]any); return ok }),
		is("object", isObject),
		{name: "json_path_exists", sig: "ss:b", row: func(c *cells, out *model.Vector) error {
			p, err := made(c, 1, requiredPath)
			if err != nil {
				return err
			}
			doc, ok := c.document(0)
			if p.pred != nil {
				out.AppendBool(ok)
				return nil
			}
			out.AppendBool(ok && len(p.find(doc, doc)) > 0)
			return nil
		}},
		{name: "json_path_match", sig: "ss:b", row: func(c *cells, out *model.Vector) error {
			p, _ := made(c, 1, optionalPath)
			doc, ok := c.document(0)
			if !ok || p == nil || p.pred == nil {
				out.AppendNull()
				return nil
			}
			out.AppendBool(p.pred.holds(doc, doc))
			return nil
		}},
	}
}

func isObject(v any) bool { _, ok := v.(map[string]any); return ok }

func jsonInt(v any) (int64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return n, err == nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, true
		}
		f, err := v.Float64()
		if err != nil || f != math.Trunc(f) || f < -(1<<63) || f >= 1<<63 {
			return 0, false
		}
		return int64(f), true
	}
	return 0, false
}

func jsonFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

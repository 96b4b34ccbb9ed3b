package function

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
)

// parseVector reads [1, 2.5, 3] as little-endian float32.
func parseVector(s string) ([]byte, error) {
	t := strings.TrimSpace(s)
	if len(t) < 2 || t[0] != '[' || t[len(t)-1] != ']' {
		return nil, failure("Invalid vector string: %s", s)
	}
	if t = strings.TrimSpace(t[1 : len(t)-1]); t == "" {
		return []byte{}, nil
	}
	var out []byte
	for part := range strings.SplitSeq(t, ",") {
		f, err := strconv.ParseFloat(strings.TrimSpace(part), 32)
		if err != nil {
			return nil, failure("Invalid vector string: %s", s)
		}
		out = appendFloat32(out, float32(f))
	}
	return out, nil
}

func appendFloat32(dst []byte, f float32) []byte {
	return binary.LittleEndian.AppendUint32(dst, math.Float32bits(f))
}

// vector is the floats of argument k.
func (c *cells) vector(k int) ([]float32, error) { return floatsOf(c.bytes(k)) }

func floatsOf(b []byte) ([]float32, error) {
	if len(b)%4 != 0 {
		return nil, failure("Invalid vector: %d bytes are no multiple of 4", len(b))
	}
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out, nil
}

func vectorText(v []float32) string {
	parts := make([]string, len(v))
	for i, f := range v {
		parts[i] = strconv.FormatFloat(float64(f), 'g', -1, 32)
		if math.IsInf(float64(f), 0) {
			parts[i] = map[bool]string{true: "inf", false: "-inf"}[f > 0]
			continue
		}
		if a := math.Abs(float64(f)); a >= 1e-5 && a < 1e16 || a == 0 {
			parts[i] = strconv.FormatFloat(float64(f), 'f', -1, 32)
		}
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func putVector(out *model.Vector, v []float32) {
	b := make([]byte, 0, 4*len(v))
	for _, f := range v {
		b = appendFloat32(b, f)
	}
	out.AppendBytes(b)
}

func vectorColumns() []column {
	pair := func(name, result string, f func(out *model.Vector, a, b []float32)) column {
		return column{name: name, sig: "ww:" + result, row: func(c *cells, out *model.Vector) error {
			a, err := c.vector(0)
			if err != nil {
				return err
			}
			b, err := c.vector(1)
			if err != nil {
				return err
			}
			if len(a) != len(b) {
				return failure("The length of the vectors must match for %s: %d != %d", name, len(a), len(b))
			}
			f(out, a, b)
			return nil
		}}
	}
	each := func(name string, f func(a, b float32) float32) column {
		return pair(name, "w", func(out *model.Vector, a, b []float32) {
			for i := range a {
				a[i] = f(a[i], b[i])
			}
			putVector(out, a)
		})
	}
	scalar := func(name string, f func(x, a float32) float32) column {
		return column{name: name, sig: "fw:w", row: func(c *cells, out *model.Vector) error {
			a, err := c.vector(1)
			for i := range a {
				a[i] = f(float32(c.float(0)), a[i])
			}
			putVector(out, a)
			return err
		}}
	}
	fold := func(name string, start float32, f func(acc, x float32) float32, end func(acc float32, n int) float32) column {
		return column{name: name, sig: "w:r", row: func(c *cells, out *model.Vector) error {
			a, err := c.vector(0)
			acc := start
			for _, x := range a {
				acc = f(acc, x)
			}
			if end != nil {
				if len(a) == 0 {
					out.AppendNull()
					return err
				}
				acc = end(acc, len(a))
			}
			out.AppendFloat(float64(acc))
			return err
		}}
	}
	add, mul := func(a, b float32) float32 { return a + b }, func(a, b float32) float32 { return a * b }
	dot := func(a, b []float32) (s float32) {
		for i := range a {
			s += a[i] * b[i]
		}
		return s
	}
	return []column{
		{name: "parse_vec", sig: "s:w", row: func(c *cells, out *model.Vector) error {
			b, err := parseVector(c.str(0))
			out.AppendBytes(b)
			return err
		}},
		{name: "vec_to_string", sig: "w:s", row: func(c *cells, out *model.Vector) error {
			v, err := c.vector(0)
			out.AppendString(vectorText(v))
			return err
		}},
		pair("vec_l2sq_distance", "r", func(out *model.Vector, a, b []float32) {
			var s float32
			for i := range a {
				s += (a[i] - b[i]) * (a[i] - b[i])
			}
			out.AppendFloat(float64(s))
		}),
		pair("vec_cos_distance", "r", func(out *model.Vector, a, b []float32) {
			na, nb := math.Sqrt(float64(dot(a, a))), math.Sqrt(float64(dot(b, b)))
			out.AppendFloat(float64(float32(1 - float64(dot(a, b))/(na*nb))))
		}),
		pair("vec_dot_product", "r", func(out *model.Vector, a, b []float32) { out.AppendFloat(float64(dot(a, b))) }),
		each("vec_add", add), each("vec_sub", func(a, b float32) float32 { return a - b }), each("vec_mul", mul),
		each("vec_div", func(a, b float32) float32 { return a / b }),
		scalar("vec_scalar_add", add), scalar("vec_scalar_mul", mul),
		{name: "vec_norm", sig: "w:w", row: func(c *cells, out *model.Vector) error {
			a, err := c.vector(0)
			norm := float32(math.Sqrt(float64(dot(a, a))))
			for i := range a {
				a[i] /= norm
			}
			putVector(out, a)
			return err
		}},
		{name: "vec_dim", sig: "w:u", row: func(c *cells, out *model.Vector) error {
			v, err := c.vector(0)
			out.AppendInt(int64(len(v)))
			return err
		}},
		{name: "vec_kth_elem", sig: "wi:r", row: func(c *cells, out *model.Vector) error {
			v, err := c.vector(0)
			if err != nil {
				return err
			}
			k := c.int(1)
			if k < 0 || k >= int64(len(v)) {
				return failure("Out of range: k must be in the range [0, %d], got: %d", len(v)-1, k)
			}
			out.AppendFloat(float64(v[k]))
			return nil
		}},
		{name: "vec_subvector", sig: "wii:w", row: func(c *cells, out *model.Vector) error {
			v, err := c.vector(0)
			if err != nil {
				return err
			}
			from, to := c.int(1), c.int(2)
			if from < 0 || from > to || to > int64(len(v)) {
				return failure("Invalid start and end indices: start=%d, end=%d, vec_len=%d", from, to, len(v))
			}
			putVector(out, v[from:to])
			return nil
		}},
		fold("vec_elem_sum", 0, add, nil), fold("vec_elem_product", 1, mul, nil),
		fold("vec_elem_avg", 0, add, func(s float32, n int) float32 { return s / float32(n) }),
		{name: "vec_fold", sig: "Ys:w", row: foldVectors},
	}
}

// foldVectors adds ("sum", "avg") or multiplies ("product") the vectors of a group, element by element.
func foldVectors(c *cells, out *model.Vector) error {
	var all [][]byte
	if err := json.Unmarshal(c.bytes(0), &all); err != nil {
		return failure("Invalid list of vectors: %v", err)
	}
	var acc []float64
	for n, b := range all {
		v, err := floatsOf(b)
		if err != nil {
			return err
		}
		if n == 0 {
			acc = make([]float64, len(v))
			for i, x := range v {
				acc[i] = float64(x)
			}
			continue
		}
		if len(v) != len(acc) {
			return failure("The length of the vectors must match for an aggregate: %d != %d", len(acc), len(v))
		}
		for i, x := range v {
			if c.str(1) == "product" {
				acc[i] *= float64(x)
			} else {
				acc[i] += float64(x)
			}
		}
	}
	v := make([]float32, len(acc))
	for i, x := range acc {
		if c.str(1) == "avg" {
			x /= float64(len(all))
		}
		v[i] = float32(x)
	}
	putVector(out, v)
	return nil
}

package promapi

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

// answer writes the value of a query, in pieces, and gives its memory back.
func answer(w http.ResponseWriter, r *httpd.Request, res *Result, query string) error {
	if res.Close != nil {
		defer res.Close()
	}
	o := &out{w: w, gzip: strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")}
	o.b = append(make([]byte, 0, 4096), `{"status":"success","data":{"resultType":"`...)
	o.b = append(o.b, res.Value.Type()...)
	o.b = append(o.b, `","result":`...)
	if err := o.value(res.Value); err != nil {
		return err
	}
	o.b = append(o.b, '}')
	warnings, infos := said(res.Warnings, query)
	for _, notes := range []struct {
		key  string
		list []string
	}{{"warnings", warnings}, {"infos", infos}} {
		if len(notes.list) > 0 {
			list, err := json.Marshal(notes.list)
			if err != nil {
				return errs.Wrap(errs.Internal, err, "encode annotations")
			}
			o.b = append(append(append(append(o.b, `,"`...), notes.key...), `":`...), list...)
		}
	}
	o.b = append(o.b, '}', '\n')
	return o.end()
}

const (
	// worthGzip is the size from which compressing an answer pays.
	worthGzip = 2 << 10
	// piece is how many bytes leave at once: an answer of fewer, which most are, is one piece.
	piece = 256 << 10
)

// out gathers an answer and sends it in pieces.
type out struct {
	w    http.ResponseWriter
	gzip bool // the client takes it
	b    []byte
	to   io.Writer // nil: nothing was sent
	z    *gzip.Writer
}

// room sends what is gathered if it is a piece.
func (o *out) room() error {
	if len(o.b) < piece {
		return nil
	}
	return o.send()
}

func (o *out) send() error {
	if o.to == nil {
		h := o.w.Header()
		h.Set("Content-Type", "application/json")
		h.Add("Vary", "Accept-Encoding")
		o.to = o.w
		if o.gzip && len(o.b) >= worthGzip {
			h.Set("Content-Encoding", "gzip")
			var err error
			if o.z, err = gzip.NewWriterLevel(o.w, gzip.BestSpeed); err != nil {
				return errs.Wrap(errs.Internal, err, "make gzip writer")
			}
			o.to = o.z
		}
	}
	_, err := o.to.Write(o.b)
	o.b = o.b[:0]
	return errs.Wrap(errs.External, err, "write answer")
}

// end sends the rest.
func (o *out) end() error {
	if err := o.send(); err != nil || o.z == nil {
		return err
	}
	return errs.Wrap(errs.External, o.z.Close(), "write answer")
}

// value appends the value of a query.
func (o *out) value(v parser.Value) error {
	switch v := v.(type) {
	case promql.Scalar:
		o.b = appendPoint(o.b, v.T, v.V)
		return nil
	case promql.String:
		o.b = append(appendTime(append(o.b, '['), v.T), ',')
		o.b = append(appendText(o.b, v.V), ']')
		return nil
	case promql.Vector:
		o.b = append(o.b, '[')
		for i, s := range v {
			if i > 0 {
				o.b = append(o.b, ',')
			}
			o.b = appendMetric(append(o.b, `{"metric":`...), s.Metric)
			if s.H != nil {
				o.b = appendHistogram(append(o.b, `,"histogram":`...), s.T, s.H)
			} else {
				o.b = appendPoint(append(o.b, `,"value":`...), s.T, s.F)
			}
			o.b = append(o.b, '}')
			if err := o.room(); err != nil {
				return err
			}
		}
		o.b = append(o.b, ']')
		return nil
	case promql.Matrix:
		o.b = append(o.b, '[')
		for i, s := range v {
			if i > 0 {
				o.b = append(o.b, ',')
			}
			o.b = appendSeries(o.b, s)
			if err := o.room(); err != nil {
				return err
			}
		}
		o.b = append(o.b, ']')
		return nil
	}
	return errs.New(errs.Internal, "a query gave a value of type %T", v)
}

func appendSeries(b []byte, s promql.Series) []byte {
	b = appendMetric(append(b, `{"metric":`...), s.Metric)
	if len(s.Floats) > 0 || len(s.Histograms) == 0 {
		b = append(b, `,"values":[`...)
		for j, p := range s.Floats {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendPoint(b, p.T, p.F)
		}
		b = append(b, ']')
	}
	if len(s.Histograms) > 0 {
		b = append(b, `,"histograms":[`...)
		for j, p := range s.Histograms {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendHistogram(b, p.T, p.H)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

func appendMetric(b []byte, ls labels.Labels) []byte {
	b = append(b, '{')
	first := true
	ls.Range(func(l labels.Label) {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendText(b, l.Name), ':')
		b = appendText(b, l.Value)
	})
	return append(b, '}')
}

// appendText appends a JSON string. Fast path: printable ASCII without quotes and backslashes.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			q, _ := json.Marshal(s) // a string always encodes
			return append(b, q...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendTime appends milliseconds as seconds with as many decimals as needed.
func appendTime(b []byte, t int64) []byte {
	if t < 0 {
		b = append(b, '-')
		t = -t
	}
	b = strconv.AppendInt(b, t/1000, 10)
	if ms := t % 1000; ms != 0 {
		b = append(b, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	return b
}

func appendPoint(b []byte, t int64, v float64) []byte {
	b = append(appendTime(append(b, '['), t), ',', '"')
	return append(appendFloat(b, v), '"', ']')
}

// appendFloat spells a value as Prometheus does: an exponent only where there would be many zeros, NaN, +Inf, -Inf.
func appendFloat(b []byte, v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 && (v != 0 || !math.Signbit(v)) { // fast path: whole numbers
		return strconv.AppendInt(b, int64(v), 10)
	}
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && abs < 1e-6 || abs >= 1e21 {
		format = 'e'
	}
	return strconv.AppendFloat(b, v, format, -1, 64)
}

func appendHistogram(b []byte, t int64, h *histogram.FloatHistogram) []byte {
	number := func(key string, v float64) {
		b = append(append(append(b, '"'), key...), `":"`...)
		b = append(appendFloat(b, v), '"')
	}
	b = append(appendTime(append(b, '['), t), ",{"...)
	number("count", h.Count)
	b = append(b, ',')
	number("sum", h.Sum)
	first := true
	for it := h.AllBucketIterator(); it.Next(); {
		bucket := it.At()
		if bucket.Count == 0 {
			continue
		}
		if first {
			b = append(b, `,"buckets":[`...)
		} else {
			b = append(b, ',')
		}
		first = false
		rule := byte('0') // open left: lower bound out, upper in
		switch {
		case bucket.LowerInclusive && bucket.UpperInclusive:
			rule = '3'
		case bucket.LowerInclusive:
			rule = '1'
		case !bucket.UpperInclusive:
			rule = '2'
		}
		b = append(b, '[', rule)
		for _, v := range []float64{bucket.Lower, bucket.Upper, bucket.Count} {
			b = append(appendFloat(append(b, `,"`...), v), '"')
		}
		b = append(b, ']')
	}
	if !first {
		b = append(b, ']')
	}
	return append(b, "}]"...)
}

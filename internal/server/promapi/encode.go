package promapi

import (
	"encoding/json"
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

// answer writes the value of a query and gives its memory back.
func answer(w http.ResponseWriter, r *httpd.Request, res *Result, query string) error {
	if res.Close != nil {
		defer res.Close()
	}
	b := append(make([]byte, 0, 4096), `{"status":"success","data":{"resultType":"`...)
	b = append(b, res.Value.Type()...)
	b = append(b, `","result":`...)
	b, err := appendValue(b, res.Value)
	if err != nil {
		return err
	}
	b = append(b, '}')
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
			b = append(append(append(append(b, `,"`...), notes.key...), `":`...), list...)
		}
	}
	b = append(b, '}', '\n')
	return send(w, r, b)
}

// worthGzip is the size from which compressing an answer pays.
const worthGzip = 2 << 10

func send(w http.ResponseWriter, r *httpd.Request, b []byte) error {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Add("Vary", "Accept-Encoding")
	if len(b) < worthGzip || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, err := w.Write(b)
		return errs.Wrap(errs.External, err, "write answer")
	}
	h.Set("Content-Encoding", "gzip")
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "make gzip writer")
	}
	if _, err := z.Write(b); err != nil {
		return errs.Wrap(errs.External, err, "write answer")
	}
	return errs.Wrap(errs.External, z.Close(), "write answer")
}

func appendValue(b []byte, v parser.Value) ([]byte, error) {
	switch v := v.(type) {
	case promql.Scalar:
		return appendPoint(b, v.T, v.V), nil
	case promql.String:
		b = append(appendTime(append(b, '['), v.T), ',')
		return append(appendText(b, v.V), ']'), nil
	case promql.Vector:
		b = append(b, '[')
		for i, s := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendMetric(append(b, `{"metric":`...), s.Metric)
			if s.H != nil {
				b = appendHistogram(append(b, `,"histogram":`...), s.T, s.H)
			} else {
				b = appendPoint(append(b, `,"value":`...), s.T, s.F)
			}
			b = append(b, '}')
		}
		return append(b, ']'), nil
	case promql.Matrix:
		b = append(b, '[')
		for i, s := range v {
			if i > 0 {
				b = append(b, ',')
			}
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
			b = append(b, '}')
		}
		return append(b, ']'), nil
	}
	return nil, errs.New(errs.Internal, "a query gave a value of type %T", v)
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

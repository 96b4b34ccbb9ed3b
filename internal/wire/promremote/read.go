package promremote

import (
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// ReadQuery asks for the samples of one metric.
type ReadQuery struct {
	Database   string            // empty: the session's
	Start, End int64             // milliseconds, inclusive
	Matchers   []*labels.Matcher // exactly one of them is __name__ = a name
}

// DecodeRead reads a decompressed prometheus.ReadRequest.
func DecodeRead(src []byte) ([]ReadQuery, error) {
	var req prompb.ReadRequest
	if err := req.Unmarshal(src); err != nil {
		return nil, errs.Wrap(errs.InvalidArguments, err, "malformed remote read request")
	}
	sampled := len(req.AcceptedResponseTypes) == 0
	for _, t := range req.AcceptedResponseTypes {
		sampled = sampled || t == prompb.ReadRequest_SAMPLES
	}
	if !sampled {
		return nil, errs.New(errs.Unsupported, "remote read answers with samples only, and the request does not accept them")
	}
	out := make([]ReadQuery, len(req.Queries))
	for i, q := range req.Queries {
		if q == nil {
			return nil, errs.New(errs.InvalidArguments, "query %d is empty", i)
		}
		if err := readQuery(&out[i], q); err != nil {
			return nil, errs.Wrap(errs.InvalidArguments, err, "query %d", i)
		}
	}
	return out, nil
}

func readQuery(dst *ReadQuery, q *prompb.Query) error {
	dst.Start, dst.End = q.StartTimestampMs, q.EndTimestampMs
	names := 0
	for _, m := range q.Matchers {
		var t labels.MatchType
		switch m.Type {
		case prompb.LabelMatcher_EQ:
			t = labels.MatchEqual
		case prompb.LabelMatcher_NEQ:
			t = labels.MatchNotEqual
		case prompb.LabelMatcher_RE:
			t = labels.MatchRegexp
		case prompb.LabelMatcher_NRE:
			t = labels.MatchNotRegexp
		default:
			return errs.New(errs.InvalidArguments, "unknown type %d of the matcher of %q", m.Type, clip([]byte(m.Name)))
		}
		switch m.Name {
		case "__name__":
			if t == labels.MatchEqual && m.Value != "" {
				names++
			} else {
				return errs.New(errs.Unsupported, "the matcher of __name__ must be = and a name")
			}
		case "__database__", "__schema__", "x_greptime_database":
			if t != labels.MatchEqual {
				return errs.New(errs.Unsupported, "the matcher of %s must be =", m.Name)
			}
			dst.Database = m.Value
			continue
		}
		lm, err := labels.NewMatcher(t, m.Name, m.Value)
		if err != nil {
			return errs.Wrap(errs.InvalidArguments, err, "matcher of %q", clip([]byte(m.Name)))
		}
		dst.Matchers = append(dst.Matchers, lm)
	}
	if names != 1 {
		return errs.New(errs.InvalidArguments, "%d matchers of __name__, exactly one is needed", names)
	}
	return nil
}

// ReadResult gathers the answer of one query.
type ReadResult struct{ series []*prompb.TimeSeries }

// Series begins a series; labels are in order of name.
func (r *ReadResult) Series(ls labels.Labels) {
	ts := &prompb.TimeSeries{Labels: make([]prompb.Label, 0, ls.Len())}
	ls.Range(func(l labels.Label) { ts.Labels = append(ts.Labels, prompb.Label{Name: l.Name, Value: l.Value}) })
	r.series = append(r.series, ts)
}

// Sample appends to the series begun last; t is in milliseconds.
func (r *ReadResult) Sample(t int64, v float64) {
	s := r.series[len(r.series)-1]
	s.Samples = append(s.Samples, prompb.Sample{Timestamp: t, Value: v})
}

// EncodeRead gives the snappy body that answers a request with a result per query.
func EncodeRead(results []ReadResult) ([]byte, error) {
	resp := prompb.ReadResponse{Results: make([]*prompb.QueryResult, len(results))}
	for i := range results {
		resp.Results[i] = &prompb.QueryResult{Timeseries: results[i].series}
	}
	b, err := resp.Marshal()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "encode remote read response")
	}
	return snappy.Encode(nil, b), nil
}

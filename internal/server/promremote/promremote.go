// Package promremote is Prometheus remote write (version 1) and remote read (sampled) over HTTP.
package promremote

import (
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
	wire "github.com/goptimedb/goptimedb/internal/wire/promremote"
)

// Reader gives the series that remote read asks for.
type Reader interface {
	// Queryable is the series of the session's database.
	Queryable(sess *model.Session) storage.Queryable
}

// Options of the protocol. Zero members are the defaults.
type Options struct {
	Validation   wire.Validation
	PlainTables  bool   // metrics become tables of their own instead of logical tables on a physical one
	TimeColumn   string // empty: "greptime_timestamp"
	ValueColumn  string // empty: "greptime_value"
	MaxBody      int    // decompressed bytes of a request; zero: 256 MiB
	MaxReadBytes int    // of an answer to remote read; zero: 1 GiB
	Metrics      prometheus.Registerer
}

// API holds what the routes share.
type API struct {
	ins   server.Inserter
	read  Reader
	opt   Options
	codec *wire.Codec
	sets  sync.Pool // *wire.WriteSet
	plain sync.Pool // *[]byte: decompressed bodies

	samples, histograms prometheus.Counter
	codecElapsed        *prometheus.HistogramVec
}

// Register adds the routes. Close the API when the server has stopped.
func Register(s *httpd.Server, ins server.Inserter, read Reader, opt Options) (*API, error) {
	if opt.MaxBody == 0 {
		opt.MaxBody = 256 << 20
	}
	if opt.MaxReadBytes == 0 {
		opt.MaxReadBytes = 1 << 30
	}
	codec, err := wire.NewCodec(opt.MaxBody)
	if err != nil {
		return nil, err
	}
	a := &API{ins: ins, read: read, opt: opt, codec: codec,
		samples: prometheus.NewCounter(prometheus.CounterOpts{Name: "greptime_servers_prometheus_remote_write_samples",
			Help: "Samples written by remote write."}),
		histograms: prometheus.NewCounter(prometheus.CounterOpts{Name: "greptime_servers_prometheus_remote_write_histograms",
			Help: "Native histograms that remote write sent and that were left out."}),
		codecElapsed: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "greptime_servers_http_prometheus_codec_elapsed",
			Help: "Seconds of decoding a request.", Buckets: prometheus.ExponentialBuckets(1e-5, 4, 10)}, []string{"type"}),
	}
	if opt.Metrics != nil {
		opt.Metrics.MustRegister(a.samples, a.histograms, a.codecElapsed)
	}
	a.sets.New = func() any { return new(wire.WriteSet) }
	a.plain.New = func() any { return new([]byte) }
	s.Handle(httpd.Route{Methods: "POST", Path: "/v1/prometheus/write", Family: httpd.IngestFamily, Protocol: "prometheus", Handler: a.write,
		Elapsed: "greptime_servers_http_prometheus_write_elapsed", TimeoutStatus: http.StatusGatewayTimeout})
	s.Handle(httpd.Route{Methods: "POST", Path: "/v1/prometheus/read", Family: httpd.IngestFamily, Protocol: "prometheus", Reads: true, Handler: a.readSamples,
		Elapsed: "greptime_servers_http_prometheus_read_elapsed"})
	return a, nil
}

// Close ends the decompressor.
func (a *API) Close() { a.codec.Close() }

func (a *API) write(w http.ResponseWriter, r *httpd.Request) error {
	q := r.Query()
	if q.Has("get_vm_proto_version") { // vmagent asks whether zstd is understood
		_, err := w.Write([]byte("1"))
		return errs.Wrap(errs.External, err, "answer protocol version")
	}
	if err := v1Only(r.Header.Get("Content-Type")); err != nil {
		return err
	}
	encoding := r.Header.Get("Content-Encoding")
	if encoding == "" {
		return errs.New(errs.InvalidArguments, "header Content-Encoding is missing: remote write is snappy or zstd")
	}
	set := a.sets.Get().(*wire.WriteSet)
	defer func() {
		set.Reset()
		a.sets.Put(set)
	}()
	decodeStart := time.Now()
	if err := a.plainBody(r, encoding, func(body []byte) error {
		return wire.DecodeWrite(set, body, wire.WriteOptions{Validation: a.opt.Validation, TimeColumn: a.opt.TimeColumn, ValueColumn: a.opt.ValueColumn})
	}); err != nil {
		return err
	}
	start := time.Now()
	a.codecElapsed.WithLabelValues("decode").Observe(start.Sub(decodeStart).Seconds())
	a.histograms.Add(float64(set.Histograms))
	for _, g := range set.Groups() {
		sess := *r.Session
		httpd.UseDatabase(&sess, g.Database)
		opts := model.InsertOptions{Kind: model.MetricTable, AutoTime: true, AutoValue: true, TableOptions: map[string]string{
			"greptime.semantic.signal_type": "metric", "greptime.semantic.source": "prometheus", "greptime.semantic.source_version": "1.0",
			"greptime.semantic.metric.metadata_quality": "inferred"}}
		if a.opt.PlainTables {
			opts.Kind = model.PlainTable
		} else {
			opts.PhysicalTable = firstOf(g.PhysicalTable, r.Header.Get("x-greptime-physical-table"), q.Get("physical_table"), r.Session.Hints["physical_table"], "greptime_physical_table")
		}
		n, err := a.ins.Insert(r.Context(), &sess, g.Rows, opts)
		if err != nil {
			return err
		}
		a.samples.Add(float64(n))
	}
	httpd.WriteCost(w, time.Since(start))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// plainBody hands the decompressed body to f, which keeps nothing of it.
func (a *API) plainBody(r *httpd.Request, encoding string, f func([]byte) error) error {
	raw, err := r.RawBody()
	if err != nil {
		return err
	}
	p := a.plain.Get().(*[]byte)
	defer func() {
		if cap(*p) <= 16<<20 { // larger ones are rare, and would stay for ever
			a.plain.Put(p)
		}
	}()
	body, err := a.codec.Decompress(*p, raw, strings.Contains(encoding, "zstd"))
	if errs.Is(err, errs.RuntimeResourcesExhausted) {
		return &httpd.StatusError{Status: http.StatusRequestEntityTooLarge, Err: err}
	}
	if err != nil {
		return err
	}
	*p = body
	if err := r.Hold(int64(len(body))); err != nil {
		return err
	}
	return f(body)
}

// v1Only refuses what is not remote write 1; senders then fall back to it.
func v1Only(contentType string) error {
	if contentType == "" {
		return nil
	}
	t, params, err := mime.ParseMediaType(contentType)
	if proto := params["proto"]; err == nil && t == "application/x-protobuf" && (proto == "" || proto == "prometheus.WriteRequest") {
		return nil
	}
	return httpd.WithStatus(http.StatusUnsupportedMediaType, "content type %q is not remote write 1 (application/x-protobuf;proto=prometheus.WriteRequest)", contentType)
}

func firstOf(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}

func (a *API) readSamples(w http.ResponseWriter, r *httpd.Request) error {
	var queries []wire.ReadQuery
	if err := a.plainBody(r, "snappy", func(body []byte) (err error) {
		queries, err = wire.DecodeRead(body)
		return err
	}); err != nil {
		return err
	}
	results := make([]wire.ReadResult, len(queries))
	budget := a.opt.MaxReadBytes
	for i, q := range queries {
		sess := *r.Session
		httpd.UseDatabase(&sess, q.Database)
		if err := a.selectInto(r, &sess, q, &results[i], &budget); err != nil {
			return err
		}
	}
	body, err := wire.EncodeRead(results)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.Header().Set("Content-Encoding", "snappy")
	_, err = w.Write(body)
	return errs.Wrap(errs.External, err, "answer remote read")
}

func (a *API) selectInto(r *httpd.Request, sess *model.Session, q wire.ReadQuery, dst *wire.ReadResult, budget *int) error {
	querier, err := a.read.Queryable(sess).Querier(q.Start, q.End)
	if err != nil {
		return err
	}
	defer querier.Close()
	series := querier.Select(r.Context(), true, &storage.SelectHints{Start: q.Start, End: q.End}, q.Matchers...)
	var it chunkenc.Iterator
	for series.Next() {
		s := series.At()
		dst.Series(s.Labels())
		it = s.Iterator(it)
		for t := it.Next(); t != chunkenc.ValNone; t = it.Next() {
			if t != chunkenc.ValFloat {
				continue
			}
			at, v := it.At()
			if at < q.Start || at > q.End {
				continue
			}
			dst.Sample(at, v)
			if *budget -= 16; *budget < 0 {
				return errs.New(errs.RuntimeResourcesExhausted, "the answer is larger than %d bytes: ask for less time or fewer series", a.opt.MaxReadBytes)
			}
		}
		if err := it.Err(); err != nil {
			return err
		}
	}
	return series.Err()
}

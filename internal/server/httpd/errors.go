package httpd

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Status is the HTTP status of a code.
func Status(c errs.Code) int {
	switch c {
	case errs.Success:
		return http.StatusOK
	case errs.Unsupported, errs.InvalidArguments, errs.InvalidSyntax, errs.PlanQuery, errs.TableAlreadyExists, errs.TableNotFound,
		errs.TableColumnNotFound, errs.TableColumnExists, errs.DatabaseNotFound, errs.RegionNotFound, errs.RegionAlreadyExists,
		errs.DatabaseAlreadyExists, errs.RequestOutdated, errs.FlowAlreadyExists, errs.FlowNotFound, errs.TriggerAlreadyExists,
		errs.TriggerNotFound:
		return http.StatusBadRequest
	case errs.UserNotFound, errs.UnsupportedPasswordType, errs.UserPasswordMismatch, errs.AuthHeaderNotFound, errs.InvalidAuthHeader:
		return http.StatusUnauthorized
	case errs.AccessDenied, errs.PermissionDenied:
		return http.StatusForbidden
	case errs.RateLimited:
		return http.StatusTooManyRequests
	case errs.External, errs.Suspended, errs.RegionReadonly, errs.RegionNotReady, errs.RegionBusy, errs.TableUnavailable,
		errs.StorageUnavailable: // RegionReadonly is 401 elsewhere, which makes clients ask for a password
		return http.StatusServiceUnavailable
	case errs.Cancelled, errs.DeadlineExceeded:
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError // Unknown, Unexpected, Internal, IllegalState, EngineExecuteQuery, RuntimeResourcesExhausted
}

// StatusError is an error whose HTTP status is not that of its code, such as 413 and 415.
type StatusError struct {
	Status int
	Err    error
}

func (e *StatusError) Error() string { return e.Err.Error() }

// Unwrap gives the error with the code.
func (e *StatusError) Unwrap() error { return e.Err }

// WithStatus makes an InvalidArguments error that is answered with the given HTTP status.
func WithStatus(status int, format string, args ...any) error {
	return &StatusError{status, errs.New(errs.InvalidArguments, format, args...)}
}

// Family is a form of error bodies.
type Family uint8

// The families.
const (
	SQLFamily        Family = iota // {"code":1004,"error":"…","execution_time_ms":0}
	IngestFamily                   // {"error":"…","code":1004}: the code is ours, put behind what clients know
	InfluxFamily                   // {"error":"…","code":"invalid","message":"…"}: InfluxDB's clients refuse a body whose code is a number
	PrometheusFamily               // {"status":"error","errorType":"bad_data","error":"…"}
)

// Message is what a client may read of an error: faults of our own are masked, and are in the log instead.
func Message(err error) string {
	if c := errs.CodeOf(err); c == errs.Internal || c == errs.Unknown {
		return fmt.Sprintf("Internal error: %d", uint32(c))
	}
	return err.Error()
}

// write answers with an error. All families carry the headers with the code.
func (f Family) write(w http.ResponseWriter, r *Request, err error) {
	code, msg := errs.CodeOf(err), Message(err)
	status := Status(code)
	if se := (*StatusError)(nil); errors.As(err, &se) {
		status = se.Status
	}
	if ae := (*authError)(nil); errors.As(err, &ae) {
		f = SQLFamily
	}
	took := r.ElapsedMillis()
	h := w.Header()
	h.Del("Content-Encoding")
	h.Set("Content-Type", "application/json")
	h.Set("x-greptime-err-code", strconv.Itoa(int(code)))
	h.Set("x-greptime-err-msg", headerText(fmt.Sprintf("error: %s, execution_time_ms: %d", msg, took)))
	h.Set("x-greptime-execution-time", strconv.FormatInt(took, 10))
	var body any
	switch f {
	case IngestFamily:
		body = struct {
			Error string `json:"error"`
			Code  int    `json:"code"`
		}{msg, int(code)}
	case InfluxFamily:
		body = struct {
			Error   string `json:"error"` // version 1 clients read this
			Code    string `json:"code"`
			Message string `json:"message"`
		}{msg, influxCode(status), msg}
	case PrometheusFamily:
		status = promStatus(code, status)
		body = struct {
			Status    string `json:"status"`
			ErrorType string `json:"errorType"`
			Error     string `json:"error"`
		}{"error", promErrorType(code), msg}
	default:
		body = struct {
			Code    int    `json:"code"`
			Error   string `json:"error"`
			Elapsed int64  `json:"execution_time_ms"`
		}{int(code), msg, took}
	}
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // the client may be gone
}

// influxCode is InfluxDB's word for a status.
func influxCode(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "unauthorized"
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusNotFound:
		return "not found"
	case http.StatusRequestEntityTooLarge:
		return "request too large"
	case http.StatusTooManyRequests:
		return "too many requests"
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "unavailable"
	}
	if status >= 500 {
		return "internal error"
	}
	return "invalid"
}

// promErrorType is the word that Prometheus' clients look at.
func promErrorType(c errs.Code) string {
	switch c {
	case errs.Unknown, errs.Unexpected, errs.Internal, errs.IllegalState:
		return "internal"
	case errs.Cancelled:
		return "canceled"
	case errs.DeadlineExceeded:
		return "timeout"
	case errs.EngineExecuteQuery, errs.RuntimeResourcesExhausted:
		return "execution"
	case errs.External, errs.Suspended, errs.RegionReadonly, errs.RegionNotReady, errs.RegionBusy, errs.TableUnavailable,
		errs.StorageUnavailable, errs.RateLimited:
		return "unavailable"
	}
	return "bad_data"
}

// promStatus is Prometheus' own status for what its engine answers: 422 where a query failed, 503 where it took too long, 499 where it was
// given up. Grafana and client libraries tell by it whether to ask again.
func promStatus(c errs.Code, status int) int {
	switch c {
	case errs.EngineExecuteQuery, errs.RuntimeResourcesExhausted:
		return http.StatusUnprocessableEntity
	case errs.DeadlineExceeded:
		return http.StatusServiceUnavailable
	case errs.Cancelled:
		return 499
	}
	return status
}

// headerText keeps a message on one line and in printable ASCII, as header values must be, and short.
func headerText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 1024)]
}

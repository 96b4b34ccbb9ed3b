package httpd

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/units"
	"github.com/goptimedb/goptimedb/internal/model"
)

// deadline gives the request's context its time limit.
func (s *Server) deadline(r *http.Request) (context.Context, context.CancelFunc, error) {
	d := s.opt.Timeout
	if h := r.Header.Get("x-greptime-timeout"); h != "" {
		var err error
		if d, err = units.ParseDuration(h); err != nil || d <= 0 {
			return nil, nil, errs.New(errs.InvalidArguments, "x-greptime-timeout: %q is not a duration such as 10s", h)
		}
	}
	if d == 0 {
		return r.Context(), func() {}, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), d)
	return ctx, cancel, nil
}

// session makes the request's session from headers and parameters.
func (s *Server) session(r *Request, rt *Route) error {
	sess := model.NewSession(rt.Protocol)
	sess.Timezone = s.timezone(r.Header.Get("x-greptime-timezone"))
	sess.Hints = hints(r.Header)
	sess.Client = r.RemoteAddr
	r.Session = sess
	db := r.Header.Get("x-greptime-db-name")
	if db == "" {
		q := r.Query()
		if strings.Contains(r.URL.Path, "influxdb/api/v2") {
			db = q.Get("bucket")
		}
		if db == "" {
			db = q.Get("db")
		}
	}
	UseDatabase(sess, db)
	if strings.HasPrefix(r.URL.Path, "/v1/") && !exempt(r.URL.Path) {
		if err := s.authenticate(r); err != nil {
			return err
		}
		if rt.Reads && !sess.Rights.CanRead() {
			return errs.New(errs.PermissionDenied, "User %s is not allowed to read", sess.User)
		}
	}
	return nil
}

func forOperators(path string) bool {
	for _, p := range []string{"/status", "/metrics", "/config", "/debug"} {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

// letIn answers a request outside of /v1/ whose user is not known.
func (s *Server) letIn(w http.ResponseWriter, hr *http.Request) bool {
	r := &Request{Request: hr, Start: time.Now(), server: s, Session: model.NewSession("http")}
	if err := s.authenticate(r); err != nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="goptimedb"`) // these are read by people with browsers
		SQLFamily.write(w, r, err)
		return false
	}
	if hr.Method == http.MethodPost && hr.URL.Path == "/debug/log_level" && !r.Session.Rights.CanWrite() {
		SQLFamily.write(w, r, errs.New(errs.PermissionDenied, "User %s is not allowed to change the server", r.Session.User))
		return false
	}
	return true
}

// UseDatabase turns sess to a database written as "[catalog-]schema"; empty leaves it where it is.
func UseDatabase(sess *model.Session, db string) {
	if db == "" {
		return
	}
	if catalog, schema, ok := strings.Cut(db, "-"); ok && catalog != "" && schema != "" {
		sess.Catalog, sess.Database = catalog, schema
	} else {
		sess.Database = db
	}
}

// timezone reads SYSTEM, ±HH:MM or an IANA name. What is none of them is UTC, without a word: clients rely on it.
func (s *Server) timezone(name string) *time.Location {
	switch {
	case name == "" || strings.EqualFold(name, "SYSTEM"):
		return s.opt.Timezone
	case name[0] == '+' || name[0] == '-':
		if t, err := time.Parse("-07:00", name); err == nil {
			_, off := t.Zone()
			return time.FixedZone(name, off)
		}
		return time.UTC
	case strings.EqualFold(name, "UTC") || strings.EqualFold(name, "local"): // "local" is a name of Go's, not of the zone database
		return time.UTC
	}
	for _, n := range []string{name, titleZone(name), strings.ToUpper(name)} {
		if l, err := time.LoadLocation(n); err == nil {
			return l
		}
	}
	return time.UTC
}

// titleZone spells europe/berlin or AMERICA/NEW_YORK as the zone database does.
func titleZone(s string) string {
	b := []byte(strings.ToLower(s))
	for i := range b {
		if (i == 0 || b[i-1] == '/' || b[i-1] == '_' || b[i-1] == '-') && b[i] >= 'a' && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

// hintHeaders may each stand in a header of their own, an older way.
var hintHeaders = []string{"auto_create_table", "ttl", "append_mode", "merge_mode", "physical_table", "skip_wal", "read_preference"}

// reservedHints are between processes of ours; clients may not set them.
var reservedHints = []string{"remote_query_id", "initial_remote_dyn_filter_registrations", "query.support_flight_metrics_before_batch",
	"query.live_analyze_metrics"}

func hints(h http.Header) map[string]string {
	var out map[string]string
	set := func(k, v string) {
		if k = strings.TrimSpace(k); k == "" {
			return
		}
		if out == nil {
			out = map[string]string{}
		}
		out[k] = strings.TrimSpace(v)
	}
	if all := h.Get("x-greptime-hints"); all != "" {
		for _, p := range strings.Split(all, ",") {
			if k, v, ok := strings.Cut(p, "="); ok {
				set(k, v)
			}
		}
	} else {
		for _, k := range hintHeaders {
			if v := h.Get("x-greptime-hint-" + k); v != "" {
				set(k, v)
			}
		}
	}
	for _, k := range reservedHints {
		delete(out, k)
	}
	return out
}

func exempt(path string) bool {
	for _, p := range []string{"/v1/influxdb/ping", "/v1/influxdb/health", "/v1/health"} {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

// authenticate finds the user and asks Options.Authenticate. Without one everybody is let in under the name they give.
func (s *Server) authenticate(r *Request) error {
	user, password, err := credentials(r)
	if s.opt.NamedTLS {
		switch name := certificateName(r.Context()); {
		case user == "" && s.opt.Authenticate == nil:
			user = name
		case user != name && (err == nil || s.opt.Authenticate == nil):
			s.m.authFailed.WithLabelValues(errs.AccessDenied.String()).Inc()
			return &authError{errs.New(errs.AccessDenied, "The certificate is not made out to user %s", user)}
		}
	}
	if err == nil && s.opt.Authenticate != nil {
		if r.Session.Rights, err = s.opt.Authenticate(r.Context(), user, password); err != nil && errs.CodeOf(err)/1000 != 7 {
			return err
		}
	}
	if s.opt.Authenticate == nil {
		r.Session.User = user
		return nil
	}
	if err != nil {
		s.m.authFailed.WithLabelValues(errs.CodeOf(err).String()).Inc()
		return &authError{err}
	}
	r.Session.User = user
	return nil
}

// authError is answered in the form of the SQL family whatever the route.
type authError struct{ error }

func (e *authError) Unwrap() error { return e.error }

// credentials reads x-greptime-auth or Authorization, and on Influx paths also "Token user:password" and u= and p=.
func credentials(r *Request) (user, password string, err error) {
	influx := strings.Contains(r.URL.Path, "influxdb")
	h := r.Header.Get("x-greptime-auth")
	if h == "" {
		h = r.Header.Get("Authorization")
	}
	if h == "" {
		if q := r.Query(); influx && q.Has("u") && q.Has("p") {
			return q.Get("u"), q.Get("p"), nil
		}
		return "", "", errs.New(errs.AuthHeaderNotFound, "Not found http or grpc authorization header")
	}
	scheme, value, ok := strings.Cut(h, " ")
	switch {
	case !ok:
		return "", "", errs.New(errs.InvalidAuthHeader, "Invalid http authorization header: no scheme and value")
	case strings.EqualFold(scheme, "Basic"):
		b, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return "", "", errs.New(errs.InvalidAuthHeader, "Invalid http authorization header: bad base64")
		}
		value = string(b)
	case influx && strings.EqualFold(scheme, "Token"):
	case strings.EqualFold(scheme, "Bearer"):
		return "", "", errs.New(errs.UserPasswordMismatch, "Unsupported authentication method: bearer token")
	default:
		return "", "", errs.New(errs.InvalidAuthHeader, "Invalid http authorization header: unknown scheme %q", scheme)
	}
	user, password, ok = strings.Cut(value, ":")
	if !ok || user == "" || password == "" {
		return "", "", errs.New(errs.InvalidAuthHeader, "Invalid http authorization header: user and password are needed")
	}
	return user, password, nil
}

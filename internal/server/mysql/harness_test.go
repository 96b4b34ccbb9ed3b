package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// engine is a SQL that answers from a table of texts, and remembers what it was asked.
type engine struct {
	mu      sync.Mutex
	asked   []string
	answers map[string]func(ctx context.Context, sess *model.Session) ([]model.Output, error)
	open    int // streams that were given and not closed
}

func (e *engine) on(text string, f func(ctx context.Context, sess *model.Session) ([]model.Output, error)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.answers == nil {
		e.answers = map[string]func(context.Context, *model.Session) ([]model.Output, error){}
	}
	e.answers[text] = f
}

func (e *engine) rows(text string, fields []model.Field, batches ...*model.Batch) {
	e.on(text, func(context.Context, *model.Session) ([]model.Output, error) {
		return []model.Output{{Rows: e.stream(fields, batches...)}}, nil
	})
}

func (e *engine) Execute(ctx context.Context, sess *model.Session, text string) ([]model.Output, error) {
	if db, ok := strings.CutPrefix(text, "USE "); ok {
		if db = strings.Trim(db, "`"); db != "public" && db != "other" {
			return nil, errs.New(errs.DatabaseNotFound, "Database not found: %s", db)
		}
		sess.Database = db
		return []model.Output{{}}, nil
	}
	if v, ok := strings.CutPrefix(text, "SET "); ok {
		return []model.Output{{}}, e.set(sess, v)
	}
	e.mu.Lock()
	e.asked = append(e.asked, text)
	f := e.answers[text]
	e.mu.Unlock()
	switch {
	case f != nil:
		return f(ctx, sess)
	case strings.HasPrefix(text, "SELECT DATABASE()"), strings.HasPrefix(text, "SELECT database()"):
		b := batch([]model.Field{{Name: "database()", Type: model.String}}, []any{sess.Database})
		return []model.Output{{Rows: e.stream([]model.Field{{Name: "database()", Type: model.String}}, b)}}, nil
	case strings.HasPrefix(text, "INSERT"):
		return []model.Output{{Affected: 3}}, nil
	}
	return nil, errs.New(errs.TableNotFound, "Table not found: %s", text)
}

// set keeps two variables in the session, as the real engine does.
func (e *engine) set(sess *model.Session, assignment string) error {
	name, value, _ := strings.Cut(assignment, " = ")
	value = strings.Trim(value, "'")
	switch name {
	case "time_zone":
		for zone, off := range map[string]int{"+05:30": 19800, "+00:00": 0, "-00:30": -1800} {
			if value == zone {
				sess.Timezone = time.FixedZone(zone, off)
				return nil
			}
		}
		at, err := time.LoadLocation(value)
		if err != nil {
			return errs.New(errs.Unsupported, "Not supported: Invalid timezone expr %s in set variable statement", value)
		}
		sess.Timezone = at
		return nil
	case "max_execution_time":
		ms, err := strconv.Atoi(value)
		sess.Timeout = time.Duration(ms) * time.Millisecond
		return err
	}
	return errs.New(errs.Unexpected, "nobody should ask for %s", assignment)
}

func (e *engine) last() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.asked) == 0 {
		return ""
	}
	return e.asked[len(e.asked)-1]
}

func (e *engine) stream(fields []model.Field, batches ...*model.Batch) model.RowStream {
	e.mu.Lock()
	e.open++
	e.mu.Unlock()
	return &stream{e: e, fields: fields, next: func(context.Context) (*model.Batch, error) {
		if len(batches) == 0 {
			return nil, io.EOF
		}
		b := batches[0]
		batches = batches[1:]
		return b, nil
	}}
}

type stream struct {
	e      *engine
	fields []model.Field
	next   func(context.Context) (*model.Batch, error)
	once   sync.Once
}

func (s *stream) Fields() []model.Field                          { return s.fields }
func (s *stream) Next(ctx context.Context) (*model.Batch, error) { return s.next(ctx) }
func (s *stream) Close() error {
	s.once.Do(func() {
		s.e.mu.Lock()
		s.e.open--
		s.e.mu.Unlock()
	})
	return nil
}

// batch makes rows of the fields' types from Go values; nil is NULL.
func batch(fields []model.Field, rows ...[]any) *model.Batch {
	b := model.NewBatch(fields, len(rows))
	for _, r := range rows {
		for i, x := range r {
			v := b.Cols[i]
			switch x := x.(type) {
			case nil:
				v.AppendNull()
			case bool:
				v.AppendBool(x)
			case int:
				v.AppendInt(int64(x))
			case int64:
				v.AppendInt(x)
			case float64:
				v.AppendFloat(x)
			case string:
				v.AppendString(x)
			case model.Int128:
				v.AppendValue(model.Value{Type: v.Type, Decimal: x})
			case model.MonthDayNano:
				v.AppendValue(model.Value{Type: v.Type, Interval: x})
			default:
				panic(fmt.Sprintf("%T", x))
			}
		}
		b.Len++
	}
	return b
}

type harness struct {
	*engine
	t    *testing.T
	s    *Server
	addr string
	reg  *prometheus.Registry
}

// start runs a server until the test ends, when no stream may be open and no goroutine left.
func start(t *testing.T, opt Options) *harness {
	t.Helper()
	h := &harness{engine: &engine{}, t: t, reg: prometheus.NewRegistry()}
	opt.SQL, opt.Metrics = h.engine, h.reg
	opt.Log = slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if h.s, err = New(opt); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- h.s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := h.s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.open != 0 {
			t.Errorf("%d streams were not closed", h.open)
		}
	})
	return h
}

// testWriter logs to a test.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSuffix(string(b), "\n"))
	return len(b), nil
}

// db opens go-sql-driver on the server; edit may change its configuration.
func (h *harness) db(edit func(*driver.Config)) *sql.DB {
	h.t.Helper()
	cfg := driver.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.DBName = "tcp", h.addr, "root", "public"
	cfg.Logger = &driver.NopLogger{}
	if edit != nil {
		edit(cfg)
	}
	c, err := driver.NewConnector(cfg)
	if err != nil {
		h.t.Fatal(err)
	}
	db := sql.OpenDB(c)
	h.t.Cleanup(func() { db.Close() })
	return db
}

// strs reads all rows as text; NULL is "NULL".
func strs(t *testing.T, rows *sql.Rows, err error) [][]string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for rows.Next() {
		raw := make([]sql.NullString, len(cols))
		ptrs := make([]any, len(cols))
		for i := range raw {
			ptrs[i] = &raw[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			t.Fatal(err)
		}
		r := make([]string, len(cols))
		for i, v := range raw {
			if r[i] = v.String; !v.Valid {
				r[i] = "NULL"
			}
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

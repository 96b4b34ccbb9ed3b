package sql

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// endless is a query that ends only when somebody ends it.
const endless = "SELECT count(*) FROM generate_series(1, 2000000) AS a(x), generate_series(1, 2000000) AS b(y) WHERE sin(x) > cos(y)"

// asker runs a text and gives the number of the error by which it ended, as its protocol has it.
type asker func(ctx context.Context, text string) string

// askers are clients of all protocols.
func askers(t *testing.T, p *process) map[string]asker {
	h := &httpConn{p, &http.Client{Transport: &http.Transport{}}}
	m, g := &mysqlConn{process: p}, &pgConn{process: p}
	m.Reconnect()
	g.Reconnect()
	t.Cleanup(func() {
		h.client.CloseIdleConnections()
		m.db.Close()
		g.conn.Close(context.Background())
	})
	return map[string]asker{
		"http": func(ctx context.Context, text string) string {
			_, body, err := h.post(ctx, model.NewSession("test"), text)
			var answer struct{ Code int }
			if err != nil || json.Unmarshal(body, &answer) != nil {
				return "no answer"
			}
			return strconv.Itoa(answer.Code)
		},
		"mysql": func(ctx context.Context, text string) string {
			rows, err := m.conn.QueryContext(ctx, text)
			if err == nil {
				for rows.Next() {
				}
				err = errors.Join(rows.Err(), rows.Close())
			}
			if e := (*driver.MySQLError)(nil); errors.As(err, &e) {
				return strconv.Itoa(int(e.Number))
			}
			return "no error"
		},
		"postgres": func(ctx context.Context, text string) string {
			_, err := g.conn.Exec(ctx, text).ReadAll()
			if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
				return e.Code
			}
			return "no error"
		},
	}
}

// TestCodesOfCircumstances: errors that no statement makes by itself have the codes of their protocols: being killed, taking too long, and too
// many queries at a time. The connection goes on.
func TestCodesOfCircumstances(t *testing.T) {
	p := start(t)
	for name, ask := range askers(t, p) {
		t.Run("killed/"+name, func(t *testing.T) {
			ended := make(chan string, 1)
			go func() { ended <- ask(t.Context(), endless) }()
			if killed := killWhenItRuns(t, p); killed != 1 {
				t.Errorf("KILL affected %d rows", killed)
			}
			if got, want := <-ended, map[string]string{"http": "1005", "mysql": "1317", "postgres": "57000"}[name]; got != want {
				t.Errorf("ended with %s, want %s", got, want)
			}
			if got := ask(t.Context(), "SELECT 1"); got != "no error" && got != "0" {
				t.Errorf("after it: %s", got)
			}
		})
		t.Run("too slow/"+name, func(t *testing.T) {
			limit := map[string]string{"http": "SET max_execution_time = 20; ", "mysql": "SET max_execution_time = 20; ", "postgres": "SET statement_timeout = 20; "}[name]
			if got, want := ask(t.Context(), limit+endless), map[string]string{"http": "1008", "mysql": "1317", "postgres": "57014"}[name]; got != want {
				t.Errorf("ended with %s, want %s", got, want)
			}
		})
	}
}

// TestTooManyQueries: a query more than may run is refused, over every protocol.
func TestTooManyQueries(t *testing.T) {
	p := startWith(t, func(cfg *config.Standalone) { cfg.MaxConcurrentQueries = 1 })
	all := askers(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		outs, err := p.Execute(ctx, model.NewSession("test"), endless)
		for errs.Is(err, errs.RateLimited) { // one of the queries below was first
			outs, err = p.Execute(ctx, model.NewSession("test"), endless)
		}
		if err == nil {
			_, err = outs[0].Rows.Next(ctx)
			_ = outs[0].Rows.Close()
		}
		ended <- err
	}()
	for name, want := range map[string]string{"http": "6001", "mysql": "1637", "postgres": "54000"} {
		deadline := time.Now().Add(5 * time.Minute)
		got := ""
		for got != want && time.Now().Before(deadline) { // until the query above has begun
			got = all[name](t.Context(), "SELECT count(*) FROM information_schema.tables")
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if got := all[name](t.Context(), "SHOW FULL PROCESSLIST"); got != "0" && got != "no error" {
			t.Errorf("%s: nobody can see what runs: %s", name, got)
		}
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("the endless query ended")
	}
}

// killWhenItRuns kills the endless query as soon as it is on the list.
func killWhenItRuns(t *testing.T, p *process) uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		outs, err := p.Execute(ctx, model.NewSession("test"), "SELECT id FROM information_schema.process_list WHERE query LIKE '%generate_series(1, 2000000)%' AND query NOT LIKE '%process_list%'")
		if err != nil {
			t.Fatal(err)
		}
		b, err := outs[0].Rows.Next(ctx)
		id := ""
		if err == nil && b.Len > 0 {
			id = b.Cols[0].At(0).Bytes
		}
		_ = outs[0].Rows.Close()
		if id == "" {
			continue
		}
		killed, err := p.Execute(ctx, model.NewSession("test"), "KILL '"+id+"'")
		if err != nil {
			t.Fatal(err)
		}
		return killed[0].Affected
	}
	t.Fatal("the query never ran")
	return 0
}

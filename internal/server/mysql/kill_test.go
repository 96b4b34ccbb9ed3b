package mysql

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/goptimedb/goptimedb/internal/model"
)

// slow makes text a statement that lasts until it is cancelled. The channels tell of its beginning and its end.
func (h *harness) slow(text string) (began chan struct{}, ended chan error) {
	began, ended = make(chan struct{}, 1), make(chan error, 1)
	h.on(text, func(ctx context.Context, _ *model.Session) ([]model.Output, error) {
		began <- struct{}{}
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return nil, ctx.Err()
	})
	return began, ended
}

func await[T any](t *testing.T, ch <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(2 * time.Minute):
		t.Fatalf("no %s", what)
	}
	return v
}

func TestKill(t *testing.T) {
	h := start(t, Options{})
	began, ended := h.slow("SELECT sleep(100)")
	db := h.db(nil)
	ctx := context.Background()
	victim, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	var id int
	if err := victim.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&id); err != nil || id == 0 {
		t.Fatalf("id %d %v", id, err)
	}
	for _, kill := range []string{"KILL QUERY %d", "kill query %d;"} {
		failed := make(chan error, 1)
		go func() {
			_, err := victim.ExecContext(ctx, "SELECT sleep(100)")
			failed <- err
		}()
		await(t, began, "start")
		if _, err := db.Exec(fmt.Sprintf(kill, id)); err != nil {
			t.Fatal(err)
		}
		if err := await(t, failed, "end"); number(err) != 1317 {
			t.Errorf("%s: %v", kill, err)
		}
		await(t, ended, "cancellation")
		if err := victim.PingContext(ctx); err != nil {
			t.Errorf("after %s: %v", kill, err)
		}
	}
	if _, err := db.Exec(fmt.Sprintf("KILL %d", id)); err != nil {
		t.Fatal(err)
	}
	if err := victim.PingContext(ctx); err == nil {
		t.Error("a killed connection lives")
	}
}

// A client that goes away ends its statement.
func TestClientGone(t *testing.T) {
	h := start(t, Options{})
	began, ended := h.slow("SELECT sleep(100)")
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error, 1)
	db := h.db(nil)
	go func() {
		_, err := db.ExecContext(ctx, "SELECT sleep(100)")
		failed <- err
	}()
	await(t, began, "start")
	cancel()
	if err := await(t, failed, "end"); !errors.Is(err, context.Canceled) {
		t.Errorf("client: %v", err)
	}
	if err := await(t, ended, "cancellation"); !errors.Is(err, errGone) {
		t.Errorf("engine: %v", err)
	}
}

func TestMaxExecutionTime(t *testing.T) {
	h := start(t, Options{})
	began, ended := h.slow("SELECT sleep(100)")
	db := h.db(nil)
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("SET max_execution_time = 500"); err != nil {
		t.Fatal(err)
	}
	_, err := db.Exec("SELECT sleep(100)")
	if number(err) != 1317 || !strings.Contains(err.Error(), "maximum statement execution time") {
		t.Errorf("%v", err)
	}
	await(t, began, "start")
	await(t, ended, "end")
	var ms string
	if err := db.QueryRow("SELECT @@max_execution_time").Scan(&ms); err != nil || ms != "500" {
		t.Errorf("%s %v", ms, err)
	}
}

// A client that stops reading is cut, and the query's stream closed.
func TestSlowReader(t *testing.T) {
	h := start(t, Options{WriteTimeout: 50 * time.Millisecond})
	f := []model.Field{{Name: "s", Type: model.String}}
	gone := make(chan struct{})
	h.on("SELECT endless", func(context.Context, *model.Session) ([]model.Output, error) {
		s := h.stream(f).(*stream)
		b := batch(f, []any{strings.Repeat("x", 100<<10)})
		s.next = func(ctx context.Context) (*model.Batch, error) { return b, ctx.Err() }
		return []model.Output{{Rows: &closing{s, gone}}}, nil
	})
	db := h.db(nil)
	rows, err := db.Query("SELECT endless")
	if err != nil {
		t.Fatal(err)
	}
	if !rows.Next() {
		t.Fatal("no row")
	}
	await(t, gone, "end of the stream")
	rows.Close()
}

type closing struct {
	model.RowStream
	done chan struct{}
}

func (c *closing) Close() error {
	close(c.done)
	return c.RowStream.Close()
}

// An idle client is told so, and its connection ends.
func TestIdle(t *testing.T) {
	h := start(t, Options{IdleTimeout: 20 * time.Millisecond})
	r := h.login()
	r.want("\xff\xbf\x0f#HY000") // 4031
	r.ended()
}

// Shutdown lets a statement finish, and cuts it when its patience ends.
func TestShutdown(t *testing.T) {
	h := start(t, Options{})
	began, finish := make(chan struct{}, 1), make(chan struct{})
	h.on("SELECT slowly", func(context.Context, *model.Session) ([]model.Output, error) {
		began <- struct{}{}
		<-finish
		return []model.Output{{Affected: 5}}, nil
	})
	done := make(chan error, 1)
	db := h.db(nil)
	go func() {
		_, err := db.Exec("SELECT slowly")
		done <- err
	}()
	await(t, began, "start")
	stopped := make(chan error, 1)
	go func() { stopped <- h.s.Shutdown(context.Background()) }()
	<-h.s.conns.Stopping()
	if _, err := net.DialTimeout("tcp", h.addr, time.Second); err == nil {
		if err := h.db(nil).Ping(); err == nil {
			t.Error("a new client was served")
		}
	}
	close(finish)
	if err := await(t, done, "answer"); err != nil {
		t.Errorf("statement: %v", err)
	}
	if err := await(t, stopped, "end"); err != nil {
		t.Errorf("shutdown: %v", err)
	}

	h = start(t, Options{})
	slow, ended := h.slow("SELECT sleep(100)")
	db = h.db(func(c *driver.Config) {})
	go func() {
		_, err := db.Exec("SELECT sleep(100)")
		done <- err
	}()
	await(t, slow, "start")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.s.Shutdown(ctx); err == nil {
		t.Error("shutdown did not say that it cut a statement")
	}
	await(t, ended, "cancellation")
	if err := await(t, done, "answer"); err == nil {
		t.Error("a cut statement succeeded")
	}
}

package sql

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/units"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/tests/sql/scripttest"
)

// TestLimits: the limits of the configuration hold over every protocol, and what is within them works.
func TestLimits(t *testing.T) {
	p := startWith(t, func(cfg *config.Standalone) {
		cfg.Query.MaxStatements, cfg.Query.MaxUnionParts, cfg.Query.MaxStatementSize = 3, 2, 1<<10
	})
	checkLimits(t, p, []limitCase{
		{"SELECT 1; SELECT 2; SELECT 3", ""},
		{"SELECT 1; SELECT 2; SELECT 3; SELECT 4", "at most 3 statements"},
		{"SELECT 1 UNION ALL SELECT 2", ""},
		{"SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3", "at most 2 are supported"},
		{"SELECT '" + strings.Repeat("x", 2000) + "'", "longer than 1024"},
	})
	// A process of its own, as on a slow machine any query may take so long.
	hasty := startWith(t, func(cfg *config.Standalone) { cfg.Query.Timeout = units.Duration(200 * time.Millisecond) })
	checkLimits(t, hasty, []limitCase{{endless, "longer than 200ms"}})
}

// limitCase is a text and what its error says. No words: it has none.
type limitCase struct{ text, want string }

// checkLimits asks a process over every protocol.
func checkLimits(t *testing.T, p *process, cases []limitCase) {
	t.Helper()
	h := &httpConn{p, &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(h.client.CloseIdleConnections)
	m, g := &mysqlConn{process: p}, &pgConn{process: p}
	m.Reconnect()
	t.Cleanup(func() { m.db.Close() })
	g.Reconnect()
	t.Cleanup(func() { g.conn.Close(context.Background()) })
	for _, c := range cases {
		for name, conn := range map[string]scripttest.Conn{"http": h, "mysql": m, "postgres": g} {
			dialect := map[string]model.Dialect{"mysql": model.DialectMySQL, "postgres": model.DialectPostgres}[name]
			if name == "postgres" && strings.Contains(c.want, "1024") {
				continue // which bounds its messages: postgres.max_allowed_packet
			}
			sess := model.NewSession("test")
			sess.Dialect = dialect
			want := execute(t, p, sess, c.text)
			got, err := conn.Ask(t.Context(), sess, c.text, want)
			text := got.String()
			if err != nil {
				text = "error " + err.Error()
			}
			told := strings.Contains(text, c.want) || c.text == endless && strings.Contains(text, "statement timeout") // PostgreSQL's words
			if (c.want == "") == strings.HasPrefix(text, "error") || !told {
				t.Errorf("%s: %.60s: %s", name, c.text, text)
			}
		}
	}
}

// execute is the answer of the process itself.
func execute(t *testing.T, p *process, sess *model.Session, text string) scripttest.Answer {
	t.Helper()
	return scripttest.Execute(t.Context(), p, sess, text)
}

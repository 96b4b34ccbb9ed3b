package node

import (
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/units"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query"
)

// rows runs a statement and gives its cells as text.
func rows(t *testing.T, n *Standalone, text string) ([][]string, error) {
	t.Helper()
	sess := model.NewSession("http")
	sess.Client = "test:1"
	outs, err := n.SQL().Execute(t.Context(), sess, text)
	if err != nil {
		return nil, err
	}
	if outs[0].Rows == nil {
		return nil, nil
	}
	b, err := query.ReadAll(t.Context(), outs[0].Rows)
	if err != nil {
		return nil, err
	}
	out := make([][]string, b.Len)
	for r := range b.Len {
		for _, c := range b.Cols {
			out[r] = append(out[r], strings.Trim(c.At(r).String(), `"`))
		}
	}
	return out, nil
}

func TestKillEndsAStatementThatIsListed(t *testing.T) {
	n := guarded(t, func(c *config.Standalone) { c.UserProvider = "" })
	const endless = "SELECT sum(a.value * b.value) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b"
	ended := make(chan error, 1)
	go func() {
		_, err := rows(t, n, endless)
		ended <- err
	}()
	var id string
	for deadline := time.Now().Add(5 * time.Minute); id == "" && time.Now().Before(deadline); {
		list, err := rows(t, n, "SELECT id, query, client FROM information_schema.process_list WHERE query LIKE 'SELECT sum(a%'")
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 1 {
			if list[0][1] != endless || list[0][2] != "http[test:1]" {
				t.Fatal(list)
			}
			id = list[0][0]
		}
	}
	if id == "" {
		t.Fatal("the statement is not on the list")
	}
	if _, err := rows(t, n, "KILL '"+id+"'"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errs.Is(err, errs.Cancelled) || !strings.Contains(err.Error(), "KILL") {
		t.Errorf("ended with %v", err)
	}
	if _, err := rows(t, n, "KILL 'nothing'"); !errs.Is(err, errs.InvalidArguments) {
		t.Error(err)
	}
	if list, err := rows(t, n, "SHOW PROCESSLIST"); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
}

func TestSlowQueriesAreRecorded(t *testing.T) {
	n := guarded(t, func(c *config.Standalone) {
		c.UserProvider = ""
		c.SlowQuery.Threshold = units.Duration(1)
	})
	if _, err := rows(t, n, "SELECT 1 + 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := rows(t, n, "TQL EVAL (0, 10, '5s') vector(1)"); err != nil {
		t.Fatal(err)
	}
	n.slow.close()
	got, err := rows(t, n, "SELECT query, schema_name, is_promql, threshold, cost < 60000 FROM greptime_private.slow_queries ORDER BY query")
	if err != nil || len(got) != 2 || got[0][0] != "SELECT 1 + 1" || got[0][1] != "public" || got[0][2] != "false" || got[1][2] != "true" || got[0][4] != "true" {
		t.Fatal(got, err)
	}
	if made, err := rows(t, n, "SHOW CREATE TABLE greptime_private.slow_queries"); err != nil || !strings.Contains(made[0][1], "ttl = '90days'") && !strings.Contains(made[0][1], "ttl") || !strings.Contains(made[0][1], "append_mode = 'true'") {
		t.Error(made, err)
	}
}

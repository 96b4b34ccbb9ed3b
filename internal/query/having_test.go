package query

import (
	"slices"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// TestHavingWithoutGroups: what MySQL reads as a condition on rows that knows the names of the select list is an error for the others.
func TestHavingWithoutGroups(t *testing.T) {
	w := newWorld(t)
	const query = "SELECT upper(host) AS host, n * 2 AS twice FROM cpu WHERE n < 4 HAVING twice > 2 AND host <> 'H1' ORDER BY ts"
	if _, _, err := w.query(query); err == nil || !strings.Contains(err.Error(), "HAVING clause references") {
		t.Fatal(err)
	}
	w.sess.Dialect = model.DialectMySQL
	_, got, err := w.query(query)
	if err != nil {
		t.Fatal(err)
	}
	_, want, err := w.query("SELECT upper(host) AS host, n * 2 AS twice FROM cpu WHERE n < 4 AND n * 2 > 2 AND host <> 'h1' ORDER BY ts")
	if err != nil || want.Len == 0 || !slices.Equal(cells(got), cells(want)) {
		t.Fatal(cells(got), cells(want), err)
	}
}

package sql

import (
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// TestAnalyzeTQL asks what a TQL statement did: a stage of the statement, one of each scan, and the total.
func TestAnalyzeTQL(t *testing.T) {
	p := start(t)
	sess := model.NewSession("test")
	sess.Database = "public"
	ask := func(text string) string {
		t.Helper()
		outs, err := p.Execute(t.Context(), sess, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if outs[0].Rows == nil {
			return ""
		}
		defer outs[0].Rows.Close()
		b, err := outs[0].Rows.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var sb strings.Builder
		for i := range b.Len {
			sb.WriteString(b.Cols[2].At(i).Bytes + "\n")
		}
		return sb.String()
	}
	ask("CREATE TABLE m (k STRING PRIMARY KEY, ts TIMESTAMP(3) TIME INDEX, a DOUBLE, b DOUBLE)")
	ask("INSERT INTO m VALUES ('x', 0, 1, 2), ('y', 0, 3, 4)")
	for statement, scans := range map[string]int{
		"TQL ANALYZE (0, 10, '5s') sum by (k) (rate(m[1m]))":                                 2, // fields
		"TQL ANALYZE VERBOSE (0, 10, '5s') m{__field__='a'} * on (k) (m{__field__='b'} + 1)": 2, // selectors
		"TQL ANALYZE FORMAT JSON (0, 10, '5s') absent(m{__field__='a'})":                     1, // by the engine
	} {
		text := ask(statement)
		if n := strings.Count(text, "Scan: m\n") + strings.Count(text, `"RowsScanned"`); n < scans || !strings.Contains(text, "Total rows: ") {
			t.Errorf("%s tells of %d scans, want %d:\n%s", statement, n, scans, text)
		}
	}
}

package query

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

// TestExplainAnalyze: what is for programs is JSON, and tells of the scans.
func TestExplainAnalyze(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for _, format := range []string{"", "json", "graphviz"} {
		rows, err := w.engine.Explain(ctx, w.sess, w.parse("SELECT host, max(n) FROM cpu2 GROUP BY host"), ExplainOptions{Analyze: true, Verbose: true, Format: format})
		if err != nil {
			t.Fatal(err)
		}
		b, err := ReadAll(ctx, rows)
		if err != nil {
			t.Fatal(err)
		}
		if f := rows.Fields(); len(f) != 3 || f[0].Name != "stage" || f[1].Name != "node" || f[2].Name != "plan" {
			t.Fatalf("columns %v", f)
		}
		last := b.Len - 1
		if last < 2 || !b.Cols[0].Null(last) || !b.Cols[1].Null(last) || !strings.HasPrefix(string(b.Cols[2].BytesAt(last)), "Total rows: ") {
			t.Fatalf("%q: no total", format)
		}
		for i := range last {
			text := b.Cols[2].BytesAt(i)
			switch {
			case format == "json":
				var v []map[string]any
				if err := json.Unmarshal(text, &v); err != nil || len(v) != 1 || v[0]["Plan"] == nil || v[0]["Rows"] == nil && v[0]["Scan"] == nil {
					t.Errorf("%s: %v", text, err)
				}
			case format == "graphviz" && !strings.HasPrefix(string(text), "digraph {"):
				t.Errorf("%s", text)
			}
		}
	}
	if _, err := w.engine.Explain(ctx, w.sess, w.parse("SELECT 1"), ExplainOptions{Format: "yaml"}); err == nil {
		t.Error("an unknown format is taken")
	}
}

// TestTree reads plans that are indented in odd ways.
func TestTree(t *testing.T) {
	o := ExplainOptions{Format: "graphviz"}
	for text, want := range map[string]int{"a": 1, "a\n  b\n  c": 3, "r\na\n  b": 3, "a\n        b\n c": 3, "": 1} {
		if got := strings.Count(o.format(text, nil), "shape=box"); got != want {
			t.Errorf("%q has %d nodes, want %d", text, got, want)
		}
	}
}

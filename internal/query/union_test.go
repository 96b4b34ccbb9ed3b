package query

import (
	"strings"
	"testing"
)

// TestManyUnions: a chain of thousands of queries is planned and run, and one that is too long is refused in words.
func TestManyUnions(t *testing.T) {
	w := newWorld(t)
	for _, op := range []string{" UNION ALL SELECT 1.5", " UNION SELECT NULL", " INTERSECT SELECT 1"} {
		_, b, err := w.query("SELECT 1 AS x" + strings.Repeat(op, 800))
		if err != nil {
			t.Fatal(err)
		}
		if want := map[byte]int{'A': 801, 'S': 2, 'I': 1}[op[1:][map[bool]int{true: 6, false: 0}[op[1] == 'U']]]; b.Len != want {
			t.Errorf("%s: %d rows, want %d", op, b.Len, want)
		}
	}
	_, _, err := w.query("SELECT 1 AS x" + strings.Repeat(" UNION ALL SELECT 1", maxUnions))
	if err == nil || !strings.Contains(err.Error(), "at most 4096") {
		t.Errorf("a chain that is too long: %v", err)
	}
}

const maxUnions = 4096

package function

import "testing"

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Table() {
		if key := e.Kind + e.Name; seen[key] {
			t.Errorf("%s %s is there twice", e.Kind, e.Name)
		} else {
			seen[key] = true
		}
	}
}

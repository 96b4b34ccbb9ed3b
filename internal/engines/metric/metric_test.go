package metric

import "testing"

// TestTSID pins the hash: it is what users have stored elsewhere.
func TestTSID(t *testing.T) {
	a := TSID([]Label{{"host", "a"}, {"path", "/x"}})
	if b := TSID([]Label{{"path", "/x"}, {"host", "a"}}); a != b {
		t.Errorf("the order of labels changes it: %d, %d", a, b)
	}
	if a != 17891363623485377153 {
		t.Errorf("is %d", a)
	}
	for _, other := range [][]Label{{}, {{"host", "a"}}, {{"host", "a/x"}, {"path", ""}}, {{"hosta", ""}, {"path", "/x"}}} {
		if TSID(other) == a {
			t.Errorf("%v collides", other)
		}
	}
}

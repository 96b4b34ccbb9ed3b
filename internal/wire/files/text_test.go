package files

import (
	"math"
	"math/rand"
	"strconv"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// The fast paths of text say the same as the library.
func TestFastText(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	floats := []float64{0, math.Copysign(0, -1), 1, -1, 999999, 1e6, -999999, -1e6, 0.5, 1e300, math.MaxInt64, math.NaN(), math.Inf(1)}
	for range 10000 {
		floats = append(floats, float64(rnd.Intn(4e6)-2e6), rnd.NormFloat64()*1e6)
	}
	for _, f := range floats {
		if got, want := string(appendFloat(nil, f, 64)), strconv.FormatFloat(f, 'g', -1, 64); got != want {
			t.Fatalf("%v is written as %s", f, got)
		}
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if n, ok := wholeNumber([]byte(s)); ok {
			if want, _ := strconv.ParseFloat(s, 64); n != want {
				t.Fatalf("%s is read as %v", s, n)
			}
		}
	}
	for range 10000 {
		n := rnd.Int63n(1e15) - 5e14
		if u := timeOf(n, model.Millisecond); u.Year() >= 0 && u.Year() <= 9999 {
			if got, want := string(appendTime(nil, n, model.Millisecond)), u.Format("2006-01-02T15:04:05.000"); got != want {
				t.Fatalf("%d is written as %s, want %s", n, got, want)
			}
		}
	}
	for _, s := range []string{"", "12345678901234567", "1.5", "+1", "1e5", " 1"} {
		if _, ok := wholeNumber([]byte(s)); ok {
			t.Errorf("%q is taken for a whole number", s)
		}
	}
}

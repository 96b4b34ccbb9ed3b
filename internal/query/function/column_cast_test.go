package function

import (
	"math"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

func TestAppendClock(t *testing.T) {
	for _, c := range []struct {
		v    int64
		unit model.TimeUnit
		want string
	}{
		{0, model.Second, "1970-01-01T00:00:00"}, {-1, model.Millisecond, "1969-12-31T23:59:59.999"}, {1_000_001, model.Microsecond, "1970-01-01T00:00:01.000001"},
		{1, model.Nanosecond, "1970-01-01T00:00:00.000000001"}, {math.MinInt64, model.Nanosecond, "1677-09-21T00:12:43.145224192"},
		{math.MaxInt64, model.Nanosecond, "2262-04-11T23:47:16.854775807"}, {math.MaxInt64, model.Millisecond, "+292278994-08-17T07:12:55.807"},
		{253402300800, model.Second, "+10000-01-01T00:00:00"}, {-62135596801, model.Second, "0000-12-31T23:59:59"}, {-62167219201, model.Second, "-0001-12-31T23:59:59"},
	} {
		if got := string(appendClock(nil, c.v, c.unit)); got != c.want {
			t.Errorf("%d %s is %s, want %s", c.v, c.unit, got, c.want)
		}
	}
}

package units

import (
	"testing"
	"time"
)

func TestParseSize(t *testing.T) {
	f := func(s string, want Size, print string) {
		t.Helper()
		got, err := ParseSize(s)
		if err != nil || got != want || got.String() != print {
			t.Errorf("ParseSize(%q) = %d (%s), %v; want %d (%s)", s, got, got, err, want, print)
		}
	}
	f("0", 0, "0B")
	f("512MB", 512<<20, "512MiB")
	f("1 GiB", 1<<30, "1GiB")
	f("1.5k", 1536, "1536B")
	f("123", 123, "123B")
	for _, bad := range []string{"", "MB", "-1MB", "1XB", "99999999999GB"} {
		if v, err := ParseSize(bad); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", bad, v)
		}
	}
}

func TestParseDuration(t *testing.T) {
	f := func(s string, want time.Duration, print string) {
		t.Helper()
		got, err := ParseDuration(s)
		if err != nil || got != want || FormatDuration(got) != print {
			t.Errorf("ParseDuration(%q) = %s (%s), %v; want %s (%s)", s, got, FormatDuration(got), err, want, print)
		}
	}
	f("0s", 0, "0s")
	f("0", 0, "0s")
	f("7d", 7*24*time.Hour, "7days")
	f("1 second", time.Second, "1s")
	f("1h30m", 90*time.Minute, "1h 30m")
	f("1day 2hours 500ms", 26*time.Hour+500*time.Millisecond, "1day 2h 500ms")
	f("1y", time.Duration(365.25*24*float64(time.Hour)), "1year")
	for _, bad := range []string{"", "1", "s", "1.5h", "-1h", "1fortnight", "9999999y"} {
		if v, err := ParseDuration(bad); err == nil {
			t.Errorf("ParseDuration(%q) = %s, want an error", bad, v)
		}
	}
}

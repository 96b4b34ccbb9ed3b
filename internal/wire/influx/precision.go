package influx

import "github.com/goptimedb/goptimedb/internal/base/errs"

// Precision is how many nanoseconds one of a line's timestamp units is. Zero means nanoseconds.
type Precision int64

// ParsePrecision reads the precision parameter of a write request; empty is nanoseconds.
func ParsePrecision(s string) (Precision, error) {
	switch s {
	case "", "n", "ns":
		return 1, nil
	case "u", "us", "µ", "µs":
		return 1e3, nil
	case "ms":
		return 1e6, nil
	case "s":
		return 1e9, nil
	case "m":
		return 60e9, nil
	case "h":
		return 3600e9, nil
	}
	return 0, errs.New(errs.InvalidArguments, "unknown precision %q: use n, ns, u, us, ms, s, m or h", clip(s))
}

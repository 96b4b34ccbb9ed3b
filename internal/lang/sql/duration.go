package sql

import (
	"errors"
	"math"
)

// ParseDuration reads PromQL duration text, such as 1h30m: units y w d h m s ms in descending order, each at most
// once. It returns milliseconds, greater than zero. A year has 365 days.
func ParseDuration(text string) (int64, error) {
	bad := errors.New("not a valid duration string: " + text)
	var total int64
	last := -1
	for s := text; s != ""; {
		n, i := int64(0), 0
		for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			if n > (math.MaxInt64-9)/10 {
				return 0, bad
			}
			n = n*10 + int64(s[i]-'0')
		}
		if i == 0 || i == len(s) {
			return 0, bad
		}
		unit, width, rank := int64(0), 1, 0
		switch s[i] {
		case 'y':
			unit, rank = 365*24*3600*1000, 0
		case 'w':
			unit, rank = 7*24*3600*1000, 1
		case 'd':
			unit, rank = 24*3600*1000, 2
		case 'h':
			unit, rank = 3600*1000, 3
		case 'm':
			unit, rank = 60*1000, 4
			if i+1 < len(s) && s[i+1] == 's' {
				unit, width, rank = 1, 2, 6
			}
		case 's':
			unit, rank = 1000, 5
		default:
			return 0, bad
		}
		if rank <= last || n > (math.MaxInt64-total)/unit {
			return 0, bad
		}
		last = rank
		total += n * unit
		s = s[i+width:]
	}
	if text == "" {
		return 0, bad
	}
	if total == 0 {
		return 0, errors.New("duration must be greater than 0")
	}
	return total, nil
}

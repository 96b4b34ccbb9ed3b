package files

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// layouts are the specifiers of strftime that a layout of Go's can say.
var layouts = map[string]string{
	"Y": "2006", "y": "06", "m": "01", "d": "02", "e": "_2", "H": "15", "I": "03", "M": "04", "S": "05", "p": "PM", "P": "pm", "b": "Jan", "h": "Jan",
	"B": "January", "a": "Mon", "A": "Monday", "j": "002", "z": "-0700", ":z": "-07:00", "Z": "MST", "F": "2006-01-02", "T": "15:04:05", "R": "15:04",
	"D": "01/02/06",
}

// TimeLayout makes a writer of times of a strftime layout, such as "%Y-%m-%d %H:%M:%S%.3f".
func TimeLayout(layout string) (func(dst []byte, t time.Time) []byte, error) {
	type part struct {
		text   string // written as it is
		layout string // of Go
		digits int    // of the fraction
		epoch  bool
	}
	var parts []part
	for i := 0; i < len(layout); {
		if layout[i] != '%' {
			n := strings.IndexByte(layout[i:], '%')
			if n < 0 {
				n = len(layout) - i
			}
			parts = append(parts, part{text: layout[i : i+n]})
			i += n
			continue
		}
		rest := layout[i+1:]
		matched := true
		switch {
		case strings.HasPrefix(rest, "%"):
			parts, i = append(parts, part{text: "%"}), i+2
		case strings.HasPrefix(rest, "s"):
			parts, i = append(parts, part{epoch: true}), i+2
		case strings.HasPrefix(rest, "f"):
			parts, i = append(parts, part{digits: 9}), i+2
		case len(rest) >= 3 && rest[0] == '.' && strings.IndexByte("369", rest[1]) >= 0 && rest[2] == 'f':
			parts, i = append(parts, part{text: "."}, part{digits: int(rest[1] - '0')}), i+4
		case len(rest) >= 2 && strings.IndexByte("369", rest[0]) >= 0 && rest[1] == 'f':
			parts, i = append(parts, part{digits: int(rest[0] - '0')}), i+3
		case strings.HasPrefix(rest, ".f"):
			parts, i = append(parts, part{text: "."}, part{digits: 9}), i+3
		default:
			matched = false
			for n := 2; n >= 1; n-- {
				if n <= len(rest) && layouts[rest[:n]] != "" {
					parts, i, matched = append(parts, part{layout: layouts[rest[:n]]}), i+1+n, true
					break
				}
			}
		}
		if !matched {
			return nil, errs.New(errs.InvalidArguments, "Invalid time format %q at byte %d", layout, i)
		}
	}
	return func(dst []byte, t time.Time) []byte {
		for _, p := range parts {
			switch {
			case p.text != "":
				dst = append(dst, p.text...)
			case p.epoch:
				dst = strconv.AppendInt(dst, t.Unix(), 10)
			case p.digits > 0:
				dst = append(dst, fmt.Sprintf("%09d", t.Nanosecond())[:p.digits]...)
			default:
				dst = t.AppendFormat(dst, p.layout)
			}
		}
		return dst
	}, nil
}

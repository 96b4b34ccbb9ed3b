package httpd

import (
	"net/url"
	"strings"
)

// parseForm reads parameters as browsers' standard has it, which is more lenient than net/url: a semicolon is text (statements hold
// them), and a percent sign that begins no escape stands for itself.
func parseForm(s string) url.Values {
	out := url.Values{}
	for s != "" {
		var pair string
		pair, s, _ = strings.Cut(s, "&")
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		k = unescape(k)
		out[k] = append(out[k], unescape(v))
	}
	return out
}

func unescape(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) < 16 && unhex(s[i+2]) < 16:
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	return string(b)
}

// unhex is the value of a hexadecimal digit, or 16.
func unhex(b byte) byte {
	switch {
	case b >= '0' && b <= '9':
		return b - '0'
	case b >= 'a' && b <= 'f':
		return b - 'a' + 10
	case b >= 'A' && b <= 'F':
		return b - 'A' + 10
	}
	return 16
}

// Query is the parameters of the URL.
func (r *Request) Query() url.Values {
	if r.query == nil {
		r.query = parseForm(r.URL.RawQuery)
	}
	return r.query
}

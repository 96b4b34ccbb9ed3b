package function

import (
	"regexp"
	"strings"
	"testing"
)

func TestRE2(t *testing.T) {
	for _, c := range []struct {
		re, text string
		want     bool
	}{
		{`^\w+$`, "été_1", true}, {`^\w$`, "-", false}, {`^\d$`, "٣", true}, {`^\s$`, "\u00a0", true}, {`^\S$`, "\u3000", false}, {`^\W$`, "é", false}, {`^\D$`, "٣", false},
		{`^[\w-]+$`, "a-é", true}, {`^[^\d]$`, "٣", false}, {`^[\D]$`, "a", true}, {`^[]a]$`, "]", true}, {`^[^]a]$`, "]", false}, {`^[[:alpha:]]$`, "x", true}, {`^\[$`, "[", true},
		{`^[\[\]]+$`, "[]", true}, {`\u00e9`, "é", true}, {`\u{e9}`, "é", true}, {`^\\w$`, `\w`, true}, {`^\p{Greek}$`, "α", true}, {`a\.b`, "a.b", true}, {`\x{e9}`, "é", true},
	} {
		got, err := pattern(c.re, "")
		if err != nil {
			t.Errorf("%s: %v", c.re, err)
		} else if got.MatchString(c.text) != c.want {
			t.Errorf("%s on %q: not %v (%s)", c.re, c.text, c.want, got)
		}
	}
	for _, re := range []string{`[a&&b]`, `[[a]b]`, `[a-z--b]`, `[[:alpha:]&&[^x]]`, `(`, `\u00g9`} {
		if _, err := pattern(re, ""); err == nil || !strings.Contains(err.Error(), "did not compile") {
			t.Errorf("%s is taken: %v", re, err)
		}
	}
}

func FuzzRE2(f *testing.F) {
	for _, s := range []string{`\w\d\s`, `[\w[:alpha:]-]`, `\u{e9}|\U0001f600`, `[^]]`, `\`, `[`, `\u`, `a&&b`, `(?P<x>\D)`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, re string) {
		out, err := RE2(re)
		if err != nil {
			return
		}
		// What has nothing to translate stays as it is.
		if !strings.ContainsAny(re, `\[`) && out != re {
			t.Fatalf("%q became %q", re, out)
		}
		_, _ = regexp.Compile(out)
	})
}

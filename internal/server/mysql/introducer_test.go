package mysql

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlainIntroducers(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT 1":            "SELECT 1",
		"SELECT _binary'abc'": "SELECT X'616263'",
		"SELECT _BINARY \t'a\\0\\'\\n\\\\''\"' , 2":                                                    "SELECT X'6100270a5c2722' , 2",
		"SELECT _binary\"\xff\x00\"\"x\"":                                                              "SELECT X'ff002278'",
		"SELECT _utf8mb4'näh', _utf8\"x\", _utf8mb3 ''":                                                "SELECT 'näh', \"x\", ''",
		"SELECT '_binary''x', \"_binary'x'\" -- _binary'x'\n, /* _binary'x' */ _binary'' # _binary'x'": "SELECT '_binary''x', \"_binary'x'\" -- _binary'x'\n, /* _binary'x' */ X'' # _binary'x'",
		"SELECT a_binary'x', `_binary'x'`, _binary_x 'y', _binary":                                     "SELECT a_binary'x', `_binary'x'`, _binary_x 'y', _binary",
		"INSERT INTO t VALUES ('\xff\\0', 'ü', \"\xfe\", `\xff`, '\xff":                                "INSERT INTO t VALUES (X'ff00', 'ü', X'fe', `\xff`, '\xff",
		"SELECT _binary'open":                           "SELECT _binary'open",
		"SELECT _binary'open\\":                         "SELECT _binary'open\\",
		"SELECT 1 --\tit's\n, _binary'a'":               "SELECT 1 --\tit's\n, X'61'",
		"SELECT 1 --":                                   "SELECT 1 --",
		"SELECT 1--'_binary\\'a'":                       "SELECT 1--'_binary\\'a'",
		"/* /* */ it's */ SELECT _binary'a'":            "/* /* */ it's */ SELECT X'61'",
		"SELECT 1 /* _binary'a'":                        "SELECT 1 /* _binary'a'",
		"INSERT INTO t VALUES (_binary'\xfe', 'it''s')": "INSERT INTO t VALUES (X'fe', 'it''s')",
	} {
		if got := plainIntroducers(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func FuzzPlainIntroducers(f *testing.F) {
	f.Add("SELECT _binary'a\\0', _utf8 \"x\" -- y\n/* z */ `q` # e")
	f.Fuzz(func(t *testing.T, s string) {
		out := plainIntroducers(s)
		if low := strings.ToLower(s); utf8.ValidString(s) && !strings.Contains(low, "_binary") && !strings.Contains(low, "_utf8") && out != s {
			t.Error("changed without reason")
		}
		if len(out) > 3*len(s) {
			t.Errorf("%d bytes became %d", len(s), len(out))
		}
	})
}

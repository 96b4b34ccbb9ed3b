package influx

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

const now = int64(1_700_000_000_000_000_000)

// dump prints rows for comparison: a line per table with its columns, then a line per row.
func dump(s *RowSet) string {
	var b strings.Builder
	for _, r := range s.Tables() {
		fmt.Fprintf(&b, "%s:", r.Table)
		for _, c := range r.Columns {
			fmt.Fprintf(&b, " %s/%s/%s", c.Name, strings.ToLower(c.Semantic.String()[:1]), c.Vector.Type)
			if c.Vector.Len != r.Len {
				fmt.Fprintf(&b, "(LEN %d)", c.Vector.Len)
			}
		}
		b.WriteByte('\n')
		for i := range r.Len {
			for _, c := range r.Columns {
				fmt.Fprintf(&b, " %s", c.Vector.At(i))
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func TestDecode(t *testing.T) {
	var set RowSet // reused, as servers do
	f := func(in, want string) {
		t.Helper()
		if err := Decode(&set, []byte(in), Options{Now: now}); err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		if got := dump(&set); got != strings.TrimLeft(want, "\n") {
			t.Fatalf("%q:\n%swant:%s", in, got, want)
		}
	}
	f("", "")
	f("\n \n\r\n# comment\r\n  # more\n", "")
	f("m f=1", `
m: f/f/Float64 greptime_timestamp/t/TimestampNanosecond
 1 1700000000000000000
`)
	f("m,b=2,a=1 f=1i,g=2u,h=1.5,s=\"x\",t=t 7\r\nm,a=3,b=4 f=-1i 8\n", `
m: b/t/String a/t/String f/f/Int64 g/f/UInt64 h/f/Float64 s/f/String t/f/Boolean greptime_timestamp/t/TimestampNanosecond
 "2" "1" 1 2 1.5 "x" true 7
 "4" "3" -1 NULL NULL NULL NULL 8
`)
	// Late columns stand behind the time index; rows without them are NULL.
	f("m f=1 1\nm,x=y f=2,g=3 2\nm f=3 3", `
m: f/f/Float64 greptime_timestamp/t/TimestampNanosecond x/t/String g/f/Float64
 1 1 NULL NULL
 2 2 "y" 3
 3 3 NULL NULL
`)
	f("a f=1 1\nb f=2i 2\na f=3 3\n", `
a: f/f/Float64 greptime_timestamp/t/TimestampNanosecond
 1 1
 3 3
b: f/f/Int64 greptime_timestamp/t/TimestampNanosecond
 2 2
`)
	f(`my\ m\,x,t\=\ k=a\ b\,c\=d f\ 1="say \"hi\" \\ \n, = " 5`, `
my m,x: t= k/t/String f 1/f/String greptime_timestamp/t/TimestampNanosecond
 "a b,c=d" "say \"hi\" \\ \\n, = " 5
`)
	f("m,t=back\\slash f=\"two\nlines\" 1\nm,t=q\"uote\" f=\"\" 2", `
m: t/t/String f/f/String greptime_timestamp/t/TimestampNanosecond
 "back\\slash" "two\nlines" 1
 "q\"uote\"" "" 2
`)
	f("m f=TRUE,g=f,h=False  -12  \n", `
m: f/f/Boolean g/f/Boolean h/f/Boolean greptime_timestamp/t/TimestampNanosecond
 true false false -12
`)
	f("m f=1,f=2 3", `
m: f/f/Float64 greptime_timestamp/t/TimestampNanosecond
 2 3
`)
	f("m a=1e3,b=-.5,c=3.,d=0.1,e=123456789012345678901234567890,f=9223372036854775807i,g=18446744073709551615u,h=-9223372036854775808i 1", `
m: a/f/Float64 b/f/Float64 c/f/Float64 d/f/Float64 e/f/Float64 f/f/Int64 g/f/UInt64 h/f/Int64 greptime_timestamp/t/TimestampNanosecond
 1000 -0.5 3 0.1 1.2345678901234568e+29 9223372036854775807 18446744073709551615 -9223372036854775808 1
`)
	f("температура,город=Осло f=1 1", `
температура: город/t/String f/f/Float64 greptime_timestamp/t/TimestampNanosecond
 "Осло" 1 1
`)
}

func TestBadLines(t *testing.T) {
	var set RowSet
	f := func(in, want string) {
		t.Helper()
		err := Decode(&set, []byte(in), Options{Now: now, MaxColumns: 4, MaxTables: 2, MaxLine: 100, MaxCells: 100})
		if err == nil {
			t.Fatalf("%q was accepted:\n%s", in, dump(&set))
		}
		if !errs.Is(err, errs.InvalidArguments) {
			t.Fatalf("%q: code %v", in, errs.CodeOf(err))
		}
		if len(set.Tables()) != 0 {
			t.Fatalf("%q left rows behind", in)
		}
		if got := strings.TrimPrefix(err.Error(), "invalid line protocol: "); got != want {
			t.Fatalf("%q:\n got %s\nwant %s", in, got, want)
		}
	}
	f("m", "line 1: end of input behind the measurement")
	f("m\n", "line 1: end of line behind the measurement")
	f(",a=b f=1", "line 1: measurement is missing")
	f("\n\nm,a f=1", `line 3, column "a": unexpected ' ' where '=' should follow the tag key`)
	f("m,a= f=1", `line 1, column "a": tag value is empty`)
	f("m,=b f=1", `line 1: unexpected '=' where a tag key should be`)
	f("m,a=b", `line 1, column "a": end of input in tag value`)
	f("m,a=b=c f=1", `line 1, column "a": unexpected '=' in tag value`)
	f("m,a=b,a=c f=1", `line 1, column "a": tag is given twice`)
	f("m,a=b a=1", `line 1, column "a": given as a field, but it is a tag in this request`)
	f("m f=1\nm,f=1 g=1", `line 2, column "f": given as a tag, but it is a float (DOUBLE) in this request`)
	f("m f=", `line 1, column "f": field value is missing`)
	f("m f", `line 1, column "f": end of input where '=' should follow the field key`)
	f("m f=x", `line 1, column "f": unexpected 'x' where a field value should be`)
	f("m f=tru", `line 1, column "f": "tru" is not a boolean`)
	f("m f=1i\nm f=1.0\nm f=2i\nm f=3", `line 2, column "f": two types in one request: a float (DOUBLE) here, an integer (BIGINT) before; `+
		`line 4, column "f": two types in one request: a float (DOUBLE) here, an integer (BIGINT) before`)
	f("m f=9223372036854775808i", `line 1, column "f": "9223372036854775808" is outside of the range of an integer (BIGINT)`)
	f("m f=-1u", `line 1, column "f": "-1" is not an unsigned integer (BIGINT UNSIGNED)`)
	f("m f=18446744073709551616u", `line 1, column "f": "18446744073709551616" is outside of the range of an unsigned integer (BIGINT UNSIGNED)`)
	f("m f=1e999", `line 1, column "f": "1e999" is outside of the range of a float (DOUBLE)`)
	f("m f=0x10", `line 1, column "f": "0x10" is not a float (DOUBLE)`)
	f("m f=1_000", `line 1, column "f": "1_000" is not a float (DOUBLE)`)
	f("m f=1.2.3", `line 1, column "f": "1.2.3" is not a float (DOUBLE)`)
	f("m f=-", `line 1, column "f": "-" is not a float (DOUBLE)`)
	f(`m f="abc`, `line 1, column "f": closing quote is missing`)
	f(`m f="abc"x`, `line 1, column "f": unexpected 'x' behind a string`)
	f("m f=1 12x", `line 1, column "greptime_timestamp": "12x" is not a timestamp`)
	f("m f=1 9223372036854775808", `line 1, column "greptime_timestamp": timestamp 9223372036854775808 is out of range: `+
		"nanoseconds since 1970 must fit 64 bits (is the precision right?)")
	f("m f=1 1 2", `line 1: unexpected '2' behind the line`)
	f("m\xff f=1", "line 1: measurement is not valid UTF-8")
	f("m f=1\nm,a=\xff f=1", `line 2, column "a": tag value is not valid UTF-8`)
	f("m f=\"\xff\"", `line 1, column "f": string is not valid UTF-8`)
	f("m greptime_timestamp=1", `line 1, column "greptime_timestamp": a tag or field has the name of the time index`)
	f("m a=1,b=1,c=1,d=1,e=1", `line 1, column "e": more than 4 columns in table "m"`)
	f("m f=1\nn f=1\no f=1", `line 3: more than 2 measurements in one request`)
	f(`m f="`+strings.Repeat("x", 100)+`"`, "line 1: longer than 100 bytes")
	f("m f=\"a\nb\" 1\nm f=1 1", `line 3, column "f": two types in one request: a float (DOUBLE) here, a string (STRING) before`)
	f("m a=1,b=1,c=1\n"+strings.Repeat("m a=1\n", 40), "line 26: rows times columns of the request exceed 100: send smaller requests")
	many := strings.Repeat("bad\n", 12)
	err := Decode(&set, []byte(many), Options{})
	var de *DecodeError
	if !errors.As(err, &de) || de.Total != 12 || len(de.Lines) != 10 || !strings.HasSuffix(err.Error(), "; and 2 more") {
		t.Fatalf("many bad lines: %v", err)
	}
}

func TestPrecision(t *testing.T) {
	var set RowSet
	f := func(name, in string, want int64) {
		t.Helper()
		p, err := ParsePrecision(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := Decode(&set, []byte("m f=1 "+in), Options{Precision: p}); err != nil {
			t.Fatal(err)
		}
		if got := set.Tables()[0].Columns[1].Vector.Ints[0]; got != want {
			t.Fatalf("%s %s: %d, want %d", in, name, got, want)
		}
	}
	for _, n := range []string{"", "n", "ns"} {
		f(n, "123", 123)
	}
	f("u", "123", 123e3)
	f("us", "123", 123e3)
	f("ms", "-123", -123e6)
	f("s", "123", 123e9)
	f("m", "2", 120e9)
	f("h", "2", 7200e9)
	f("ns", "-9223372036854775808", -1<<63)
	if _, err := ParsePrecision("d"); !errs.Is(err, errs.InvalidArguments) {
		t.Fatalf("precision d: %v", err)
	}
	if err := Decode(&set, []byte("m f=1 1700000000000"), Options{Precision: 1e9}); err == nil {
		t.Fatal("milliseconds as seconds were accepted")
	}
}

// A row set used again gives what a new one gives, whatever the batches before were.
func TestReuse(t *testing.T) {
	var set RowSet
	bodies := []string{
		"m,a=1,b=2 f=1i 1\nm,a=2,b=2 f=2i 2\n",
		"m,f=1,b=2 a=\"s\" 1\nk g=t 2\n",
		"m,a=1 x=1,y=2 1\nm y=3,x=4 2\nm,a=2,b=3 x=1 3\n",
		"bad",
		string(tsbs(500)),
	}
	for round := range 3 {
		for _, b := range bodies {
			var fresh RowSet
			err1, err2 := Decode(&set, []byte(b), Options{Now: now}), Decode(&fresh, []byte(b), Options{Now: now})
			if fmt.Sprint(err1) != fmt.Sprint(err2) {
				t.Fatalf("round %d: %v, fresh %v", round, err1, err2)
			}
			if err1 == nil && dump(&set) != dump(&fresh) {
				t.Fatalf("round %d, %q:\n%s\nfresh:\n%s", round, b, dump(&set), dump(&fresh))
			}
		}
	}
}

func TestViewText(t *testing.T) {
	for _, b := range [][]byte{nil, {}, []byte("x"), []byte("1234.5")} {
		if viewText(b) != string(b) {
			t.Fatalf("%q", b)
		}
	}
}

// tsbs makes n lines as the TSBS cpu-only generator writes them: 10 tags, 10 integer fields.
func tsbs(n int) []byte {
	var b []byte
	regions := []string{"eu-central-1", "us-west-2", "sa-east-1", "ap-northeast-1"}
	rnd := uint32(1)
	next := func(k uint32) uint32 { rnd = rnd*1664525 + 1013904223; return rnd >> 8 % k }
	fields := []string{"usage_user", "usage_system", "usage_idle", "usage_nice", "usage_iowait", "usage_irq", "usage_softirq", "usage_steal",
		"usage_guest", "usage_guest_nice"}
	for i := range n {
		h := uint32(i % 4000)
		r := regions[h%4]
		b = fmt.Appendf(b, "cpu,hostname=host_%d,region=%s,datacenter=%s%c,rack=%d,os=Ubuntu16.%s,arch=x%d,team=%s,service=%d,service_version=%d,service_environment=%s ",
			h, r, r, 'a'+rune(h%3), h*7%100, []string{"04LTS", "10"}[h%2], []int{64, 86}[h/3%2], []string{"SF", "NYC", "LON", "CHI"}[h*5%4], h%20, h%2,
			[]string{"test", "staging", "production"}[h%3])
		for j, f := range fields {
			if j > 0 {
				b = append(b, ',')
			}
			b = fmt.Appendf(b, "%s=%di", f, next(101))
		}
		b = fmt.Appendf(b, " %d\n", 1451606400000000000+int64(i/4000)*10_000_000_000)
	}
	return b
}

func BenchmarkDecodeTSBS(b *testing.B) {
	const lines = 10000
	src := tsbs(lines)
	var set RowSet
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Decode(&set, src, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mlines/s")
}

func BenchmarkDecodeFloats(b *testing.B) {
	var src []byte
	const lines = 10000
	for i := range lines {
		src = fmt.Appendf(src, "cpu,host=h%d,cpu=cpu%d usage_user=%v,usage_system=%v,usage_idle=%v %d\n", i%100, i%8, float64(i)/7, float64(i)/100, 99.5, i)
	}
	var set RowSet
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Decode(&set, src, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mlines/s")
}

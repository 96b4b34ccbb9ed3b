package operator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
)

func TestParseDecimal(t *testing.T) {
	f := func(text string, p, s uint8, want string) {
		t.Helper()
		d, ok := parseDecimal(text, model.Decimal(p, s))
		got := "bad"
		if ok {
			got = function.DecimalText(d, s)
		}
		if got != want {
			t.Errorf("%s as DECIMAL(%d, %d): got %s, want %s", text, p, s, got, want)
		}
	}
	f("1.235", 5, 2, "1.24")
	f("-1.235", 5, 2, "-1.24")
	f("999.99", 5, 2, "999.99")
	f("999.995", 5, 2, "bad")
	f("-0.001", 5, 2, "0.00")
	f("1e2", 5, 2, "100.00")
	f("1e999999999", 5, 2, "bad")
	f("99999999999999999999999999999999999999", 38, 0, "99999999999999999999999999999999999999")
	f("-99999999999999999999999999999999999999", 38, 0, "-99999999999999999999999999999999999999")
	f("1/3", 5, 2, "bad")
	f("0x10", 5, 2, "bad")
	f("", 5, 2, "bad")
}

func TestParseTimezone(t *testing.T) {
	f := func(name string, hour int) {
		t.Helper()
		at, err := ParseTimezone(name)
		got := -99
		if err == nil {
			got = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).In(at).Hour()
		}
		if got != hour {
			t.Errorf("%q: hour %d, want %d (%v)", name, got, hour, err)
		}
	}
	f("UTC", 0)
	f("+08:00", 8)
	f("-3:30", 20)
	f("Asia/Shanghai", 8)
	f("asia/shanghai", 8)
	f("america/new_york", 19)
	f("+99:00", -99)
	f("Local", -99)
	f("../etc/passwd", -99)
	f("", -99)
}

func TestStatementTimeout(t *testing.T) {
	for text, want := range map[string]time.Duration{"50": 50 * time.Millisecond, "5s": 5 * time.Second, "1min": time.Minute, "20ms": 20 * time.Millisecond, "0": 0} {
		if got, ok := statementTimeout(text); !ok || got != want {
			t.Errorf("%s: %s, %v", text, got, ok)
		}
	}
	if _, ok := statementTimeout("soon"); ok {
		t.Error("soon is no timeout")
	}
}

func TestTableOptions(t *testing.T) {
	f := func(key, value, shown string, want contract.RegionOptions) {
		t.Helper()
		r, s, err := readOptions(map[string]string{key: value})
		if err != nil || r != want || s[key] != shown {
			t.Errorf("%s=%s: %+v, shown %q, %v", key, value, r, s[key], err)
		}
	}
	bad := func(key, value string) {
		t.Helper()
		if r, _, err := readOptions(map[string]string{key: value}); err == nil {
			t.Errorf("%s=%s is accepted: %+v", key, value, r)
		}
	}
	f("ttl", "7d", "7days", contract.RegionOptions{TTL: 7 * 24 * time.Hour})
	f("ttl", "", "forever", contract.RegionOptions{})
	f("ttl", "0s", "forever", contract.RegionOptions{})
	f("append_mode", "TRUE", "true", contract.RegionOptions{Merge: contract.MergeAppend})
	f("merge_mode", "last_non_null", "last_non_null", contract.RegionOptions{Merge: contract.MergeLastNonNull})
	f("write_buffer_size", "1KB", "1.0KiB", contract.RegionOptions{WriteBufferBytes: 1024})
	f("write_buffer_size", "1500000", "1500000B", contract.RegionOptions{WriteBufferBytes: 1500000})
	f("write_buffer_size", "1536KiB", "1.5MiB", contract.RegionOptions{WriteBufferBytes: 3 << 19})
	f("write_buffer_size", "0", "0B", contract.RegionOptions{})
	f("memtable.bulk.merge_threshold", "16", "16", contract.RegionOptions{})
	bad("memtable.bulk.merge_threshold", "x")
	bad("memtable.bulk.nosuch", "1")
	f("compaction.twcs.time_window", "1h", "1h", contract.RegionOptions{CompactionWindow: time.Hour})
	bad("ttl", "soon")
	bad("append_mode", "maybe")
	bad("merge_mode", "first")
	bad("max_row_group_row_count", "0")
	bad("auto_flush_interval", "0s")
	bad("compaction.type", "leveled")
	bad("nonsense", "1")
	bad("memtable.bulk.", "1")
}

// FuzzLiteral: whatever stands in VALUES is a value of the column's type or an error.
func FuzzLiteral(f *testing.F) {
	for _, s := range []string{"", "1", "-1.5e10", "2024-01-01 00:00:00", "NaN", "[1,2]", `{"a":1}`, "9223372036854775808"} {
		f.Add(s, uint8(0))
	}
	types := []model.Type{model.Bool, model.Int8, model.Uint64, model.Float32, model.String, model.Binary, model.Date, ms, ns, model.Decimal(10, 3), model.JSON, model.VectorOf(2)}
	f.Fuzz(func(t *testing.T, text string, kind uint8) {
		for _, typ := range types {
			c := &model.Column{Name: "c", Type: typ, Nullable: true}
			v := model.NewVector(typ, 1)
			if err := (literals{zone: time.UTC, loose: kind&8 != 0}).append(v, c, &sql.Literal{Kind: sql.LiteralKind(kind % 6), Text: text}); err == nil && v.Len != 1 {
				t.Errorf("%q as %s: %d values", text, typ, v.Len)
			}
		}
	})
}

// BenchmarkInsertValues is a statement of 1000 rows of 10 fields, from text to durable (on files in memory).
func BenchmarkInsertValues(b *testing.B) {
	n := newNode(b, nil)
	sess := model.NewSession("bench")
	var text strings.Builder
	text.WriteString("CREATE TABLE cpu (host STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX")
	for i := range 10 {
		fmt.Fprintf(&text, ", f%d DOUBLE", i)
	}
	if _, err := n.Execute(b.Context(), sess, text.String()+")"); err != nil {
		b.Fatal(err)
	}
	text.Reset()
	text.WriteString("INSERT INTO cpu VALUES ")
	for i := range 1000 {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, "('host_%d', %d, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5)", i%100, i)
	}
	insert := text.String()
	b.SetBytes(int64(len(insert)))
	b.ReportAllocs()
	for b.Loop() {
		if out, err := n.Execute(b.Context(), sess, insert); err != nil || out[0].Affected != 1000 {
			b.Fatal(out, err)
		}
	}
}

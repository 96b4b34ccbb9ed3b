package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

var allFields = []model.Field{{Name: "b", Type: model.Bool}, {Name: "i8", Type: model.Int8}, {Name: "u8", Type: model.Uint8},
	{Name: "i16", Type: model.Int16}, {Name: "u16", Type: model.Uint16}, {Name: "i32", Type: model.Int32}, {Name: "u32", Type: model.Uint32},
	{Name: "i64", Type: model.Int64}, {Name: "u64", Type: model.Uint64}, {Name: "f32", Type: model.Float32}, {Name: "f64", Type: model.Float64},
	{Name: "s", Type: model.String}, {Name: "bin", Type: model.Binary}, {Name: "d", Type: model.Date},
	{Name: "ts0", Type: model.Timestamp(model.Second)}, {Name: "ts3", Type: model.Timestamp(model.Millisecond)},
	{Name: "ts6", Type: model.Timestamp(model.Microsecond)}, {Name: "ts9", Type: model.Timestamp(model.Nanosecond)},
	{Name: "dur", Type: model.Duration(model.Millisecond)}, {Name: "iv", Type: model.Interval}, {Name: "dec", Type: model.Decimal(10, 2)},
	{Name: "j", Type: model.JSON}, {Name: "vec", Type: model.VectorOf(1)}, {Name: "l", Type: model.Type{Kind: model.KindList}},
	{Name: "n", Type: model.Null}}

func allRow() []any {
	return []any{true, -128, 255, -32768, 65535, -1 << 31, 1<<32 - 1, -1 << 63, -1, 1.5, -2.25, "naïve '\"\\\x00", "\xff\x00\x01", 19000,
		1700000000, -1, 1700000000000001, 1700000000000000100, 90061500, model.MonthDayNano{Months: 14, Days: 3, Nanos: 4*3600e9 + 5e8},
		model.Int128{Hi: -1, Lo: ^uint64(1234) + 1}, `{"a":1}`, "\x00\x00\x80?", "[1,2]", nil}
}

func TestTypes(t *testing.T) {
	h := start(t, Options{})
	nulls := make([]any, len(allFields))
	h.rows("SELECT * FROM all_types", allFields, batch(allFields, allRow(), nulls, allRow()))
	h.rows("SELECT * FROM all_types WHERE 1 = 1", allFields, batch(allFields, allRow(), nulls, allRow()))
	db := h.db(nil)
	want := []string{"1", "-128", "255", "-32768", "65535", "-2147483648", "4294967295", "-9223372036854775808", "18446744073709551615",
		"1.5", "-2.25", "naïve '\"\\\x00", "\xff\x00\x01", "2022-01-08", "2023-11-14 22:13:20", "1969-12-31 23:59:59.999",
		"2023-11-14 22:13:20.000001", "2023-11-14 22:13:20.000000100", "25:01:01.500", "P1Y2M3DT4H0M0.500S", "-12.34", `{"a":1}`,
		"\x00\x00\x80?", "[1,2]", "NULL"}
	null := strings.Split(strings.Repeat("NULL ", len(want))[:5*len(want)-1], " ")
	check := func(kind string, got [][]string, want []string) {
		t.Helper()
		if len(got) != 3 {
			t.Fatalf("%s: %d rows", kind, len(got))
		}
		for i, w := range [][]string{want, null, want} {
			for j := range w {
				if got[i][j] != w[j] {
					t.Errorf("%s: row %d, %s: %q, want %q", kind, i, allFields[j].Name, got[i][j], w[j])
				}
			}
		}
	}
	rows, err := db.Query("SELECT * FROM all_types")
	check("text", strs(t, rows, err), want)
	// The binary form holds microseconds, and the driver prints as many digits as the column has.
	want[17], want[18] = "2023-11-14 22:13:20.000000", "25:01:01.500"
	rows, err = db.Query("SELECT * FROM all_types WHERE 1 = ?", 1)
	check("binary", strs(t, rows, err), want)

	// Types as drivers see them, and times as Go's.
	db = h.db(func(c *driver.Config) { c.ParseTime = true })
	rows, err = db.Query("SELECT * FROM all_types WHERE 1 = ?", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types, _ := rows.ColumnTypes()
	var names []string
	for _, ct := range types {
		names = append(names, ct.DatabaseTypeName())
	}
	if got, want := strings.Join(names, " "), "TINYINT TINYINT UNSIGNED TINYINT SMALLINT UNSIGNED SMALLINT INT UNSIGNED INT BIGINT UNSIGNED BIGINT FLOAT DOUBLE "+
		"VARCHAR VARBINARY DATE TIMESTAMP TIMESTAMP TIMESTAMP TIMESTAMP TIME VARCHAR DECIMAL JSON BLOB VARCHAR NULL"; got != want {
		t.Errorf("types %s\nwant  %s", got, want)
	}
	if !rows.Next() {
		t.Fatal("no row")
	}
	got := make([]any, len(allFields))
	ptrs := make([]any, len(got))
	for i := range got {
		ptrs[i] = &got[i]
	}
	if err := rows.Scan(ptrs...); err != nil {
		t.Fatal(err)
	}
	if ts, ok := got[15].(time.Time); !ok || ts.UnixMilli() != -1 {
		t.Errorf("ts3 is %v", got[15])
	}
}

func TestTimezone(t *testing.T) {
	h := start(t, Options{})
	f := []model.Field{{Name: "t", Type: model.Timestamp(model.Second)}}
	h.rows("SELECT t FROM x", f, batch(f, []any{1711846799}, []any{1711846800}, []any{1700000000}))
	db := h.db(nil)
	db.SetMaxOpenConns(1)
	for zone, want := range map[string]string{
		"SET time_zone = '+05:30'":                "2024-03-31 06:29:59 2024-03-31 06:30:00 2023-11-15 03:43:20",
		"SET TIME_ZONE='Europe/Berlin'":           "2024-03-31 01:59:59 2024-03-31 03:00:00 2023-11-14 23:13:20",
		"SET @@session.time_zone = DEFAULT":       "2024-03-31 00:59:59 2024-03-31 01:00:00 2023-11-14 22:13:20",
		"SET NAMES utf8mb4, time_zone = '-00:30'": "2024-03-31 00:29:59 2024-03-31 00:30:00 2023-11-14 21:43:20",
	} {
		if _, err := db.Exec(zone); err != nil {
			t.Fatal(err)
		}
		rows, err := db.Query("SELECT t FROM x")
		var got []string
		for _, r := range strs(t, rows, err) {
			got = append(got, r...)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", zone, got, want)
		}
	}
	if _, err := db.Exec("SET time_zone = 'mars'"); number(err) != 1235 {
		t.Errorf("bad zone: %v", err)
	}
	if _, err := db.Exec("SET time_zone = '+00:00'"); err != nil {
		t.Fatal(err)
	}
	// Years that MySQL cannot show are errors, even after rows have been sent.
	h.rows("SELECT far FROM x", f, batch(f, []any{1}, []any{253402300800}))
	rows, err := db.Query("SELECT far FROM x")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
	}
	if number(rows.Err()) != 1210 {
		t.Errorf("year 10000: %v", rows.Err())
	}
	rows.Close()
}

// number is the MySQL number of an error.
func number(err error) uint16 {
	if e := (*driver.MySQLError)(nil); errors.As(err, &e) {
		return e.Number
	}
	return 0
}

func TestErrors(t *testing.T) {
	h := start(t, Options{})
	db := h.db(nil)
	for code, want := range map[errs.Code]string{
		errs.Unsupported:               "Error 1235 (42000): (Unsupported): no",
		errs.TableNotFound:             "Error 1146 (42S02): (TableNotFound): no",
		errs.TableColumnNotFound:       "Error 1054 (42S22): (TableColumnNotFound): no",
		errs.PermissionDenied:          "Error 1045 (28000): (PermissionDenied): no",
		errs.EngineExecuteQuery:        "Error 1815 (HY000): (EngineExecuteQuery): no",
		errs.Internal:                  "Error 1815 (HY000): (Internal): Internal error: 1003",
		errs.TableAlreadyExists:        "Error 1050 (42S01): (TableAlreadyExists): no",
		errs.DatabaseNotFound:          "Error 1102 (42000): (DatabaseNotFound): no",
		errs.RuntimeResourcesExhausted: "Error 1041 (HY000): (RuntimeResourcesExhausted): no",
	} {
		h.on("SELECT 1", func(context.Context, *model.Session) ([]model.Output, error) { return nil, errs.New(code, "no") })
		if _, err := db.Exec("SELECT 1"); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", code, err, want)
		}
	}
	if _, err := db.Exec("SELECT FROM WHERE"); number(err) != 1149 {
		t.Errorf("syntax: %v", err)
	}
	// An error after rows.
	f := []model.Field{{Name: "x", Type: model.Int64}}
	h.on("SELECT half", func(context.Context, *model.Session) ([]model.Output, error) {
		n := 0
		s := h.stream(f).(*stream)
		s.next = func(context.Context) (*model.Batch, error) {
			if n++; n == 2 {
				return nil, errs.New(errs.StorageUnavailable, "disk gone")
			}
			return batch(f, []any{1}), nil
		}
		return []model.Output{{Rows: s}}, nil
	})
	rows, err := db.Query("SELECT half")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		n++
	}
	if n != 1 || rows.Err() == nil || !strings.Contains(rows.Err().Error(), "disk gone") {
		t.Errorf("%d rows, then %v", n, rows.Err())
	}
	rows.Close()
	if err := db.Ping(); err != nil {
		t.Errorf("after errors: %v", err)
	}
}

func TestPrepared(t *testing.T) {
	h := start(t, Options{})
	db := h.db(nil)
	when := time.Date(2024, 2, 29, 1, 2, 3, 450e6, time.UTC)
	for _, c := range []struct {
		text string
		args []any
		want string
	}{
		{"INSERT INTO t VALUES (?, ?, ?)", []any{1, -2, nil}, "INSERT INTO t VALUES (1,  -2, NULL)"},
		{"INSERT INTO t VALUES (?)", []any{"it's \\ \"q\"\n"}, "INSERT INTO t VALUES ('it''s \\\\ \"q\"\n')"},
		{"INSERT INTO t VALUES (?)", []any{[]byte{0xff, 0}}, "INSERT INTO t VALUES (X'ff00')"},
		{"INSERT INTO t VALUES (?, ?, ?)", []any{1.0, 1e300, -0.5}, "INSERT INTO t VALUES (1e0, 1e+300,  -0.5)"},
		{"INSERT INTO t VALUES (?)", []any{when}, "INSERT INTO t VALUES ('2024-02-29 01:02:03.45')"},
		{"INSERT INTO t VALUES (?)", []any{uint64(1<<64 - 1)}, "INSERT INTO t VALUES (18446744073709551615)"},
		{"INSERT INTO t SELECT v -? FROM x /* ? */ WHERE s = '?' LIMIT ?, ?", []any{-1, 2, 3},
			"INSERT INTO t SELECT v - -1 FROM x /* ? */ WHERE s = '?' LIMIT 2, 3"},
		{"INSERT INTO t VALUES (?)", []any{strings.Repeat("x", 300<<10)}, "INSERT INTO t VALUES ('" + strings.Repeat("x", 300<<10) + "')"},
		{"SELECT avg(v) RANGE '5m' FROM t WHERE host = ? ALIGN '1m' BY (host)", []any{"a"},
			"SELECT avg(v) RANGE '5m' FROM t WHERE host = 'a' ALIGN '1m' BY (host)"},
	} {
		h.on(c.want, func(context.Context, *model.Session) ([]model.Output, error) {
			return []model.Output{{Affected: 7}}, nil
		})
		st, err := db.Prepare(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		for range 2 {
			r, err := st.Exec(c.args...)
			if err != nil {
				t.Errorf("%.100s: %.300v", c.text, err)
				continue
			}
			if n, _ := r.RowsAffected(); n != 7 {
				t.Errorf("%s: affected %d", c.text, n)
			}
			if got := h.last(); got != c.want {
				t.Errorf("%s: ran %q, want %q", c.text, got, c.want)
			}
		}
		st.Close()
	}
	if _, err := db.Prepare("SELECT FROM ?"); number(err) != 1149 {
		t.Errorf("bad syntax: %v", err)
	}
	if _, err := db.Prepare("SELECT 1; SELECT 2"); number(err) != 1149 {
		t.Errorf("two statements: %v", err)
	}
}

func TestStatementLimit(t *testing.T) {
	h := start(t, Options{MaxStatements: 2})
	db := h.db(nil)
	db.SetMaxOpenConns(1)
	var last *sql.Stmt
	for i := range 3 {
		st, err := db.Prepare("SELECT ?")
		if i < 2 && err != nil || i == 2 && (err == nil || !strings.Contains(err.Error(), "max capacity: 2")) {
			t.Fatalf("statement %d: %v", i, err)
		}
		if err == nil {
			last = st
		}
	}
	last.Close()
	if _, err := db.Prepare("SELECT ?"); err != nil {
		t.Errorf("after closing one: %v", err)
	}
}

func TestMultiStatements(t *testing.T) {
	h := start(t, Options{})
	f := []model.Field{{Name: "x", Type: model.Int64}}
	h.rows("SELECT 1", f, batch(f, []any{1}))
	h.rows("SELECT 2", f, batch(f, []any{2}))
	db := h.db(func(c *driver.Config) { c.MultiStatements = true })
	rows, err := db.Query("SELECT 1; SET NAMES utf8; SELECT 2;")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []int
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			var n int
			rows.Scan(&n)
			got = append(got, n)
		}
	}
	if err := rows.Err(); err != nil || !reflect.DeepEqual(got, []int{1, 2}) {
		t.Errorf("%v %v", got, err)
	}
	rows, err = db.Query("SELECT 1; SELECT nothing; SELECT 2")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
	}
	if rows.NextResultSet() || number(rows.Err()) != 1146 {
		t.Errorf("second statement: %v", rows.Err())
	}
}

func TestBigResult(t *testing.T) {
	h := start(t, Options{})
	f := []model.Field{{Name: "n", Type: model.Int64}, {Name: "s", Type: model.String}}
	const n, per = 100_000, 1000
	h.on("SELECT big", func(context.Context, *model.Session) ([]model.Output, error) {
		s := h.stream(f).(*stream)
		at := 0
		s.next = func(context.Context) (*model.Batch, error) {
			if at == n {
				return nil, io.EOF
			}
			b := model.NewBatch(f, per)
			for range per {
				b.Cols[0].AppendInt(int64(at))
				b.Cols[1].AppendString(fmt.Sprintf("row %d", at))
				at++
			}
			b.Len = per
			return b, nil
		}
		return []model.Output{{Rows: s}}, nil
	})
	for _, args := range [][]any{nil, {}} {
		db := h.db(nil)
		rows, err := db.Query("SELECT big", args...)
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for rows.Next() {
			var i int
			var s string
			if err := rows.Scan(&i, &s); err != nil || i != at || s != fmt.Sprintf("row %d", at) {
				t.Fatalf("row %d: %d %q %v", at, i, s, err)
			}
			at++
		}
		if rows.Err() != nil || at != n {
			t.Fatalf("%d rows, %v", at, rows.Err())
		}
		rows.Close()
	}
	// A value of several packets.
	long := strings.Repeat("0123456789abcdef", (1<<24)/16) + "end"
	one := []model.Field{{Name: "s", Type: model.String}}
	exact := long[:1<<24-1-4]
	h.rows("SELECT long", one, batch(one, []any{long}, []any{exact}, []any{"short"}))
	rows, err := h.db(nil).Query("SELECT long")
	got := strs(t, rows, err)
	if len(got) != 3 || got[0][0] != long || got[1][0] != exact || got[2][0] != "short" {
		t.Errorf("long values are damaged")
	}
}

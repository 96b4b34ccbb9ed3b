package relational

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// bag is a state that keeps what it sees, and fails for what it is told to.
type bag struct{ seen []string }

func (b *bag) Add(args []*model.Vector, from, to int) error {
	for i := from; i < to; i++ {
		if args[0].Null(i) {
			continue
		}
		switch s := string(args[0].BytesAt(i)); s {
		case "broken":
			return errors.New("it is broken")
		case "panics":
			panic("oh")
		default:
			b.seen = append(b.seen, s)
		}
	}
	return nil
}

func (b *bag) Join(o any) error {
	b.seen = append(b.seen, o.(*bag).seen...)
	return nil
}

func (b *bag) AppendTo(dst []byte) []byte {
	slices.Sort(b.seen)
	return append(dst, strings.Join(b.seen, " ")...)
}

func (b *bag) None() bool { return len(b.seen) == 0 }

func (b *bag) Bytes() int64 {
	n := int64(24)
	for _, s := range b.seen {
		n += int64(len(s))
	}
	return n
}

func TestAggregates(t *testing.T) {
	db, err := Open(Options{Threads: 2, MemoryLimit: 128 << 20, Aggregates: []Aggregate{{Name: "bag", Args: []model.Type{model.String}, New: func() State { return new(bag) }}}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct{ sql, want string }{
		{"SELECT bag(x::VARCHAR)::VARCHAR FROM range(5) r(x)", "0 1 2 3 4"},
		{"SELECT bag(x::VARCHAR)::VARCHAR FROM range(0) r(x)", "NULL"},
		{"SELECT bag(NULL)::VARCHAR FROM range(5) r(x)", "NULL"},
		{"SELECT bag(CASE WHEN x % 2 = 0 THEN x::VARCHAR END)::VARCHAR FROM range(6) r(x)", "0 2 4"},
		{"SELECT bag(x::VARCHAR)::VARCHAR FROM range(0) r(x) GROUP BY x", ""},
		{"SELECT bag(DISTINCT (x % 3)::VARCHAR)::VARCHAR FROM range(60) r(x)", "0 1 2"},
		{"SELECT bag(x::VARCHAR) FILTER (WHERE x > 3)::VARCHAR FROM range(6) r(x)", "4 5"},
		{"SELECT sum(length(b::VARCHAR))::BIGINT FROM (SELECT bag((x % 10)::VARCHAR) AS b FROM range(300000) r(x) GROUP BY x // 10)", strconv.Itoa(30000 * 19)},
		{"SELECT count(b)::BIGINT FROM (SELECT bag('text of more than twelve bytes') FILTER (WHERE x % 2 = 0) AS b FROM range(100000) r(x) GROUP BY x)", "50000"},
		{"SELECT string_agg(b, ',' ORDER BY x) FROM (SELECT x, bag(x::VARCHAR) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)::VARCHAR AS b FROM range(4) r(x))", "0,0 1,1 2,2 3"},
		{"SELECT max(length(b)) FROM (SELECT bag('a') OVER (ORDER BY x ROWS BETWEEN 100 PRECEDING AND 100 FOLLOWING)::VARCHAR AS b FROM range(5000) r(x))", "401"},
		{"SELECT string_agg(b, ',' ORDER BY b) FROM (SELECT bag(x::VARCHAR)::VARCHAR AS b FROM range(3) r(x) GROUP BY ROLLUP (x))", "0,0 1 2,1,2"},
		{"SELECT string_agg(b, ',' ORDER BY x) FROM (SELECT x, bag(x::VARCHAR) OVER (PARTITION BY x % 2 ROWS BETWEEN UNBOUNDED PRECEDING AND 1099511627776 FOLLOWING)::VARCHAR AS b FROM range(5) r(x))", "0 2 4,1 3,0 2 4,1 3,0 2 4"},
		{"SELECT string_agg(b, ',' ORDER BY x) FROM (SELECT x, bag(x::VARCHAR) OVER (ORDER BY x)::VARCHAR AS b FROM range(3) r(x))", "0,0 1,0 1 2"},
		{"SELECT string_agg(b, ',' ORDER BY x) FROM (SELECT x, bag(x::VARCHAR) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)::VARCHAR AS b FROM range(3) r(x))", "0,0 1,0 1 2"},
		{"SELECT max(length(b)) || ' ' || min(length(b)) FROM (SELECT x, bag('a')::VARCHAR AS b FROM range(10) r(x), range(5000) s(y) GROUP BY x)", "9999 9999"},
		{"SELECT max(length(b)) || ' ' || min(length(b)) FROM (SELECT x, bag('a')::VARCHAR AS b FROM range(10) r(x), range(5000) s(y) GROUP BY x, x % 2, 'k' || x)", "9999 9999"},
	} {
		_, rows := all(t, db, Statement{SQL: c.sql})
		got := ""
		if rows.Len > 0 {
			got = strings.Trim(rows.Cols[0].At(0).String(), `"`)
		}
		if got != c.want {
			t.Errorf("%s: %.100s, want %s", c.sql, got, c.want)
		}
	}
	for sql, want := range map[string]string{
		"SELECT bag('broken')": "it is broken",
		"SELECT bag('panics')": "oh",
		"SELECT bag(repeat('x', 10000) || x) FROM range(20000) r(x) GROUP BY x": "Resources exhausted",
	} {
		if _, _, err := db.All(context.Background(), Statement{SQL: sql}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
	if n := db.mu.inst.states.Load(); n != 0 {
		t.Errorf("%d bytes are left of groups", n)
	}
}

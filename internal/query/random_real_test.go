package query

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/bind"
)

// worldQueries is how many statements one world is asked: making it costs as much as some tens of them.
const worldQueries = 25

// TestRandomReal asks random statements of tables in real regions: as users have them planned, and with the relational half doing all that
// is above their reductions. What is right is what the relational half says of the plain tables beside them. RANDOM_QUERIES is how many,
// RANDOM_FROM the first seed.
func TestRandomReal(t *testing.T) {
	n := 200
	if testing.Short() {
		n = 50
	}
	if s, err := strconv.Atoi(os.Getenv("RANDOM_QUERIES")); err == nil {
		n = s
	}
	from, _ := strconv.ParseUint(os.Getenv("RANDOM_FROM"), 10, 64)
	c := counts{}
	for seed := from; seed < from+uint64(n); {
		upTo := min(from+uint64(n), seed/worldQueries*worldQueries+worldQueries)
		t.Run("world"+strconv.FormatUint(seed/worldQueries, 10), func(t *testing.T) {
			w := newRealWorld(t, seed/worldQueries)
			for ; seed < upTo; seed++ {
				w.compare(seed, &c)
			}
			if t.Failed() {
				t.Logf("the world:\n%s", strings.Join(w.did, "\n"))
			}
		})
		if seed = upTo; t.Failed() && os.Getenv("RANDOM_QUERIES") == "" {
			return
		}
	}
	if c.rows < n/3 || c.refused > n/10 {
		t.Errorf("of %d queries %d had rows, %d were refused: that shows little", n, c.rows, c.refused)
	}
}

// quantile finds approximate quantiles.
var quantile = regexp.MustCompile(`approx_(median|percentile|quantile)|uddsketch|tdigest`)

// counts say how much a random test shows.
type counts struct{ rows, refused int }

func (w *realWorld) compare(seed uint64, c *counts) {
	ctx, t := context.Background(), w.t
	g := wide{generator{rand.New(rand.NewPCG(seed, 13))}}
	text, plain, ordered := g.statement()
	if quantile.MatchString(text) {
		return // which depends on the order of rows where there are many
	}
	// A rounded number is another one where it lies between two: what differs in the last digits must not be rounded.
	text, plain = strings.ReplaceAll(w.moved(text), ", 6)", ", 13)"), strings.ReplaceAll(w.moved(plain), ", 6)", ", 13)")
	for strings.Contains(text, "FROM T") { // each mention may be of either table
		name := "FROM @" + g.of("a", "a", "a", "b")
		text = strings.Replace(text, "FROM T", name, 1)
		plain = strings.Replace(plain, "FROM T", name, 1)
	}
	if strings.Contains(plain, "FROM T") { // said several times what the other says once
		plain = strings.ReplaceAll(plain, "FROM T", text[strings.Index(text, "FROM @"):][:len("FROM @a")])
	}
	var want []string
	for _, way := range []struct{ name, prefix string }{{"truth", "truth_"}, {"planned", ""}, {"relational", ""}, {"raw", ""}} {
		text := strings.ReplaceAll(text, "@", way.prefix)
		if way.name == "truth" {
			text = strings.ReplaceAll(plain, "@", way.prefix)
		}
		var rows model.RowStream
		var err error
		r := &runner{engine: w.engine, sess: w.sess, mem: &budget.Lease{}}
		switch way.name {
		case "planned":
			rows, err = w.engine.Query(ctx, w.sess, w.parse(text))
		case "relational":
			p, perr := w.engine.plan(ctx, w.sess, w.parse(text), nil)
			if err = perr; err == nil {
				rows, err = r.relational(ctx, p)
			}
		default:
			p, perr := bind.Query(ctx, w.engine.env(w.sess, nil), w.parse(text))
			if err = perr; err == nil {
				rows, err = r.relational(ctx, p)
			}
		}
		var b *model.Batch
		if err == nil {
			b, err = ReadAll(ctx, rows)
		}
		if used := w.memory.Used(); used != 0 {
			t.Errorf("seed %d, %s: %s: %d bytes stay", seed, way.name, text, used)
		}
		if err != nil {
			if way.name == "truth" && refusal(err) {
				c.refused++
				return
			}
			if errs.Is(err, errs.RuntimeResourcesExhausted) && (way.name == "relational" || way.name == "planned" && strings.Contains(text, " RANGE '")) {
				continue // windows need memory, and groups of regions unless they are spilled, which users' queries are
			}
			t.Errorf("seed %d, %s: %s: %v", seed, way.name, text, err)
			return
		}
		got := cells(b)
		if !ordered {
			slices.Sort(got)
		}
		if way.name == "truth" {
			want = got
			c.rows += min(1, len(got))
			continue
		}
		if !slices.EqualFunc(got, want, alike) {
			t.Errorf("seed %d, %s: %s:\n%s", seed, way.name, text, differences(got, want))
			return
		}
	}
}

// refusal reports an error of the relational half for joins that it does not have.
func refusal(err error) bool {
	return strings.Contains(err.Error(), "join") || strings.Contains(err.Error(), "JOIN")
}

// differences are the lines that one side has and the other has not.
func differences(got, want []string) string {
	var sb strings.Builder
	fmt.Fprintf(&sb, "%d rows, want %d\n", len(got), len(want))
	for i := range max(len(got), len(want)) {
		g, w := "-", "-"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if !alike(g, w) && sb.Len() < 3000 {
			fmt.Fprintf(&sb, "%d: got  %s\n%d: want %s\n", i, g, i, w)
		}
	}
	return sb.String()
}

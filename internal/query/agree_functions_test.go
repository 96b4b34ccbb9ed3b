package query

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/query/function"
)

// oneAnswer is what a statement gives: its type and first cell, or the code of its error.
func oneAnswer(w *world, text string) (answer string, err error) {
	fields, b, err := w.query(text)
	if err != nil {
		return fmt.Sprintf("error %v", errs.CodeOf(err)), err
	}
	return fmt.Sprint(fields[0].Type, " ", cells(b)), nil
}

// TestConstantsAgreeWithColumns calls every function with constants, which may be computed while planning, and with columns of the same
// values: types and answers are the same. RANDOM_QUERIES is how many calls of each.
func TestConstantsAgreeWithColumns(t *testing.T) {
	w := newWorld(t)
	n := 10
	if testing.Short() {
		n = 4
	}
	if s, err := strconv.Atoi(os.Getenv("RANDOM_QUERIES")); err == nil {
		n = s
	}
	for _, e := range function.Table() {
		if e.Kind != "scalar" || slices.Contains([]string{"unnest", "random", "uuid", "now", "current_timestamp"}, e.Name) {
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(len(e.Name)), hashName(e.Name)))
			for tries, done := 0, 0; done < n && tries < 40*n; tries++ {
				args := make([]string, 1+r.IntN(4))
				columns := []string{"ts"}
				names := make([]string, len(args))
				for i := range args {
					kind := sampleKinds[r.IntN(len(sampleKinds))]
					args[i] = samples[kind][r.IntN(len(samples[kind]))]
					names[i] = fmt.Sprintf("c%d", i)
					columns = append(columns, fmt.Sprintf("CASE WHEN usage IS NOT DISTINCT FROM usage THEN %s END AS c%d", args[i], i))
				}
				constant := "SELECT " + e.Name + "(" + strings.Join(args, ", ") + ") AS x"
				want, err := oneAnswer(w, constant)
				if err != nil && errs.CodeOf(err) == errs.PlanQuery {
					continue // no such signature
				}
				done++
				from := " AS x FROM (SELECT " + strings.Join(columns, ", ") + " FROM cpu LIMIT 1) t"
				got, err2 := oneAnswer(w, "SELECT "+e.Name+"("+strings.Join(names, ", ")+")"+from)
				switch {
				case errs.CodeOf(err) == errs.Internal || errs.CodeOf(err2) == errs.Internal:
				case err != nil || err2 != nil:
					continue // constants are converted even where their values are not asked for, and some have to be constants
				case got == want:
					continue
				}
				t.Errorf("%.300s: %.200s (%v); of columns %.200s (%v)", constant, want, err, got, err2)
			}
		})
	}
}

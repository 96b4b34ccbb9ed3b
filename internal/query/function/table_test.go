package function

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/sql/functions.md")

const page = "../../../docs/sql/functions.md"

// TestTable keeps the page of functions in step with the table.
func TestTable(t *testing.T) {
	want := document()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/sql/functions.md is not what the table says: go test ./internal/query/function -update")
	}
	seen := map[string]bool{}
	for _, e := range Table() {
		if key := e.Kind + e.Name; seen[key] {
			t.Errorf("%s %s is there twice", e.Kind, e.Name)
		} else {
			seen[key] = true
		}
	}
}

func document() string {
	var sb strings.Builder
	sb.WriteString(`# Functions

Every function that SQL statements can call, by family. Names are not case-sensitive. Unless said otherwise a function is NULL where an
argument is.

Where a function is computed:

- native: a function of the relational engine's, called as it is
- rewrite: an expression of several of the engine's functions
- ours: code of this database over columns of rows, because the engine has no such function or another rule for it
- planned: known before the statement runs

Whole numbers wrap around where + - * and sum leave their range; a whole number divided by 0 is an error, a float is infinite or NaN.
What a function is not defined for, such as sqrt(-1), is NaN; the standard deviation, variance, correlation and regression of values
among which is a NaN or an infinite one is NaN. Times without a zone in texts are the session's, and date_format and to_local_time print
in it. What sketches (hll, uddsketch) are made of is in [formats/sketches.md](../formats/sketches.md).

approx_distinct counts by the sketch of hll, with a standard error of 0.8 %; of a tag it is mostly exact. Regions make the sketches of
integers, DOUBLE, BOOLEAN and STRING themselves, at most 16 KiB for a group, and what is above merges them; other types are read row by row.

Regular expressions have RE2's syntax. \d, \s and \w are classes of Unicode, \b is a boundary of ASCII words, \u00e9 and \u{e9} are
characters. Sets of sets, [a[b]] and [a&&b], are refused.

Lists that range, generate_series, array_repeat and array_resize make have at most 1,048,576 elements, for all rows of a batch together.
range and generate_series also take dates or timestamps with an interval for a step.

H3 cells (h3_*) are numbers (UInt64) or the names of cells. What there is not, such as a parent of a finer resolution, is NULL; what is
no cell is an error. A disk has at most 500 rings, and a list of cells at most 1,048,576. Shapes (st_*) are well-known text with
coordinates in degrees, longitude first; st_distance and st_area count in degrees, st_distance_sphere_m in metres on a sphere with the
mean radius of the earth.

Scores of anomalies are window functions, over the values of the frame that are not NULL (k is 1.5 mostly):

| Function | Score of x | At least |
| --- | --- | --- |
| anomaly_score_zscore(x) | its distance from the mean, in standard deviations (of the population) | 2 values |
| anomaly_score_mad(x) | its distance from the median, in median absolute deviations times 1.4826 | 3 values |
| anomaly_score_iqr(x, k) | its distance beyond the quartiles moved out by k interquartile ranges, in such ranges; 0 within | 3 values |

Fewer values give NULL. Where all values are equal, one that is equal too scores 0, any other infinity.
`)
	family := ""
	for _, e := range Table() {
		if e.Family != family {
			family = e.Family
			sb.WriteString("\n## " + family + "\n\n| Function | Also called | Computed |\n| --- | --- | --- |\n")
		}
		fmt.Fprintf(&sb, "| %s | %s | %s |\n", e.Name, strings.Join(e.Aliases, ", "), e.Tier)
	}
	return sb.String()
}

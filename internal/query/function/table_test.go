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
What a function is not defined for, such as sqrt(-1), is NaN. Regular expressions have RE2's syntax. Times without a zone in texts are
the session's, and date_format and to_local_time print in it. What sketches (hll, uddsketch) are made of is in
[formats/sketches.md](../formats/sketches.md).
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

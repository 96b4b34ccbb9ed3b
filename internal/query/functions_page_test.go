package query

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
)

var updatePage = flag.Bool("update", false, "rewrite docs/sql/functions.md")

const functionsPage = "../../docs/sql/functions.md"

// usage is what the page says of a function: a line of testdata/functions.txt.
type usage struct{ call, returns, example string }

func readUsages(t *testing.T) map[string]usage {
	text, err := os.ReadFile("testdata/functions.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]usage{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, " | ")
		if len(parts) != 3 {
			t.Fatalf("not a call, a type and an example: %s", line)
		}
		name := regexp.MustCompile(`^\w+`).FindString(line)
		if _, twice := out[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		out[name] = usage{parts[0], parts[1], parts[2]}
	}
	return out
}

// exampleTable is the table that the page shows.
const exampleTable = ` FROM (VALUES (1, 10.0, 'a', '2024-01-01 00:00:01'::timestamp(0)), (2, 20.0, 'b', '2024-01-01 00:00:02'::timestamp(0)),
	(2, 40.0, 'c', '2024-01-01 00:00:03'::timestamp(0)), (NULL, 80.0, 'd', '2024-01-01 00:00:04'::timestamp(0))) AS t(x, y, s, at)`

// statement asks for an expression of the page.
func statement(e function.Entry, expr string) string {
	expr, groups, _ := strings.Cut(expr, " … ")
	from := ""
	switch {
	case e.Kind == "window":
		return "SELECT CAST(v AS STRING) FROM (SELECT " + expr + " AS v, at" + exampleTable + ") w ORDER BY at"
	case e.Kind == "aggregate", strings.Contains(expr, "(x)"), strings.Contains(expr, " x)"):
		from = exampleTable
	}
	if groups != "" {
		groups = " " + groups + " ORDER BY 1"
	}
	return "SELECT CAST(" + expr + " AS STRING) AS v" + from + groups
}

// TestFunctionsPage keeps docs/sql/functions.md in step with the table of functions, and runs its examples.
func TestFunctionsPage(t *testing.T) {
	w := newWorld(t)
	head, err := os.ReadFile("testdata/functions.head.md")
	if err != nil {
		t.Fatal(err)
	}
	usages := readUsages(t)
	cell := strings.NewReplacer("|", `\|`)
	var page strings.Builder
	page.Write(head)
	family := ""
	for _, e := range function.Table() {
		if e.Family != family {
			family = e.Family
			page.WriteString("\n## " + family + "\n\n| Function | Also called | Result | Computed | Example |\n| --- | --- | --- | --- | --- |\n")
		}
		u, ok := usages[e.Name]
		if !ok {
			t.Errorf("testdata/functions.txt does not have %s", e.Name)
			continue
		}
		delete(usages, e.Name)
		_, b, err := w.query(statement(e, u.example))
		if err != nil {
			t.Errorf("%s: %v", u.example, err)
			continue
		}
		checkResult(t, w, e, u)
		fmt.Fprintf(&page, "| %s | %s | %s | %s | `%s` → %s |\n", cell.Replace(u.call), strings.Join(e.Aliases, ", "), u.returns, e.Tier, cell.Replace(u.example), cell.Replace(strings.Join(cells(b), ", ")))
	}
	for name := range usages {
		t.Errorf("testdata/functions.txt has %s, which is no function", name)
	}
	if *updatePage {
		if err := os.WriteFile(functionsPage, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(functionsPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != page.String() {
		t.Error("docs/sql/functions.md is not what the table and the examples say: go test ./internal/query -run TestFunctionsPage -update")
	}
}

// checkResult compares the type that the page tells with that of the example, where the example is the call itself.
func checkResult(t *testing.T, w *world, e function.Entry, u usage) {
	if strings.ContainsAny(u.returns, " ,") || !strings.HasPrefix(u.example, e.Name+"(") || strings.ContainsAny(u.example, "…:=<>") || u.returns == "common" {
		return
	}
	fields, _, err := w.query(strings.Replace(statement(e, u.example), "CAST("+u.example+" AS STRING)", u.example, 1))
	if err != nil || e.Kind == "window" {
		return
	}
	if got := fields[0].Type; got.String() != u.returns && !(got.Kind == model.KindStruct && u.returns == "Struct") && !(got.Kind == model.KindMap && u.returns == "Map") &&
		!(got.Kind == model.KindList && u.returns == "List<Struct>") {
		t.Errorf("%s is %s, not %s", u.example, got, u.returns)
	}
}

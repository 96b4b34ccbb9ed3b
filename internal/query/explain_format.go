package query

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// ExplainOptions say how a plan is told.
type ExplainOptions struct {
	Analyze bool
	// Verbose adds the plan that rules have made of the one that was bound.
	Verbose bool
	Format  string // "text" or empty, "json", "graphviz"
	// Into is a line above the plans, for what becomes of the rows: "Insert: greptime.public.t". Empty: they are the answer.
	Into string
}

func (o ExplainOptions) check() error {
	switch o.Format {
	case "", "text", "json", "graphviz":
		return nil
	}
	return errs.New(errs.InvalidSyntax, "Invalid SQL syntax: EXPLAIN FORMAT %s; it is one of TEXT, JSON, GRAPHVIZ", strings.ToUpper(o.Format))
}

// PlanText is a plan by its name, such as "logical_plan": a line for every node, indented below the one that it feeds by two blanks.
type PlanText struct{ Name, Tree string }

// ExplainPlans is the result of EXPLAIN: a row for every plan.
func ExplainPlans(o ExplainOptions, plans ...PlanText) (model.RowStream, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	b := &memoryRows{fields: []model.Field{{Name: "plan_type", Type: model.String}, {Name: "plan", Type: model.String}}}
	for _, p := range plans {
		if o.Into != "" && strings.HasSuffix(p.Name, "_plan") {
			p.Tree = o.Into + "\n  " + strings.ReplaceAll(p.Tree, "\n", "\n  ")
		}
		b.add(p.Name, o.format(p.Tree, nil))
	}
	return b, nil
}

// Stage is a part of a query that was run: its plan, and what it did.
type Stage struct {
	Number int64
	Tree   string
	Did    string         // for people, below the tree
	Facts  map[string]any // the same for programs
}

// ExplainStages is the result of EXPLAIN ANALYZE: a row for every stage, and at the end how many rows there were.
func ExplainStages(o ExplainOptions, rows int64, stages ...Stage) (model.RowStream, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	out := &memoryRows{fields: []model.Field{{Name: "stage", Type: model.Uint32}, {Name: "node", Type: model.Uint32}, {Name: "plan", Type: model.String}}}
	node, last := int64(0), int64(-1)
	for _, s := range stages {
		if node++; s.Number != last {
			node, last = 0, s.Number
		}
		text := o.format(s.Tree, s.Facts)
		if o.Format == "" || o.Format == "text" {
			text += "\n" + s.Did
		}
		out.addStage(s.Number, node, text)
	}
	out.addTotal(rows)
	return out, nil
}

// treeNode is a line of a plan with those below it.
type treeNode struct {
	text string
	kids []*treeNode
}

// tree reads a plan's text. A line that is indented too deep is taken as below the one before.
func tree(text string) *treeNode {
	root := &treeNode{}
	path := []*treeNode{root}
	for line := range strings.SplitSeq(text, "\n") {
		bare := strings.TrimLeft(line, " ")
		depth := min((len(line)-len(bare))/2, len(path)-1)
		n := &treeNode{text: bare}
		path = append(path[:depth+1], n)
		path[depth].kids = append(path[depth].kids, n)
	}
	if len(root.kids) == 1 {
		return root.kids[0]
	}
	root.text = root.kids[0].text // the first line says who runs what follows
	root.kids = append(root.kids[0].kids, root.kids[1:]...)
	return root
}

func (n *treeNode) object() map[string]any {
	kind, detail, _ := strings.Cut(n.text, ":")
	o := map[string]any{"Node Type": kind}
	if d := strings.TrimSpace(detail); d != "" {
		o["Details"] = d
	}
	plans := []any{}
	for _, k := range n.kids {
		plans = append(plans, k.object())
	}
	o["Plans"] = plans
	return o
}

func (o ExplainOptions) format(text string, facts map[string]any) string {
	switch o.Format {
	case "json":
		top := map[string]any{"Plan": tree(text).object()}
		for k, v := range facts {
			top[k] = v
		}
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode([]any{top}); err != nil {
			return text // of maps, texts and numbers, there is none
		}
		return strings.TrimSuffix(b.String(), "\n")
	case "graphviz":
		var b strings.Builder
		b.WriteString("digraph {\n")
		n := 0
		var walk func(x *treeNode) int
		walk = func(x *treeNode) int {
			n++
			id := n
			fmt.Fprintf(&b, "  %d[shape=box label=%q]\n", id, x.text)
			for _, k := range x.kids {
				fmt.Fprintf(&b, "  %d -> %d [arrowhead=none, arrowtail=normal, dir=back]\n", id, walk(k))
			}
			return id
		}
		walk(tree(text))
		b.WriteString("}")
		return b.String()
	}
	return text
}

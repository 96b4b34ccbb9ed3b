package plan

import (
	"fmt"
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
)

// KeySet is the values that a column has in rows which are asked for before the rest of the plan: the keys by which the other side of a
// join can be narrowed. It is immutable once Known.
type KeySet struct {
	// Name says for people whose values these are, such as "dim.name".
	Name string
	// Known: the rows have been read. If not, as in EXPLAIN, the set stands for whatever it will be.
	Known bool
	// Values are distinct and not NULL; nil with Known and Count > 0: there are too many, and Min and Max bound them.
	Values   []model.Value
	Count    int
	Min, Max model.Value // inclusive; with Count > 0, of types that have an order in predicates
	Ranged   bool        // Min and Max are set
}

func (s *KeySet) String() string {
	switch {
	case !s.Known:
		return "keys of " + s.Name
	case s.Values == nil && s.Count > 0:
		return fmt.Sprintf("range of more than %d keys of %s", s.Count, s.Name)
	}
	return fmt.Sprintf("%d keys of %s", s.Count, s.Name)
}

// InSet is the condition that X is among the keys of a set. It is a help for scans, which operators may drop: what stands above asks for no
// less.
type InSet struct {
	X   Expr
	Set *KeySet
}

func (e *InSet) Type() model.Type { return model.Bool }
func (*InSet) expr()              {}

// SetFilter is a KeySet by which a scan narrows its rows.
type SetFilter struct {
	Column string
	Set    *KeySet
}

// First is a part of a plan that is asked before the rest.
type First struct {
	Label string // such as "keys of dim.name"
	Root  Node
	Rows  int64 // -1: not asked
}

// PrintFirst draws the parts that are asked before the rest.
func PrintFirst(firsts []First) string {
	var sb strings.Builder
	for _, f := range firsts {
		sb.WriteString("\nFirst: " + f.Label)
		if f.Rows >= 0 {
			fmt.Fprintf(&sb, ", %d rows", f.Rows)
		}
		for line := range strings.SplitSeq(Print(f.Root), "\n") {
			sb.WriteString("\n  " + line)
		}
	}
	return sb.String()
}

package plan

// Recursive repeats a query: its rows are those of Base, then those that Step makes of them, then those that Step makes of these, until
// it makes none. All three have columns that correspond by position and have the types of Out.
type Recursive struct {
	ID         int  // by which Working nodes within Step know it
	All        bool // keep rows that were there before
	Base, Step Node
	Out        []Column
}

// Working is, within the Step of a Recursive, the rows that the step before made.
type Working struct {
	ID   int
	Of   []Column // Out of the Recursive
	Out  []Column
	Name string // for people
}

func (n *Recursive) Cols() []Column { return n.Out }
func (n *Recursive) Inputs() []Node { return []Node{n.Base, n.Step} }
func (n *Recursive) SetInput(i int, x Node) {
	if i == 0 {
		n.Base = x
	} else {
		n.Step = x
	}
}

func (n *Working) Cols() []Column     { return n.Out }
func (n *Working) Inputs() []Node     { return nil }
func (n *Working) SetInput(int, Node) {}

package analyze

// FoldQuery makes something of a query, from its words and phrases upwards, so that other rooms can say what it means in their own terms.
// all of none is true, any of none is false.
func FoldQuery[T any](q *Query, text func(word string) T, all, any func(parts []T) T, not func(part T) T) T {
	var fold func(n *queryNode) T
	fold = func(n *queryNode) T {
		if n.op == queryText {
			return text(string(n.text))
		}
		parts := make([]T, len(n.args))
		for i, a := range n.args {
			parts[i] = fold(a)
		}
		switch n.op {
		case queryNot:
			return not(parts[0])
		case queryAnd:
			return all(parts)
		}
		return any(parts)
	}
	return fold(q.root)
}

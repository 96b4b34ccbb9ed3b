package function

import (
	"bytes"
	"encoding/json"
	"math"
	"sort"
	"strconv"
	"strings"
)

// A JSON value is nil, bool, json.Number, string, []any or map[string]any.

// parseJSON reads one value.
func parseJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() || strings.TrimSpace(text[d.InputOffset():]) != "" {
		return nil, &json.SyntaxError{Offset: d.InputOffset()}
	}
	return v, nil
}

// appendJSONValue prints a value: no blanks, members sorted by name.
func appendJSONValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case json.Number:
		return append(dst, v...)
	case string:
		return appendJSONString(dst, v)
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSONValue(dst, e)
		}
		return append(dst, ']')
	case map[string]any:
		dst = append(dst, '{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendJSONString(dst, k), ':')
			dst = appendJSONValue(dst, v[k])
		}
		return append(dst, '}')
	}
	return dst
}

func appendJSONString(dst []byte, s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return append(dst, `""`...)
	}
	return append(dst, bytes.TrimRight(b.Bytes(), "\n")...)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// jsonPath is a parsed path:
//
//	[$] .name  :name  ["name"]  .*  [*]  [0, last - 1]  [1 to last]  ?(@.price < 10)
//
// or a predicate, such as $.a == 1 && exists(@.b).
type jsonPath struct {
	steps []jsonStep
	pred  *jsonPred
}

type jsonStep struct {
	kind  byte // 'n' name, '*' all members, 'a' all elements, 'i' elements, '?' filter
	name  string
	index []jsonIndex
	pred  *jsonPred
}

// jsonIndex is an element or a range of elements, both ends inclusive; those with last are counted from the last element.
type jsonIndex struct {
	from, to         int
	fromLast, toLast bool
}

// jsonPred is a comparison or a combination of others.
type jsonPred struct {
	op   string // && || ! == != < <= > >= exists "starts with"
	a, b *jsonPred
	l, r jsonOperand
}

type jsonOperand struct {
	path *jsonPath // from the root, or the current element
	at   bool
	lit  any
}

type pathParser struct {
	s   string
	i   int
	bad bool
	// depth bounds how deep predicates nest.
	depth int
}

// parsePath reads a path; ok is false where the text is none.
func parsePath(s string) (p *jsonPath, ok bool) {
	x := &pathParser{s: s}
	x.blank()
	p = &jsonPath{}
	if x.predicateAhead() {
		p.pred = x.or()
	} else {
		p.steps = x.steps(true)
	}
	x.blank()
	return p, !x.bad && x.i == len(s)
}

// predicateAhead tries to read a path and looks whether an operator follows.
func (x *pathParser) predicateAhead() bool {
	try := &pathParser{s: x.s, i: x.i}
	if try.lit("exists(") || try.lit("!") || try.lit("(") {
		return true
	}
	if !try.peek('$') && !try.peek('@') {
		return false
	}
	try.steps(true)
	try.blank()
	return !try.bad && try.i < len(try.s)
}

func (x *pathParser) blank() {
	for x.i < len(x.s) && strings.IndexByte(" \t\n\r", x.s[x.i]) >= 0 {
		x.i++
	}
}

func (x *pathParser) peek(c byte) bool { return x.i < len(x.s) && x.s[x.i] == c }

func (x *pathParser) lit(s string) bool {
	if strings.HasPrefix(x.s[x.i:], s) {
		x.i += len(s)
		return true
	}
	return false
}

func (x *pathParser) fail() { x.bad, x.i = true, len(x.s) }

func (x *pathParser) steps(first bool) []jsonStep {
	var out []jsonStep
	if x.peek('$') || x.peek('@') {
		x.i++
	} else if first && x.i < len(x.s) && !x.peek('.') && !x.peek(':') && !x.peek('[') && !x.peek('?') {
		out = append(out, jsonStep{kind: 'n', name: x.name()}) // a.b is $.a.b
	}
	for !x.bad && x.i < len(x.s) {
		if rest := strings.TrimLeft(x.s[x.i:], " \t\n"); strings.HasPrefix(rest, "?") { // a filter may stand apart
			x.i = len(x.s) - len(rest)
		}
		switch {
		case x.lit(".*"), x.lit(":*"):
			out = append(out, jsonStep{kind: '*'})
		case x.lit("."), x.lit(":"):
			out = append(out, jsonStep{kind: 'n', name: x.name()})
		case x.lit("["):
			out = append(out, x.bracket())
		case x.lit("?"):
			x.blank()
			if !x.lit("(") {
				x.fail()
				break
			}
			st := jsonStep{kind: '?', pred: x.or()}
			x.blank()
			if !x.lit(")") {
				x.fail()
			}
			out = append(out, st)
		default:
			return out
		}
	}
	return out
}

func (x *pathParser) name() string {
	if x.peek('"') {
		return x.quoted()
	}
	start := x.i
	for x.i < len(x.s) && strings.IndexByte(".:[]?()@$ \t\n=<>!&|,\"'", x.s[x.i]) < 0 {
		x.i++
	}
	if x.i == start {
		x.fail()
		return ""
	}
	return x.s[start:x.i]
}

func (x *pathParser) quoted() string {
	quote := x.s[x.i]
	for end := x.i + 1; end < len(x.s); end++ {
		switch x.s[end] {
		case '\\':
			end++
		case quote:
			text := x.s[x.i : end+1]
			x.i = end + 1
			if quote == '\'' {
				return text[1 : len(text)-1]
			}
			s, err := strconv.Unquote(text)
			if err != nil {
				x.fail()
			}
			return s
		}
	}
	x.fail()
	return ""
}

func (x *pathParser) bracket() jsonStep {
	x.blank()
	var st jsonStep
	switch {
	case x.lit("*"):
		st.kind = 'a'
	case x.peek('"') || x.peek('\''):
		st = jsonStep{kind: 'n', name: x.quoted()}
	default:
		st.kind = 'i'
		for !x.bad {
			var ix jsonIndex
			ix.from, ix.fromLast = x.position()
			ix.to, ix.toLast = ix.from, ix.fromLast
			x.blank()
			if x.lit("to ") {
				x.blank()
				ix.to, ix.toLast = x.position()
			}
			st.index = append(st.index, ix)
			x.blank()
			if !x.lit(",") {
				break
			}
			x.blank()
		}
	}
	x.blank()
	if !x.lit("]") {
		x.fail()
	}
	return st
}

func (x *pathParser) position() (n int, last bool) {
	if x.lit("last") {
		x.blank()
		if !x.lit("-") {
			return 0, true
		}
		x.blank()
		n, _ = x.position()
		return -n, true
	}
	neg := x.lit("-")
	start := x.i
	for x.i < len(x.s) && x.s[x.i] >= '0' && x.s[x.i] <= '9' {
		x.i++
	}
	n, err := strconv.Atoi(x.s[start:x.i])
	if err != nil || n > math.MaxInt32 {
		x.fail()
	}
	if neg { // -1 is the last
		return 1 - n, true
	}
	return n, false
}

func (x *pathParser) or() *jsonPred { return x.chain("||", x.and) }

func (x *pathParser) and() *jsonPred { return x.chain("&&", x.test) }

func (x *pathParser) chain(op string, next func() *jsonPred) *jsonPred {
	if x.depth++; x.depth > 100 {
		x.fail()
		return nil
	}
	defer func() { x.depth-- }()
	p := next()
	for x.blank(); !x.bad && x.lit(op); x.blank() {
		p = &jsonPred{op: op, a: p, b: next()}
	}
	return p
}

func (x *pathParser) test() *jsonPred {
	x.blank()
	switch {
	case x.lit("exists("):
		p := &jsonPred{op: "exists", l: x.operand()}
		x.blank()
		if !x.lit(")") {
			x.fail()
		}
		return p
	case x.lit("!"):
		return &jsonPred{op: "!", a: x.test()}
	case x.lit("("):
		p := x.or()
		x.blank()
		if !x.lit(")") {
			x.fail()
		}
		return p
	}
	p := &jsonPred{l: x.operand()}
	x.blank()
	for _, op := range []string{"==", "!=", "<>", "<=", ">=", "<", ">", "starts with"} {
		if x.lit(op) {
			p.op = op
			p.r = x.operand()
			return p
		}
	}
	x.fail()
	return p
}

func (x *pathParser) operand() jsonOperand {
	x.blank()
	switch {
	case x.peek('$'), x.peek('@'):
		at := x.peek('@')
		return jsonOperand{path: &jsonPath{steps: x.steps(false)}, at: at}
	case x.peek('"'), x.peek('\''):
		return jsonOperand{lit: x.quoted()}
	case x.lit("true"):
		return jsonOperand{lit: true}
	case x.lit("false"):
		return jsonOperand{lit: false}
	case x.lit("null"):
		return jsonOperand{}
	}
	start := x.i
	for x.i < len(x.s) && strings.IndexByte("+-.eE0123456789", x.s[x.i]) >= 0 {
		x.i++
	}
	if _, err := strconv.ParseFloat(x.s[start:x.i], 64); err != nil {
		x.fail()
	}
	return jsonOperand{lit: json.Number(x.s[start:x.i])}
}

// find gives what the steps lead to from v; root is what $ means in filters.
func (p *jsonPath) find(root, v any) []any {
	found := []any{v}
	for _, st := range p.steps {
		var next []any
		for _, v := range found {
			next = st.follow(next, root, v)
		}
		if found = next; len(found) == 0 {
			return nil
		}
	}
	return found
}

func (st *jsonStep) follow(out []any, root, v any) []any {
	switch st.kind {
	case 'n':
		if m, ok := v.(map[string]any); ok {
			if x, ok := m[st.name]; ok {
				out = append(out, x)
			}
		}
	case '*':
		if m, ok := v.(map[string]any); ok {
			for _, k := range sortedKeys(m) {
				out = append(out, m[k])
			}
		}
	case 'a':
		if l, ok := v.([]any); ok {
			out = append(out, l...)
		}
	case 'i':
		l, ok := v.([]any)
		if !ok {
			return out
		}
		for _, ix := range st.index {
			from, to := ix.from, ix.to
			if ix.fromLast {
				from += len(l) - 1
			}
			if ix.toLast {
				to += len(l) - 1
			}
			for i := max(0, from); i <= to && i < len(l); i++ {
				out = append(out, l[i])
			}
		}
	case '?':
		elems := []any{v}
		if l, ok := v.([]any); ok {
			elems = l
		}
		for _, e := range elems {
			if st.pred.holds(root, e) {
				out = append(out, e)
			}
		}
	}
	return out
}

func (o jsonOperand) values(root, at any) []any {
	switch {
	case o.path == nil:
		return []any{o.lit}
	case o.at:
		return o.path.find(root, at)
	}
	return o.path.find(root, root)
}

// holds: a comparison holds if it does for any of the values on both sides.
func (p *jsonPred) holds(root, at any) bool {
	switch p.op {
	case "&&":
		return p.a.holds(root, at) && p.b.holds(root, at)
	case "||":
		return p.a.holds(root, at) || p.b.holds(root, at)
	case "!":
		return !p.a.holds(root, at)
	case "exists":
		return len(p.l.values(root, at)) > 0
	}
	for _, l := range p.l.values(root, at) {
		for _, r := range p.r.values(root, at) {
			if compareJSON(p.op, l, r) {
				return true
			}
		}
	}
	return false
}

func compareJSON(op string, l, r any) bool {
	if op == "starts with" {
		a, ok1 := l.(string)
		b, ok2 := r.(string)
		return ok1 && ok2 && strings.HasPrefix(a, b)
	}
	c, ok := orderJSON(l, r)
	switch op {
	case "==":
		return ok && c == 0
	case "!=", "<>":
		return !ok || c != 0
	case "<":
		return ok && c < 0
	case "<=":
		return ok && c <= 0
	case ">":
		return ok && c > 0
	}
	return ok && c >= 0
}

// orderJSON compares two values of one kind.
func orderJSON(l, r any) (int, bool) {
	switch a := l.(type) {
	case nil:
		return 0, r == nil
	case bool:
		b, ok := r.(bool)
		return map[bool]int{true: 1}[a] - map[bool]int{true: 1}[b], ok
	case string:
		b, ok := r.(string)
		return strings.Compare(a, b), ok
	case json.Number:
		b, ok := r.(json.Number)
		if !ok {
			return 0, false
		}
		x, err1 := a.Int64()
		y, err2 := b.Int64()
		if err1 == nil && err2 == nil {
			switch {
			case x < y:
				return -1, true
			case x > y:
				return 1, true
			}
			return 0, true
		}
		f, _ := a.Float64()
		g, _ := b.Float64()
		switch {
		case f < g:
			return -1, true
		case f > g:
			return 1, true
		}
		return 0, true
	}
	return bytes.Compare(appendJSONValue(nil, l), appendJSONValue(nil, r)), l != nil && r != nil
}

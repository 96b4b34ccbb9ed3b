package function

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Arg is an argument as it is about to be written.
type Arg struct {
	SQL  string
	Type model.Type
	Lit  *model.Value // if it is a constant
}

// Scalar is a function or operator that makes one value of the values of one row.
type Scalar struct {
	Name string // canonical
	// Resolve decides what types the arguments must be converted to, and what the result is. Errors are for the user.
	Resolve func(args []model.Type) (want []model.Type, result model.Type, err error)
	// SQL writes the call; arguments have the types that Resolve wanted.
	SQL func(args []Arg) (string, error)
	// Tier is where it is computed.
	Tier Tier
	// Volatile: two calls with the same arguments may differ.
	Volatile bool
}

// Lookup finds a scalar function by name, in lower case, or an alias of it.
func Lookup(name string) (*Scalar, bool) {
	f, ok := scalars[name]
	return f, ok
}

var scalars = buildScalars()

func buildScalars() map[string]*Scalar {
	m := map[string]*Scalar{}
	for _, family := range families() {
		for _, d := range family {
			d.add(m)
		}
	}
	for _, f := range append(append(timeFunctions(), arrayFunctions()...), modFunction(), expandArray()) {
		m[f.Name] = f
	}
	for alias, name := range aliases {
		m[alias] = m[name]
	}
	for name, f := range m {
		if rest, ok := strings.CutPrefix(name, "array_"); ok {
			m["list_"+rest] = f
		}
	}
	return m
}

func families() [][]def {
	return [][]def{operators(), mathFunctions(), textFunctions(), condFunctions(), jsonFunctions(), vectorFunctions(), placeFunctions(), systemFunctions(), absentFunctions(), summaryReaders()}
}

var aliases = map[string]string{
	"length": "character_length", "char_length": "character_length", "substring": "substr", "position": "strpos", "instr": "strpos",
	"pow": "power", "sign": "signum", "trim": "btrim", "ifnull": "nvl", "datetrunc": "date_trunc", "datepart": "date_part",
	"ceiling": "ceil", "make_list": "make_array", "regexp_matches": "regexp_like", "substring_index": "substr_index",
	"array_cat": "array_concat", "array_push_back": "array_append", "array_push_front": "array_prepend", "array_contains": "array_has", "list_contains": "array_has", "arrays_overlap": "array_has_any",
	"array_indexof": "array_position", "array_extract": "array_element", "array_join": "array_to_string", "array_empty": "empty", "list_zip": "arrays_zip", "element_at": "map_extract",
	"lcase": "lower", "ucase": "upper", "row": "struct", "array_len": "array_length", "string_to_list": "string_to_array",
}

// def describes a function in one line. Sigs are its signatures, the first that fits counts, each a letter an argument, then a colon and
// the result; [ begins optional arguments, * after a letter repeats it:
//
//	f Float64   i Int64   u Uint64   j Int32   s String   b Bool   y Binary   v Interval   d Date
//	n a number, left as it is   N, F as n and f, but no text: of aggregates, whose argument is a column   a anything, left as it is   c anything, converted to the common type of all c
//	m likewise of all m, by Union: numbers beside text become text
//	t a timestamp, left as it is; strings and dates become one
//	I an integer of 64 bits; only integers   q JSON, or text that is to be   w a vector, or text that is to be one
//	r Float32   k Uint32   h Uint8   z a timestamp of seconds
//	H a cell of a grid: a Uint64, or the String that names it   l a list, left as it is
//	B a Binary   x an integer, left as it is   g a Float32 and nothing else
//
// as a result also: 1, 2 the type of that argument; c the common type; l and a letter a list of these
type def struct {
	name string
	sigs string // separated by blanks
	sql  string // $1, $2 … are the arguments; $* all of them, separated by commas; $# how many
	fn   func(args []Arg) (string, error)
	vol  bool
}

func (d def) add(m map[string]*Scalar) {
	f := &Scalar{Name: d.name, SQL: d.fn, Volatile: d.vol, Tier: tierOf(d.sql)}
	if f.SQL == nil {
		f.SQL = template(d.sql)
	}
	sigs := strings.Fields(d.sigs)
	f.Resolve = func(args []model.Type) ([]model.Type, model.Type, error) {
		for _, s := range sigs {
			if want, result, ok := resolve(s, args); ok {
				return want, result, nil
			}
		}
		return nil, model.Null, NoMatch(d.name, args)
	}
	m[d.name] = f
}

// NoMatch says that a function does not take arguments of these types.
func NoMatch(name string, args []model.Type) error {
	names := make([]string, len(args))
	for i, a := range args {
		names[i] = a.String()
	}
	return errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: Function '%s' failed to match any signature, it cannot be called with (%s)",
		name, strings.Join(names, ", "))
}

func template(text string) func(args []Arg) (string, error) {
	return func(args []Arg) (string, error) {
		var sb strings.Builder
		for i := 0; i < len(text); i++ {
			if text[i] != '$' || i+1 == len(text) || text[i+1] != '*' && text[i+1] != '#' && (text[i+1] < '1' || text[i+1] > '9') {
				sb.WriteByte(text[i])
				continue
			}
			i++
			if text[i] == '#' {
				sb.WriteString(itoa(int64(len(args))))
				continue
			}
			if text[i] == '*' {
				for k, a := range args {
					if k > 0 {
						sb.WriteString(", ")
					}
					sb.WriteString(a.SQL)
				}
				continue
			}
			sb.WriteString(args[text[i]-'1'].SQL)
		}
		return sb.String(), nil
	}
}

// resolve fits arguments to a signature.
func resolve(sig string, args []model.Type) (want []model.Type, result model.Type, ok bool) {
	params, res, _ := strings.Cut(sig, ":")
	letters, required := spread(params, len(args))
	if len(args) < required || len(args) > len(letters) {
		return nil, model.Null, false
	}
	common := model.Null
	for i, a := range args {
		meet := Common
		switch letters[i] {
		case 'm':
			meet = Union
		case 'c':
		default:
			continue
		}
		if common, ok = meet(common, a); !ok {
			return nil, model.Null, false
		}
	}
	want = make([]model.Type, len(args))
	for i, a := range args {
		if want[i], ok = accept(letters[i], a, common); !ok {
			return nil, model.Null, false
		}
	}
	switch res {
	case "1", "2":
		return want, want[res[0]-'1'], true
	case "c", "m":
		return want, common, true
	case "lc":
		return want, model.ListOf(common), true
	}
	if res[0] == 'l' && len(res) == 2 {
		return want, model.ListOf(letterTypes[res[1]]), true
	}
	return want, letterTypes[res[0]], true
}

// spread writes out the letters of a signature for n arguments, and counts those that must be there.
func spread(params string, n int) (letters []byte, required int) {
	optional := false
	for i := 0; i < len(params); i++ {
		switch c := params[i]; c {
		case '[':
			optional = true
		case '*':
			for len(letters) < n {
				letters = append(letters, params[i-1])
			}
		default:
			letters = append(letters, c)
			if !optional {
				required++
			}
		}
	}
	return letters, required
}

var letterTypes = map[byte]model.Type{'f': model.Float64, 'i': model.Int64, 'u': model.Uint64, 'j': model.Int32, 's': model.String, 'b': model.Bool,
	'y': model.Binary, 'v': model.Interval, 'd': model.Date, 'l': {Kind: model.KindList}, 't': model.Timestamp(model.Nanosecond),
	'r': model.Float32, 'k': model.Uint32, 'h': model.Uint8, 'q': model.JSON, 'w': model.VectorOf(0), 'z': model.Timestamp(model.Second)}

func accept(letter byte, a, common model.Type) (model.Type, bool) {
	null := a.Kind == model.KindNull
	switch letter {
	case 'a':
		return a, true
	case 'c', 'm':
		return common, true
	case 'N':
		if null {
			return model.Float64, true
		}
		return a, a.Numeric()
	case 'F':
		return model.Float64, null || a.Numeric()
	case 'n':
		if null || a.Kind == model.KindString {
			return model.Float64, true
		}
		return a, a.Numeric()
	case 'f':
		return model.Float64, null || a.Numeric() || a.Kind == model.KindString
	case 'I':
		return model.Int64, a.Signed() || a.Unsigned() && a.Kind != model.KindUint64 || null
	case 'q':
		if a.Kind == model.KindString || a.Kind == model.KindJSON {
			return a, true
		}
		return model.JSON, null
	case 'w':
		if a.Kind == model.KindVector {
			return a, true
		}
		return model.VectorOf(0), null || a.Kind == model.KindString || a.Kind == model.KindBinary
	case 'H':
		if a.Kind == model.KindString {
			return a, true
		}
		return model.Uint64, null || a.Integer()
	case 'l':
		return a, a.Kind == model.KindList
	case 'B':
		return a, a.Kind == model.KindBinary
	case 'g':
		return a, a == model.Float32
	case 'x':
		if null {
			return model.Int64, true
		}
		return a, a.Integer()
	case 'k':
		return model.Uint32, null || a.Numeric()
	case 'i', 'u', 'j':
		return letterTypes[letter], null || a.Numeric() || a.Kind == model.KindString || a.Kind == model.KindBool
	case 'd':
		return model.Date, null || a.Kind == model.KindDate
	case 't':
		if a.IsTimestamp() {
			return a, true
		}
		return model.Timestamp(model.Nanosecond), null || a.Kind == model.KindString || a.Kind == model.KindDate
	}
	t := letterTypes[letter]
	return t, CanCast(a, t)
}

package function

import (
	"strings"
	"unsafe"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Column is a function of ours that the relational half calls for a column of rows at once. Its name starts with "gt_", so that no
// function of the engine's is in the way; the functions of the dialect call it in what they write.
type Column struct {
	Name     string
	Args     []model.Type
	ListOf   model.Type // of arguments of KindList, which come as JSON text
	Variadic bool       // more arguments of the last type may follow
	Result   model.Type
	Volatile bool // it is not called while planning
	// Eval computes n values. It keeps no reference to its arguments and may be called by several threads at once.
	Eval func(args []*model.Vector, n int) (*model.Vector, error)
}

// Columns are the functions that have to be registered with the relational half before it can run what this package writes.
func Columns() []Column {
	var out []Column
	for _, family := range [][]column{arithColumns(), mathColumns(), textColumns(), regexColumns(), timeColumns(), zoneColumns(), castColumns(), rangeColumns(), jsonColumns(), vectorColumns(), clockColumns(),
		netColumns(), geoColumns(), hexagonColumns(), sphereColumns(), shapeColumns(), sketchColumns()} {
		for _, c := range family {
			out = append(out, c.build()...)
		}
	}
	return out
}

// column describes one, or several of the same name with suffixes for the number of arguments, in a line. The letters of sig are those
// of def; "L" is a list of Int64, "F" of Float64, "Y" of Binary. A function with optional arguments is told apart by how many it gets:
// gt_name2, gt_name3.
type column struct {
	name  string
	sig   string
	loose bool // it is called for rows with NULLs too
	vol   bool
	row   func(c *cells, out *model.Vector) error
	// cols is instead of row: the whole column. What it gives has Valid set by the caller where it is not loose.
	cols func(args []*model.Vector, n int) (*model.Vector, error)
}

func (c column) build() []Column {
	params, res, _ := strings.Cut(c.sig, ":")
	base := Column{Name: "gt_" + c.name, Result: letterTypes[res[0]], Volatile: c.vol}
	optional := false
	var out []Column
	add := func(suffix string) {
		x := base
		x.Name += suffix
		x.Args = append([]model.Type(nil), base.Args...)
		x.Eval = c.eval(x.Result)
		out = append(out, x)
	}
	for i := 0; i < len(params); i++ {
		switch l := params[i]; l {
		case '[':
			optional = true
			add(itoa(int64(len(base.Args))))
		case '*':
			base.Variadic = true
		case 'L', 'F', 'Y':
			base.Args = append(base.Args, model.Type{Kind: model.KindList})
			base.ListOf = map[byte]model.Type{'L': model.Int64, 'F': model.Float64, 'Y': model.Binary}[l]
		default:
			base.Args = append(base.Args, letterTypes[l])
			if optional {
				add(itoa(int64(len(base.Args))))
			}
		}
	}
	if !optional {
		add("")
	}
	return out
}

// maxColumn is how many bytes the texts have together that a function gives for up to 2048 rows: they are in memory twice, and are not part
// of what the engine accounts for.
const maxColumn = 512 << 20

func (c column) eval(result model.Type) func([]*model.Vector, int) (*model.Vector, error) {
	if c.cols != nil {
		return func(args []*model.Vector, n int) (*model.Vector, error) {
			out, err := c.cols(args, n)
			if err != nil || c.loose {
				return out, err
			}
			out.Valid = validity(args, n)
			return out, nil
		}
	}
	return func(args []*model.Vector, n int) (*model.Vector, error) {
		out := model.NewVector(result, n)
		at := cells{args: args, memo: make([]memo, len(args))}
		for at.i = range n {
			if !c.loose && at.anyNull() {
				out.AppendNull()
				continue
			}
			if err := c.row(&at, out); err != nil {
				return nil, err
			}
			if len(out.Data) > maxColumn {
				return nil, failure("%s: %d rows of texts of %d bytes are too long", c.name, at.i+1, len(out.Data))
			}
		}
		return out, nil
	}
}

// validity is which rows have no NULL in any argument.
func validity(args []*model.Vector, n int) model.Bitmap {
	var out model.Bitmap
	for _, a := range args {
		if a.Valid == nil {
			continue
		}
		if out == nil {
			out = append(model.NewBitmap(n)[:0], a.Valid[:(n+63)/64]...)
			continue
		}
		for i := range out {
			out[i] &= a.Valid[i]
		}
	}
	return out
}

// cells are the arguments of one row.
type cells struct {
	args []*model.Vector
	i    int
	memo []memo
}

// memo is what was made of the text of an argument, which is mostly the same in every row.
type memo struct {
	text string
	made any
	err  error
	ok   bool
}

func (c *cells) anyNull() bool {
	for _, a := range c.args {
		if a.Null(c.i) {
			return true
		}
	}
	return false
}

func (c *cells) null(k int) bool     { return c.args[k].Null(c.i) }
func (c *cells) int(k int) int64     { return c.args[k].Ints[c.i] }
func (c *cells) float(k int) float64 { return c.args[k].Floats[c.i] }
func (c *cells) bool(k int) bool     { return c.args[k].Bools[c.i] }
func (c *cells) bytes(k int) []byte  { return c.args[k].BytesAt(c.i) }
func (c *cells) has(k int) bool      { return k < len(c.args) }

// str is the text of an argument, valid until the function of the row returns.
func (c *cells) str(k int) string {
	b := c.bytes(k)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// made gives what f makes of the text of argument k, computed once for a run of rows with the same text.
func made[T any](c *cells, k int, f func(string) (T, error)) (T, error) {
	m := &c.memo[k]
	if b := c.bytes(k); !m.ok || m.text != string(b) {
		m.text, m.ok = string(b), true
		m.made, m.err = f(m.text)
	}
	return m.made.(T), m.err
}

// failure is an error that the values of a row cause, in the words of the interface. Texts in it are cut by errs.Short.
func failure(format string, args ...any) error {
	for i, a := range args {
		if err, ok := a.(error); ok {
			args[i] = err.Error()
		}
	}
	return errs.New(errs.EngineExecuteQuery, "Execution error: "+format, args...)
}

package relational

/*
extern void relationalCall(void *info, void *chunk, void *out);
*/
import "C"

import (
	"fmt"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Function is a scalar function of ours that statements call by Name. It works on columns: a call is for up to 2048 rows.
type Function struct {
	Name string
	// Args are the types of its arguments, as they lie in vectors: KindList is any list of ListOf, and comes as its JSON text.
	Args   []model.Type
	ListOf model.Type
	// Variadic: further arguments of the last type may follow.
	Variadic bool
	// Result is the type of its values. Lists are given as JSON text.
	Result model.Type
	// Volatile keeps DuckDB from calling it while planning, even for constants.
	Volatile bool
	// Eval computes n values. It gets NULLs as they come, is called by several threads at once, and keeps nothing of its arguments,
	// which end with the call. Its error is the statement's.
	Eval func(args []*model.Vector, n int) (*model.Vector, error)
}

// calledFunction is what DuckDB keeps of a function.
type calledFunction struct {
	Function
	in *instance
}

func (in *instance) registerFunction(conn duckdb.Connection, fn Function) error {
	f := duckdb.CreateScalarFunction()
	defer duckdb.DestroyScalarFunction(&f)
	duckdb.ScalarFunctionSetName(f, fn.Name)
	for i, a := range fn.Args {
		l, err := fn.argType(a)
		if err != nil {
			return fmt.Errorf("function %s: %w", fn.Name, err)
		}
		if fn.Variadic && i == len(fn.Args)-1 {
			duckdb.ScalarFunctionSetVarargs(f, l)
		} else {
			duckdb.ScalarFunctionAddParameter(f, l)
		}
		duckdb.DestroyLogicalType(&l)
	}
	r, err := logicalType(fn.Result)
	if err != nil {
		return fmt.Errorf("function %s: %w", fn.Name, err)
	}
	duckdb.ScalarFunctionSetReturnType(f, r)
	duckdb.DestroyLogicalType(&r)
	duckdb.ScalarFunctionSetSpecialHandling(f)
	if fn.Volatile {
		duckdb.ScalarFunctionSetVolatile(f)
	}
	duckdb.ScalarFunctionSetExtraInfo(f, box(&calledFunction{fn, in}), freeCallback)
	duckdb.ScalarFunctionSetFunction(f, unsafe.Pointer(C.relationalCall))
	if duckdb.RegisterScalarFunction(conn, f) != duckdb.StateSuccess {
		return errs.New(errs.Internal, "register function %s", fn.Name)
	}
	return nil
}

func (fn *Function) argType(t model.Type) (duckdb.LogicalType, error) {
	if t.Kind != model.KindList {
		return logicalType(t)
	}
	elem, err := logicalType(fn.ListOf)
	if err != nil {
		return elem, err
	}
	defer duckdb.DestroyLogicalType(&elem)
	return duckdb.CreateListType(elem), nil
}

//export relationalCall
func relationalCall(p, c, o unsafe.Pointer) {
	info := duckdb.FunctionInfo{Ptr: p}
	defer recovered(func(msg string) { duckdb.ScalarFunctionSetError(info, msg) })
	fn := unbox[*calledFunction](duckdb.ScalarFunctionGetExtraInfo(info))
	if err := fn.call(duckdb.DataChunk{Ptr: c}, duckdb.Vector{Ptr: o}); err != nil {
		duckdb.ScalarFunctionSetError(info, err.Error())
	}
}

func (fn *calledFunction) call(chunk duckdb.DataChunk, out duckdb.Vector) error {
	n := int(duckdb.DataChunkGetSize(chunk))
	args, err := readArgs(chunk, n, func(i int) model.Type { return fn.Args[min(i, len(fn.Args)-1)] })
	if err != nil {
		return err
	}
	v, err := fn.Eval(args, n)
	if err != nil {
		return err
	}
	if v.Len != n {
		return errs.New(errs.Internal, "function %s gave %d values for %d rows", fn.Name, v.Len, n)
	}
	var fl filler
	return fl.fill(out, fn.Result, v, 0, n)
}

// readArgs copies the arguments of n rows, which are of the given types.
func readArgs(chunk duckdb.DataChunk, n int, typ func(i int) model.Type) ([]*model.Vector, error) {
	args := make([]*model.Vector, duckdb.DataChunkGetColumnCount(chunk))
	for i := range args {
		vec := duckdb.DataChunkGetVector(chunk, duckdb.IdxT(i))
		l := duckdb.VectorGetColumnType(vec)
		s, err := newShape(l)
		duckdb.DestroyLogicalType(&l)
		if err != nil {
			return nil, err
		}
		if args[i], err = readVector(vec, typ(i), s, n); err != nil {
			return nil, err
		}
	}
	return args, nil
}

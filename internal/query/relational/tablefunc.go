package relational

/*
#include <stdlib.h>
#include <stdint.h>

extern void relationalBind(void *info);
extern void relationalInit(void *info);
extern void relationalLocalInit(void *info);
extern void relationalFill(void *info, void *chunk);
extern void relationalFree(void *box);
*/
import "C"

import (
	"context"
	"fmt"
	"io"
	"runtime/cgo"
	"sync"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// sourceFunction is the name of our table function in statements.
const sourceFunction = "src"

// vectorSize is how many rows a vector of DuckDB holds; registerSource checks it.
const vectorSize = 2048

// A Go value that DuckDB keeps for us is a cgo.Handle in a box, a word of C memory; DuckDB hands the box to relationalFree in the end.
// The value's release method, if it has one, is called then.

type releaser interface{ release() }

func box(v any) unsafe.Pointer {
	b := C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0))))
	*(*cgo.Handle)(b) = cgo.NewHandle(v)
	return b
}

func unbox[T any](b unsafe.Pointer) T {
	return (*(*cgo.Handle)(b)).Value().(T)
}

//export relationalFree
func relationalFree(b unsafe.Pointer) {
	h := *(*cgo.Handle)(b)
	if r, ok := h.Value().(releaser); ok {
		r.release()
	}
	h.Delete()
	C.free(b)
}

var freeCallback = unsafe.Pointer(C.relationalFree)

// instanceRef is what the registered function knows: its instance.
type instanceRef struct{ in *instance }

func registerSource(conn duckdb.Connection, in *instance) error {
	if n := duckdb.VectorSize(); n != vectorSize {
		return errs.New(errs.Internal, "the query engine's vectors have %d rows, not %d", n, vectorSize)
	}
	f := duckdb.CreateTableFunction()
	defer duckdb.DestroyTableFunction(&f)
	bigint := duckdb.CreateLogicalType(duckdb.TypeBigInt)
	defer duckdb.DestroyLogicalType(&bigint)
	duckdb.TableFunctionSetName(f, sourceFunction)
	duckdb.TableFunctionAddParameter(f, bigint)
	duckdb.TableFunctionSetExtraInfo(f, box(instanceRef{in}), freeCallback)
	duckdb.TableFunctionSetBind(f, unsafe.Pointer(C.relationalBind))
	duckdb.TableFunctionSetInit(f, unsafe.Pointer(C.relationalInit))
	duckdb.TableFunctionSetLocalInit(f, unsafe.Pointer(C.relationalLocalInit))
	duckdb.TableFunctionSetFunction(f, unsafe.Pointer(C.relationalFill))
	duckdb.TableFunctionSupportsProjectionPushdown(f, true)
	if duckdb.RegisterTableFunction(conn, f) != duckdb.StateSuccess {
		return errs.New(errs.Internal, "register table function %s", sourceFunction)
	}
	return nil
}

// bound is an occurrence of a source in a prepared statement.
type bound struct {
	x     *execution
	index int
}

func (b *bound) source() *Source { return &b.x.sources[b.index] }

//export relationalBind
func relationalBind(p unsafe.Pointer) {
	info := duckdb.BindInfo{Ptr: p}
	defer recovered(func(msg string) { duckdb.BindSetError(info, msg) })
	x, err := runningExecution(info)
	if err != nil {
		duckdb.BindSetError(info, err.Error())
		return
	}
	if err := x.bindSource(info); err != nil {
		x.source.set(err)
		duckdb.BindSetError(info, err.Error())
	}
}

func (x *execution) bindSource(info duckdb.BindInfo) error {
	v := duckdb.BindGetParameter(info, 0)
	i := duckdb.GetInt64(v)
	duckdb.DestroyValue(&v)
	if i < 0 || i >= int64(len(x.sources)) {
		return errs.New(errs.Internal, "%s(%d): the statement has %d sources", sourceFunction, i, len(x.sources))
	}
	src := x.sources[i]
	for _, f := range src.Fields {
		t, err := logicalType(f.Type)
		if err != nil {
			return fmt.Errorf("column %s: %w", f.Name, err)
		}
		duckdb.BindAddResultColumn(info, f.Name, t)
		duckdb.DestroyLogicalType(&t)
	}
	if src.Rows > 0 {
		duckdb.BindSetCardinality(info, duckdb.IdxT(src.Rows), false)
	}
	duckdb.BindSetBindData(info, box(&bound{x: x, index: int(i)}), freeCallback)
	return nil
}

func runningExecution(info duckdb.BindInfo) (*execution, error) {
	var cc duckdb.ClientContext
	duckdb.TableFunctionGetClientContext(info, &cc)
	id := uint64(duckdb.ClientContextGetConnectionId(cc))
	duckdb.DestroyClientContext(&cc)

	s := unbox[instanceRef](duckdb.BindGetExtraInfo(info)).in.session(id)
	if s == nil || s.cur.Load() == nil {
		return nil, errs.New(errs.Internal, "%s is called outside of a statement", sourceFunction)
	}
	return s.cur.Load(), nil
}

// scan is an open source. DuckDB's threads take turns to cut pieces of up to vectorSize rows from the current batch, and copy them
// without holding the lock; the stream moves on when all pieces of a batch are copied, as that ends the batch's life.
type scan struct {
	x      *execution
	name   string
	cols   []int // of each of DuckDB's output columns: the index in the batches, or -1 for one that nobody reads
	fields []model.Field
	stream Stream

	mu struct {
		sync.Mutex
		batch   *model.Batch
		at      int // rows of batch already cut
		copying int // pieces of batch being copied
		ended   bool
	}
	copied sync.Cond // of mu: copying became 0
}

// piece is rows [at, at+n) of a batch, for one call of fill.
type piece struct {
	batch *model.Batch
	at, n int
}

//export relationalInit
func relationalInit(p unsafe.Pointer) {
	info := duckdb.InitInfo{Ptr: p}
	b := unbox[*bound](duckdb.InitGetBindData(info))
	defer recovered(func(msg string) {
		b.x.source.set(errs.New(errs.Internal, "%s", msg))
		duckdb.InitSetError(info, msg)
	})
	src := b.source()
	sc := &scan{x: b.x}
	sc.copied.L = &sc.mu
	var want []int
	for i := range duckdb.InitGetColumnCount(info) {
		c := duckdb.InitGetColumnIndex(info, i)
		if c >= duckdb.IdxT(len(src.Fields)) { // a virtual column: rows are counted, not read
			sc.cols = append(sc.cols, -1)
			continue
		}
		sc.cols = append(sc.cols, len(want))
		sc.fields = append(sc.fields, src.Fields[c])
		want = append(want, int(c))
	}
	stream, err := src.Open(b.x.ctx, want)
	if err != nil {
		b.x.source.set(err)
		duckdb.InitSetError(info, err.Error())
		return
	}
	sc.stream = stream
	duckdb.InitSetInitData(info, box(sc), freeCallback)
	duckdb.InitSetMaxThreads(info, maxScanThreads)
}

// maxScanThreads bounds how many threads pull one source; DuckDB uses no more than it has.
const maxScanThreads = 64

// release closes the stream; all threads have left the scan.
func (sc *scan) release() {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if err := sc.stream.Close(); err != nil {
		sc.x.source.set(err)
	}
}

//export relationalLocalInit
func relationalLocalInit(p unsafe.Pointer) {
	info := duckdb.InitInfo{Ptr: p}
	duckdb.InitSetInitData(info, box(&filler{}), freeCallback)
}

//export relationalFill
func relationalFill(p, c unsafe.Pointer) {
	info := duckdb.FunctionInfo{Ptr: p}
	chunk := duckdb.DataChunk{Ptr: c}
	sc := unbox[*scan](duckdb.FunctionGetInitData(info))
	defer recovered(func(msg string) {
		sc.x.source.set(errs.New(errs.Internal, "%s", msg))
		duckdb.FunctionSetError(info, msg)
	})
	fl := unbox[*filler](duckdb.FunctionGetLocalInitData(info))
	pc, err := sc.cut()
	if err == nil && pc.n > 0 {
		err = sc.copyPiece(fl, chunk, pc)
	}
	if err != nil {
		sc.x.source.set(err)
		duckdb.FunctionSetError(info, err.Error())
		return
	}
	duckdb.DataChunkSetSize(chunk, duckdb.IdxT(pc.n))
}

// cut takes the next piece; n is 0 at the end.
func (sc *scan) cut() (piece, error) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	for sc.mu.batch == nil || sc.mu.at == sc.mu.batch.Len {
		for sc.mu.copying > 0 {
			sc.copied.Wait()
		}
		if sc.mu.ended {
			return piece{}, nil
		}
		if sc.mu.batch != nil && sc.mu.at < sc.mu.batch.Len {
			break // another thread fetched it meanwhile
		}
		if err := sc.fetchLocked(); err != nil {
			return piece{}, err
		}
	}
	n := min(vectorSize, sc.mu.batch.Len-sc.mu.at)
	pc := piece{sc.mu.batch, sc.mu.at, n}
	sc.mu.at += n
	sc.mu.copying++
	return pc, nil
}

// fetchLocked gets the next batch. sc.mu held.
func (sc *scan) fetchLocked() error {
	sc.mu.batch, sc.mu.at = nil, 0
	if err := sc.x.ctx.Err(); err != nil {
		sc.mu.ended = true
		return context.Cause(sc.x.ctx)
	}
	b, err := sc.stream.Next(sc.x.ctx)
	if err != nil {
		sc.mu.ended = true
		if err == io.EOF {
			return nil
		}
		return err
	}
	sc.mu.batch = b
	return nil
}

func (sc *scan) copyPiece(fl *filler, chunk duckdb.DataChunk, pc piece) error {
	defer func() {
		sc.mu.Lock()
		defer sc.mu.Unlock()
		if sc.mu.copying--; sc.mu.copying == 0 {
			sc.copied.Broadcast()
		}
	}()
	for i, c := range sc.cols {
		vec := duckdb.DataChunkGetVector(chunk, duckdb.IdxT(i))
		if c < 0 {
			fillNulls(vec, pc.n)
			continue
		}
		if err := fl.fill(vec, sc.fields[c].Type, pc.batch.Cols[c], pc.at, pc.n); err != nil {
			return fmt.Errorf("column %s: %w", sc.fields[c].Name, err)
		}
	}
	return nil
}

// recovered turns a panic, which must not cross into C, into an error of the statement.
func recovered(set func(string)) {
	if p := recover(); p != nil {
		set(fmt.Sprintf("panic in a source: %v", p))
	}
}

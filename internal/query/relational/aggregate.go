package relational

/*
#include <stdlib.h>
#include "capi.h"

extern void duckdb_aggregate_function_set_error(void *info, const char *error);
extern void *duckdb_aggregate_function_get_extra_info(void *info);
*/
import "C"

import (
	"fmt"
	"runtime/cgo"
	"sync/atomic"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Aggregate is an aggregate function of ours that statements call by Name. Its result is Binary. It may be called over windows, but not with
// a frame that is the whole partition: then DuckDB passes one state for all rows and does not say so.
type Aggregate struct {
	Name string
	Args []model.Type // of its arguments, as they lie in vectors; no lists
	// New makes the state of a group. Several threads may call it at once.
	New func() State
}

// State is what an aggregate has seen of one group. One thread at a time changes it.
type State interface {
	// Add takes in rows [from, to) of the arguments, NULLs as they come. It keeps nothing of them. Its error is the statement's.
	Add(args []*model.Vector, from, to int) error
	// Join takes in what another state of the same aggregate has seen, and leaves it as it is: others may be reading it.
	Join(o any) error
	// AppendTo appends the result.
	AppendTo(dst []byte) []byte
	// None says that the result is NULL.
	None() bool
	// Bytes is the memory that the state holds. It is not part of what DuckDB knows of.
	Bytes() int64
}

// calledAggregate is what DuckDB keeps of an aggregate.
type calledAggregate struct {
	Aggregate
	in *instance
}

// groupState is a state and the account that it is part of.
type groupState struct {
	State
	held  int64
	total *atomic.Int64
}

// settle accounts for what the state has grown by.
func (g *groupState) settle(limit int64) error {
	n := g.Bytes()
	grown := n - g.held
	g.held = n
	if all := g.total.Add(grown); all > limit && grown > 0 {
		return errs.New(errs.RuntimeResourcesExhausted, "Resources exhausted: the summaries of groups take %d bytes, more than the %d that they may", all, limit)
	}
	return nil
}

func (in *instance) registerAggregate(conn duckdb.Connection, a Aggregate) error {
	args := make([]unsafe.Pointer, len(a.Args)+1) // one more, so that there is a first
	for i, t := range a.Args {
		l, err := logicalType(t)
		if err != nil {
			return fmt.Errorf("aggregate %s: %w", a.Name, err)
		}
		defer duckdb.DestroyLogicalType(&l)
		args[i] = l.Ptr
	}
	result := duckdb.CreateLogicalType(duckdb.TypeBlob)
	defer duckdb.DestroyLogicalType(&result)
	name := C.CString(a.Name)
	defer C.free(unsafe.Pointer(name))
	if C.relational_add_aggregate(conn.Ptr, name, &args[0], C.relational_index(len(a.Args)), result.Ptr, box(&calledAggregate{a, in})) != 0 {
		return errs.New(errs.Internal, "register aggregate %s", a.Name)
	}
	return nil
}

// aggregateCall is the aggregate that a callback is of, and what tells of a panic or an error in it.
func aggregateCall(info unsafe.Pointer) (*calledAggregate, func(string)) {
	return unbox[*calledAggregate](C.duckdb_aggregate_function_get_extra_info(info)), func(msg string) {
		text := C.CString(msg)
		defer C.free(unsafe.Pointer(text))
		C.duckdb_aggregate_function_set_error(info, text)
	}
}

// stateOf is the state behind a handle; nil: it has none yet.
func stateOf(p unsafe.Pointer) *groupState {
	if h := *(*cgo.Handle)(p); h != 0 {
		return h.Value().(*groupState)
	}
	return nil
}

// made is the state behind a handle, made where there is none.
func (a *calledAggregate) made(p unsafe.Pointer) *groupState {
	if g := stateOf(p); g != nil {
		return g
	}
	g := &groupState{State: a.New(), total: &a.in.states}
	*(*cgo.Handle)(p) = cgo.NewHandle(g)
	return g
}

//export relationalUpdate
func relationalUpdate(info, c unsafe.Pointer, states *unsafe.Pointer) {
	a, fail := aggregateCall(info)
	defer recovered(fail)
	if err := a.update(duckdb.DataChunk{Ptr: c}, states); err != nil {
		fail(err.Error())
	}
}

// update takes in rows, those of one state that follow each other at once.
func (a *calledAggregate) update(chunk duckdb.DataChunk, states *unsafe.Pointer) error {
	n := int(duckdb.DataChunkGetSize(chunk))
	args, err := readArgs(chunk, n, func(i int) model.Type { return a.Args[i] })
	if err != nil {
		return err
	}
	of := unsafe.Slice(states, n)
	for from := 0; from < n; {
		to := from + 1
		for to < n && of[to] == of[from] {
			to++
		}
		g := a.made(of[from])
		if err := g.Add(args, from, to); err != nil {
			return err
		}
		if err := g.settle(a.in.stateLimit); err != nil {
			return err
		}
		from = to
	}
	return nil
}

//export relationalCombine
func relationalCombine(info unsafe.Pointer, sources, targets *unsafe.Pointer, n C.relational_index) {
	a, fail := aggregateCall(info)
	defer recovered(fail)
	from, to := unsafe.Slice(sources, int(n)), unsafe.Slice(targets, int(n))
	for i, p := range from {
		g := stateOf(p)
		if g == nil {
			continue
		}
		t := a.made(to[i])
		err := t.Join(g.State)
		if err == nil {
			err = t.settle(a.in.stateLimit)
		}
		if err != nil {
			fail(err.Error())
			return
		}
	}
}

//export relationalFinalize
func relationalFinalize(info unsafe.Pointer, sources *unsafe.Pointer, out unsafe.Pointer, n, at C.relational_index) {
	_, fail := aggregateCall(info)
	defer recovered(fail)
	vec := duckdb.Vector{Ptr: out}
	slots := stringSlots(vec)
	var b []byte
	for i, p := range unsafe.Slice(sources, int(n)) {
		to := at + C.relational_index(i)
		g := stateOf(p)
		if g == nil || g.None() {
			setNull(vec, uint32(to))
			continue
		}
		b = g.AppendTo(b[:0])
		C.relational_put_bytes(vec.Ptr, slots, to, chars(b), C.uint32_t(len(b)))
	}
}

//export relationalDestroy
func relationalDestroy(states *unsafe.Pointer, n C.relational_index) {
	for _, p := range unsafe.Slice(states, int(n)) {
		h := *(*cgo.Handle)(p)
		if h == 0 {
			continue
		}
		g := h.Value().(*groupState)
		g.total.Add(-g.held)
		h.Delete()
		*(*cgo.Handle)(p) = 0
	}
}

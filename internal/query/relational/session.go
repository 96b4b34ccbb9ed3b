package relational

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// session is one connection. It runs one execution at a time.
type session struct {
	inst *instance
	conn duckdb.Connection
	id   uint64
	cur  atomic.Pointer[execution] // the running statement, for the callbacks
}

func (s *session) close() {
	s.inst.mu.Lock()
	delete(s.inst.mu.sessions, s.id)
	s.inst.mu.Unlock()
	duckdb.Disconnect(&s.conn)
	s.inst.release()
}

// exec runs a statement of ours that has no result.
func (s *session) exec(sql string) error {
	var res duckdb.Result
	defer duckdb.DestroyResult(&res)
	if duckdb.Query(s.conn, sql, &res) != duckdb.StateSuccess {
		return engineError(duckdb.ResultErrorType(&res), duckdb.ResultError(&res))
	}
	return nil
}

// execution is one run of a statement. Its owner goroutine goes through the stages of run; everything else only reads its channels,
// cancels it, or (DuckDB's threads, in callbacks) uses its sources.
type execution struct {
	ctx     context.Context // of the statement: sources are pulled with it
	cancel  context.CancelCauseFunc
	sources []Source

	ready   chan struct{}     // closed once fields is set, or the execution failed before
	fields  []model.Field     // set before ready is closed
	batches chan *model.Batch // unbuffered, so that a slow reader keeps at most one batch waiting
	done    chan struct{}     // closed after err is set; nothing is sent on batches from then on
	err     error             // set before done is closed

	source sourceFailure
}

// sourceFailure keeps the first error that a source gave, as DuckDB can carry only text.
type sourceFailure struct {
	sync.Mutex
	err error
}

func (f *sourceFailure) set(err error) {
	f.Lock()
	defer f.Unlock()
	if f.err == nil {
		f.err = err
	}
}

func (f *sourceFailure) get() error {
	f.Lock()
	defer f.Unlock()
	return f.err
}

// interruptEvery is the pause between interrupts of a cancelled statement. One alone can be lost: DuckDB forgets it when it passes
// from preparing to executing.
const interruptEvery = 10 * time.Millisecond

// run is the owner: it prepares, executes and fetches until the end, an error or cancellation, and then gives the session back.
func (x *execution) run(db *DB, s *session, stmt Statement) {
	s.cur.Store(x)
	over := make(chan struct{}) // closed when the connection must not be interrupted any more
	var interrupts sync.WaitGroup
	interrupts.Add(1)
	stop := context.AfterFunc(x.ctx, func() {
		defer interrupts.Done()
		interruptUntil(over, s.conn)
	})

	err, fatal := x.execute(s, stmt)

	close(over)
	if stop() {
		interrupts.Done()
	}
	interrupts.Wait()
	s.cur.Store(nil)
	x.err = x.explain(err)
	close(x.done)
	x.cancel(nil)
	if x.fields == nil {
		close(x.ready)
	}
	db.giveBack(s, fatal)
}

func interruptUntil(over <-chan struct{}, conn duckdb.Connection) {
	tick := time.NewTicker(interruptEvery)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		default:
			duckdb.Interrupt(conn)
		}
		select {
		case <-over:
			return
		case <-tick.C:
		}
	}
}

// explain picks the error that tells the caller most: a source's own, then the reason of the cancellation, then DuckDB's.
func (x *execution) explain(err error) error {
	if err == nil {
		return nil
	}
	if e := x.source.get(); e != nil {
		return e
	}
	if x.ctx.Err() != nil {
		return context.Cause(x.ctx)
	}
	return err
}

// reason is why a statement failed whose rows came as a stream. DuckDB stops the other threads of a statement that fails by an interrupt,
// and where the reader is slower than they are, that is all the stream tells. So the statement is run once more for its error alone.
func reason(s *session, stmt Statement) (err error, fatal bool) {
	var ps duckdb.PreparedStatement
	state := duckdb.Prepare(s.conn, "SELECT count(COLUMNS(*)) FROM ("+stmt.SQL+")", &ps)
	defer duckdb.DestroyPrepare(&ps)
	if state != duckdb.StateSuccess {
		return prepareError(duckdb.PrepareError(ps))
	}
	if err := bindParams(ps, stmt.Params); err != nil {
		return err, false
	}
	var res duckdb.Result
	state = duckdb.ExecutePrepared(ps, &res)
	defer duckdb.DestroyResult(&res)
	if state != duckdb.StateSuccess {
		return resultError(&res)
	}
	return errs.New(errs.EngineExecuteQuery, "Execution error: the query failed while its rows were read, and did not when it was tried again"), false
}

func (x *execution) execute(s *session, stmt Statement) (err error, fatal bool) {
	var ps duckdb.PreparedStatement
	state := duckdb.Prepare(s.conn, stmt.SQL, &ps)
	defer duckdb.DestroyPrepare(&ps)
	if state != duckdb.StateSuccess {
		return prepareError(duckdb.PrepareError(ps))
	}
	if duckdb.PreparedStatementType(ps) != duckdb.StatementTypeSelect && duckdb.PreparedStatementType(ps) != duckdb.StatementTypeExplain {
		return errs.New(errs.Internal, "the query engine was handed something that is no query: %s", stmt.SQL), false
	}
	if err := bindParams(ps, stmt.Params); err != nil {
		return err, false
	}
	var res duckdb.Result
	state = duckdb.ExecutePreparedStreaming(ps, &res)
	ended := false
	defer func() {
		duckdb.DestroyResult(&res)
		if !ended { // DuckDB keeps a stream's sources open until the connection's next statement, so here is one
			_ = s.exec("SELECT 1")
		}
	}()
	if state != duckdb.StateSuccess {
		return resultError(&res)
	}
	rd, err := newReader(&res, stmt.Types)
	if err != nil {
		return err, false
	}
	x.fields = rd.fields()
	close(x.ready)
	for {
		if x.ctx.Err() != nil {
			return context.Cause(x.ctx), false
		}
		chunk := duckdb.FetchChunk(res)
		if chunk.Ptr == nil {
			ended = true
			if duckdb.ResultError(&res) == "" {
				return nil, false
			}
			if duckdb.ResultErrorType(&res) == duckdb.ErrorTypeInterrupt && x.ctx.Err() == nil && x.source.get() == nil {
				return reason(s, stmt)
			}
			return resultError(&res)
		}
		b, err := rd.batch(chunk)
		duckdb.DestroyDataChunk(&chunk)
		if err != nil {
			return err, false
		}
		if b.Len == 0 {
			continue
		}
		select {
		case x.batches <- b:
		case <-x.ctx.Done():
			return context.Cause(x.ctx), false
		}
	}
}

package metric

import (
	"context"
	"maps"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Server is a region server with logical regions. It is safe for concurrent use.
type Server struct {
	inner contract.RegionServer // has the data regions, and all others. Not embedded: a method of the contract that is new must be thought of

	mu   sync.Mutex              // held while the state is replaced, and while data regions are widened
	snap atomic.Pointer[regions] // replaced whole by the holder of mu
	pool sync.Pool               // *merger
}

// regions is what is known of logical regions. It is immutable.
type regions struct {
	logical map[model.RegionID]*logical
	data    map[model.RegionID]dataRegion
}

// dataRegion is a region that has rows of logical ones.
type dataRegion struct {
	schema  *model.Schema
	logical int // how many lie in it
}

// logical is a logical region. It is immutable.
type logical struct {
	id      model.RegionID
	data    model.RegionID
	table   uint32
	schema  *model.Schema
	columns map[model.ColumnID]model.ColumnID // of the logical region to the data region's
	names   map[model.ColumnID]*model.Column  // by the data region's column
	only    *model.Expr                       // __table_id = table
}

var _ contract.RegionServer = (*Server)(nil)

// New puts logical regions before a region server.
func New(inner contract.RegionServer) *Server {
	s := &Server{inner: inner}
	s.snap.Store(&regions{logical: map[model.RegionID]*logical{}, data: map[model.RegionID]dataRegion{}})
	s.pool.New = func() any { return &merger{} }
	return s
}

func (s *Server) logical(id model.RegionID) *logical { return s.snap.Load().logical[id] }

func newLogical(id model.RegionID, at contract.LogicalRegion, schema *model.Schema) *logical {
	l := &logical{id: id, data: at.Data, table: at.Table, schema: schema, columns: make(map[model.ColumnID]model.ColumnID, len(schema.Columns)),
		names: make(map[model.ColumnID]*model.Column, len(schema.Columns)),
		only:  model.Compare(model.OpEq, colTable, model.IntValue(model.Uint32, int64(at.Table)))}
	l.columns[schema.TimeIndex] = colTime
	for k, c := range schema.PrimaryKey {
		l.columns[c] = colLabels + model.ColumnID(k)
	}
	for i := range schema.Columns {
		c := &schema.Columns[i]
		if c.Semantic == model.FieldColumn {
			l.columns[c.ID] = colValue
		}
		l.names[l.columns[c.ID]] = c
	}
	return l
}

// Create implements contract.RegionServer. A logical region whose data region is not open is RegionNotFound. One that is there already
// is replaced: by another number, it is empty from then on.
func (s *Server) Create(ctx context.Context, req contract.CreateRegion) error {
	if req.Logical == nil {
		return s.inner.Create(ctx, req)
	}
	return s.CreateLogical(ctx, req)
}

// CreateLogical is Create for many logical regions at once: each data region is widened once at most.
func (s *Server) CreateLogical(ctx context.Context, reqs ...contract.CreateRegion) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.clone()
	need := map[model.RegionID]int{}
	for _, r := range reqs {
		if r.Meta.Schema == nil {
			return errs.New(errs.InvalidArguments, "create logical region %s: no schema", r.Meta.ID)
		}
		if l := next.logical[r.Meta.ID]; l != nil && l.table == r.Logical.Table && l.data == r.Logical.Data && !reflect.DeepEqual(l.schema, r.Meta.Schema) {
			return errs.New(errs.RegionAlreadyExists, "logical region %s exists with another schema", r.Meta.ID)
		}
		need[r.Logical.Data] = max(need[r.Logical.Data], len(r.Meta.Schema.PrimaryKey))
	}
	for id, n := range need {
		if err := s.ensure(ctx, next, id, n); err != nil {
			return err
		}
	}
	for _, r := range reqs {
		if err := CheckLogical(r.Meta.Schema, next.data[r.Logical.Data].schema); err != nil {
			return err
		}
		next.put(newLogical(r.Meta.ID, *r.Logical, r.Meta.Schema))
	}
	s.snap.Store(next)
	return nil
}

func (s *Server) clone() *regions {
	old := s.snap.Load()
	return &regions{logical: maps.Clone(old.logical), data: maps.Clone(old.data)}
}

func (r *regions) put(l *logical) {
	r.remove(l.id)
	r.logical[l.id] = l
	d := r.data[l.data]
	d.logical++
	r.data[l.data] = d
}

func (r *regions) remove(id model.RegionID) {
	l := r.logical[id]
	if l == nil {
		return
	}
	delete(r.logical, id)
	d := r.data[l.data]
	d.logical--
	r.data[l.data] = d
}

// ensure makes a data region hold labels labels, durably, and records its schema in next. s.mu held.
func (s *Server) ensure(ctx context.Context, next *regions, id model.RegionID, labels int) error {
	d, ok := next.data[id]
	for {
		if !ok {
			m, err := s.Meta(ctx, id)
			if err != nil {
				return err
			}
			d.schema = m.Schema
			if err := checkData(d.schema); err != nil {
				return err
			}
		}
		if len(d.schema.PrimaryKey)-1 >= labels {
			next.data[id] = d
			return nil
		}
		wide := d.schema.Clone()
		wide.Version++
		widen(wide, (labels+labelStep-1)/labelStep*labelStep)
		err := s.Alter(ctx, contract.AlterRegion{ID: id, Schema: wide})
		if err != nil && !(ok && errs.Is(err, errs.RequestOutdated)) {
			return err
		}
		if ok = err == nil; ok {
			d.schema = wide
		}
	}
}

// checkData refuses a region that is not one of a physical table.
func checkData(s *model.Schema) error {
	if len(s.PrimaryKey) == 0 || s.PrimaryKey[0] != colTable || s.TimeIndex != colTime || s.Column(colTable).Name != TableIDColumn {
		return errs.New(errs.InvalidArguments, "the region is not one of a physical metric table")
	}
	return nil
}

// Open implements contract.RegionServer. Logical regions are created anew after a start.
func (s *Server) Open(ctx context.Context, req contract.OpenRegion) error {
	if s.logical(req.ID) != nil {
		return nil
	}
	return s.inner.Open(ctx, req)
}

// Close implements contract.RegionServer.
func (s *Server) Close(ctx context.Context, id model.RegionID) error {
	if s.forget(id) {
		return nil
	}
	return s.inner.Close(ctx, id)
}

// Drop implements contract.RegionServer. A data region that has logical ones is RegionBusy. The rows of a logical region stay where they
// are, out of reach, until its number is retired.
func (s *Server) Drop(ctx context.Context, id model.RegionID) error {
	if s.forget(id) {
		return nil
	}
	s.mu.Lock() // no logical region is made in it meanwhile
	defer s.mu.Unlock()
	if n := s.snap.Load().data[id].logical; n > 0 {
		return errs.New(errs.RegionBusy, "Physical region %s is busy, there are still %d logical regions using it: drop their tables first", id, n)
	}
	if err := s.inner.Drop(ctx, id); err != nil {
		return err
	}
	if _, ok := s.snap.Load().data[id]; !ok {
		return nil
	}
	next := s.clone()
	delete(next.data, id)
	s.snap.Store(next)
	return nil
}

// forget ends logical regions; it reports whether any of ids is one.
func (s *Server) forget(ids ...model.RegionID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.snap.Load()
	found := false
	for _, id := range ids {
		found = found || old.logical[id] != nil
	}
	if !found {
		return false
	}
	next := s.clone()
	for _, id := range ids {
		next.remove(id)
	}
	s.snap.Store(next)
	return true
}

// DropLogical ends many logical regions at once; others are left alone.
func (s *Server) DropLogical(ids ...model.RegionID) { s.forget(ids...) }

// Truncate implements contract.RegionServer. The rows of a logical region are deleted by its number.
func (s *Server) Truncate(ctx context.Context, id model.RegionID) error {
	if s.logical(id) == nil {
		return s.inner.Truncate(ctx, id)
	}
	_, err := s.DeleteWhere(ctx, contract.DeleteRequest{Region: id, TimeRange: model.AllTime})
	return err
}

// Alter implements contract.RegionServer. The data region is widened, durably, before the logical one has its new labels. Options of a
// logical region are its data region's.
func (s *Server) Alter(ctx context.Context, req contract.AlterRegion) error {
	if s.logical(req.ID) == nil {
		return s.inner.Alter(ctx, req)
	}
	return s.AlterLogical(ctx, req)
}

// AlterLogical is Alter for many logical regions, all or none.
func (s *Server) AlterLogical(ctx context.Context, reqs ...contract.AlterRegion) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.clone()
	for _, r := range reqs {
		l := next.logical[r.ID]
		switch {
		case l == nil:
			return errs.New(errs.RegionNotFound, "logical region %s not found", r.ID)
		case r.Options != nil:
			return errs.New(errs.InvalidArguments, "options of logical region %s are those of its physical table: alter that", r.ID)
		case r.Schema == nil || r.Schema.Version == l.schema.Version && len(r.Schema.Columns) == len(l.schema.Columns):
			continue
		case r.Schema.Version != l.schema.Version+1:
			return errs.New(errs.RequestOutdated, "logical region %s has schema version %d, the change was made for %d", r.ID, l.schema.Version, r.Schema.Version-1)
		}
		if err := s.ensure(ctx, next, l.data, len(r.Schema.PrimaryKey)); err != nil {
			return err
		}
		if err := CheckLogical(r.Schema, next.data[l.data].schema); err != nil {
			return err
		}
		for k, id := range l.schema.PrimaryKey { // labels lie by position
			if len(r.Schema.PrimaryKey) <= k || r.Schema.PrimaryKey[k] != id {
				return errs.New(errs.InvalidArguments, "labels of logical region %s may only be added, at the end", r.ID)
			}
		}
		next.put(newLogical(l.id, contract.LogicalRegion{Data: l.data, Table: l.table}, r.Schema))
	}
	s.snap.Store(next)
	return nil
}

// Flush implements contract.RegionServer.
func (s *Server) Flush(ctx context.Context, id model.RegionID) error {
	if l := s.logical(id); l != nil {
		id = l.data
	}
	return s.inner.Flush(ctx, id)
}

// Compact implements contract.RegionServer.
func (s *Server) Compact(ctx context.Context, req contract.CompactRequest) error {
	if l := s.logical(req.Region); l != nil {
		req.Region = l.data
	}
	return s.inner.Compact(ctx, req)
}

// BuildIndex implements contract.RegionServer.
func (s *Server) BuildIndex(ctx context.Context, id model.RegionID) error {
	if l := s.logical(id); l != nil {
		id = l.data
	}
	return s.inner.BuildIndex(ctx, id)
}

// DropFiles implements contract.RegionServer. Files hold rows of many logical regions.
func (s *Server) DropFiles(ctx context.Context, req contract.DropFilesRequest) (int, error) {
	if l := s.logical(req.Region); l != nil {
		return 0, shared("drop files", l)
	}
	return s.inner.DropFiles(ctx, req)
}

// DiscardUnflushed implements contract.RegionServer.
func (s *Server) DiscardUnflushed(ctx context.Context, id model.RegionID) (uint64, error) {
	if l := s.logical(id); l != nil {
		return 0, shared("discard rows in memory", l)
	}
	return s.inner.DiscardUnflushed(ctx, id)
}

// shared refuses what would concern other logical regions too.
func shared(what string, l *logical) error {
	return errs.New(errs.Unsupported, "Not supported: %s of logical region %s, whose data region %s holds rows of others: ask its physical table", what, l.id, l.data)
}

// CollectGarbage implements contract.RegionServer.
func (s *Server) CollectGarbage(ctx context.Context, id model.RegionID, full bool) (int, error) {
	if l := s.logical(id); l != nil {
		id = l.data
	}
	return s.inner.CollectGarbage(ctx, id, full)
}

// Meta implements contract.RegionServer.
func (s *Server) Meta(ctx context.Context, id model.RegionID) (contract.RegionMeta, error) {
	l := s.logical(id)
	if l == nil {
		return s.inner.Meta(ctx, id)
	}
	m, err := s.inner.Meta(ctx, l.data)
	if err != nil {
		return m, err
	}
	return contract.RegionMeta{ID: id, Schema: l.schema, Options: m.Options}, nil
}

// Statistics implements contract.RegionServer: logical regions have none of their own and are left out.
func (s *Server) Statistics(ctx context.Context, ids []model.RegionID) ([]contract.RegionStatistics, error) {
	real := s.stored(ids)
	if len(real) == 0 && ids != nil {
		return nil, nil
	}
	return s.inner.Statistics(ctx, real)
}

// Files implements contract.RegionServer: logical regions have none of their own and are left out.
func (s *Server) Files(ctx context.Context, ids []model.RegionID) ([]contract.RegionFile, error) {
	real := s.stored(ids)
	if len(real) == 0 && ids != nil {
		return nil, nil
	}
	return s.inner.Files(ctx, real)
}

// stored is ids without those of logical regions; nil for nil.
func (s *Server) stored(ids []model.RegionID) []model.RegionID {
	if ids == nil {
		return nil
	}
	r := s.snap.Load()
	real := make([]model.RegionID, 0, len(ids))
	for _, id := range ids {
		if r.logical[id] == nil {
			real = append(real, id)
		}
	}
	return real
}

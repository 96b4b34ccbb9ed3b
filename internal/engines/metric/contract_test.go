package metric

import (
	"context"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/contract/regiontest"
	"github.com/goptimedb/goptimedb/internal/model"
	objlocal "github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/storage/engine"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
	"github.com/goptimedb/goptimedb/internal/wal/local"
)

var (
	dataID    = model.NewRegionID(1024, 0)
	logicalID = model.NewRegionID(1030, 0)
	otherID   = model.NewRegionID(1031, 0)
)

// server is a metric server over a real engine, with one data region.
func server(t testing.TB) (s *Server, stop func()) {
	t.Helper()
	fs := crashfs.New()
	store, err := objlocal.Open("/data/objects", objlocal.Options{FS: fs})
	require.NoError(t, err)
	log, err := local.Open(t.Context(), local.Options{Dir: "/data/wal", FS: fs, FileSize: 256 << 10})
	require.NoError(t, err)
	files, err := sst.NewReader(sst.ReaderOptions{Budget: budget.New(64 << 20)})
	require.NoError(t, err)
	eng := engine.New(engine.Options{Store: store, WAL: log, Files: files, Sweep: time.Hour})
	own := regiontest.Schema()
	own.PrimaryKey, own.Columns = nil, append(own.Columns[:1:1], own.Columns[3])
	data, err := DataSchema(own)
	require.NoError(t, err)
	s = New(eng)
	require.NoError(t, s.Create(t.Context(), contract.CreateRegion{TableDir: "data/greptime/public/1024/", Meta: contract.RegionMeta{ID: dataID, Schema: data}}))
	return s, func() {
		eng.Stop()
		require.NoError(t, log.Close())
		files.Close()
	}
}

func logicalRegion(id model.RegionID) contract.CreateRegion {
	return contract.CreateRegion{Meta: contract.RegionMeta{ID: id, Schema: regiontest.Schema()},
		Logical: &contract.LogicalRegion{Data: dataID, Table: uint32(id.Table())}}
}

// TestContract holds a logical region to the contract, beside another one with rows of the same labels, which stay as they are.
func TestContract(t *testing.T) {
	regiontest.Run(t, func(t *testing.T) *regiontest.Home {
		s, stop := server(t)
		other := logicalRegion(otherID)
		require.NoError(t, s.Create(t.Context(), other))
		rows := &model.Batch{Len: 1, Cols: []*model.Vector{model.ConstVector(model.IntValue(model.Timestamp(model.Millisecond), 10), 1),
			model.ConstVector(model.StringValue("a"), 1), model.ConstVector(model.StringValue("/x"), 1), model.ConstVector(model.FloatValue(77), 1)}}
		_, err := s.Write(t.Context(), contract.WriteRequest{Writes: []contract.RegionWrite{{Region: otherID, Op: model.OpPut, Rows: rows,
			Columns: []model.ColumnID{regiontest.ColTime, regiontest.ColHost, regiontest.ColPath, regiontest.ColValue}}}})
		require.NoError(t, err)
		req := logicalRegion(logicalID)
		return &regiontest.Home{Regions: s, Create: req, Shared: true, Reopen: func(ctx context.Context) error { return s.Create(ctx, req) },
			Close: func() {
				st, err := s.Scan(t.Context(), contract.ScanRequest{Region: otherID, TimeRange: model.AllTime, Projection: []model.ColumnID{regiontest.ColValue}})
				require.NoError(t, err)
				b, err := st.Next(t.Context())
				require.NoError(t, err)
				require.Equal(t, []float64{77}, b.Cols[0].Floats[:b.Len])
				require.NoError(t, st.Close())
				stop()
			}}
	})
}

// TestThroughContract holds a region that is no logical one to the contract, through the server.
func TestThroughContract(t *testing.T) {
	regiontest.Run(t, func(t *testing.T) *regiontest.Home {
		s, stop := server(t)
		id, dir := model.NewRegionID(2000, 1), "data/greptime/public/2000/"
		return &regiontest.Home{Regions: s, Close: stop,
			Create: contract.CreateRegion{TableDir: dir, Meta: contract.RegionMeta{ID: id, Schema: regiontest.Schema()}},
			Reopen: func(ctx context.Context) error { return s.Open(ctx, contract.OpenRegion{ID: id, TableDir: dir}) }}
	})
}

// TestEveryMethodMaps calls every method of the contract about a logical region: the server below never hears of it. A method that is
// new in the contract is called here without a change.
func TestEveryMethodMaps(t *testing.T) {
	door := reflect.TypeFor[contract.RegionServer]()
	for i := range door.NumMethod() {
		m := door.Method(i)
		t.Run(m.Name, func(t *testing.T) {
			s, stop := server(t)
			defer stop()
			require.NoError(t, s.Create(t.Context(), logicalRegion(logicalID)))
			// A region of that id below must not be touched: what passes an id through would find it.
			below := contract.CreateRegion{TableDir: "data/greptime/public/1030/", Meta: contract.RegionMeta{ID: logicalID, Schema: regiontest.Schema()}}
			require.NoError(t, s.inner.Create(t.Context(), below))
			rec := &heard{RegionServer: s.inner}
			s.inner = rec
			args, regions := []reflect.Value{reflect.ValueOf(t.Context())}, 0
			for j := 1; j < m.Type.NumIn(); j++ {
				v := reflect.New(m.Type.In(j)).Elem()
				regions += fill(v)
				args = append(args, v)
			}
			require.NotZero(t, regions, "%s takes no region", m.Name)
			reflect.ValueOf(s).MethodByName(m.Name).Call(args) // whether it is refused or not
			require.Empty(t, rec.about, "the server below was asked about the logical region")
			if file := declaredIn(m.Name); file == "<autogenerated>" {
				t.Errorf("%s is promoted from an embedded server", m.Name)
			}
		})
	}
}

// fill sets every region id in v, inside slices of one too, to logicalID and counts them.
func fill(v reflect.Value) (n int) {
	switch {
	case v.Type() == reflect.TypeFor[model.RegionID]():
		v.SetUint(uint64(logicalID))
		return 1
	case v.Type() == reflect.TypeFor[contract.RegionMeta]():
		v.Set(reflect.ValueOf(contract.RegionMeta{ID: logicalID, Schema: regiontest.Schema()}))
		return 1
	case v.Type() == reflect.TypeFor[*contract.LogicalRegion]():
		v.Set(reflect.ValueOf(logicalRegion(logicalID).Logical))
	case v.Type() == reflect.TypeFor[*model.Batch]():
		v.Set(reflect.ValueOf(&model.Batch{Len: 1, Cols: []*model.Vector{model.ConstVector(model.IntValue(model.Timestamp(model.Millisecond), 10), 1)}}))
	case v.Type() == reflect.TypeFor[[]model.ColumnID]():
		v.Set(reflect.ValueOf([]model.ColumnID{regiontest.ColTime}))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return fill(v.Index(0))
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[model.TimeRange]():
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				n += fill(v.Field(i))
			}
		}
	}
	return n
}

// heard is a server that notes the methods that ask about the logical region.
type heard struct {
	contract.RegionServer
	about []string
}

func (h *heard) note(method string, asked ...model.RegionID) {
	if slices.Contains(asked, logicalID) {
		h.about = append(h.about, method)
	}
}

func (h *heard) Create(ctx context.Context, req contract.CreateRegion) error {
	h.note("Create", req.Meta.ID)
	return h.RegionServer.Create(ctx, req)
}

func (h *heard) Open(ctx context.Context, req contract.OpenRegion) error {
	h.note("Open", req.ID)
	return h.RegionServer.Open(ctx, req)
}

func (h *heard) Close(ctx context.Context, id model.RegionID) error {
	h.note("Close", id)
	return h.RegionServer.Close(ctx, id)
}

func (h *heard) Drop(ctx context.Context, id model.RegionID) error {
	h.note("Drop", id)
	return h.RegionServer.Drop(ctx, id)
}

func (h *heard) Truncate(ctx context.Context, id model.RegionID) error {
	h.note("Truncate", id)
	return h.RegionServer.Truncate(ctx, id)
}

func (h *heard) Alter(ctx context.Context, req contract.AlterRegion) error {
	h.note("Alter", req.ID)
	return h.RegionServer.Alter(ctx, req)
}

func (h *heard) Write(ctx context.Context, req contract.WriteRequest) (affected uint64, err error) {
	for _, w := range req.Writes {
		h.note("Write", w.Region)
	}
	return h.RegionServer.Write(ctx, req)
}

func (h *heard) DeleteWhere(ctx context.Context, req contract.DeleteRequest) (affected uint64, err error) {
	h.note("DeleteWhere", req.Region)
	return h.RegionServer.DeleteWhere(ctx, req)
}

func (h *heard) Scan(ctx context.Context, req contract.ScanRequest) (contract.Stream, error) {
	h.note("Scan", req.Region)
	return h.RegionServer.Scan(ctx, req)
}

func (h *heard) Flush(ctx context.Context, id model.RegionID) error {
	h.note("Flush", id)
	return h.RegionServer.Flush(ctx, id)
}

func (h *heard) Compact(ctx context.Context, req contract.CompactRequest) error {
	h.note("Compact", req.Region)
	return h.RegionServer.Compact(ctx, req)
}

func (h *heard) BuildIndex(ctx context.Context, id model.RegionID) error {
	h.note("BuildIndex", id)
	return h.RegionServer.BuildIndex(ctx, id)
}

func (h *heard) DropFiles(ctx context.Context, req contract.DropFilesRequest) (int, error) {
	h.note("DropFiles", req.Region)
	return h.RegionServer.DropFiles(ctx, req)
}

func (h *heard) DiscardUnflushed(ctx context.Context, id model.RegionID) (uint64, error) {
	h.note("DiscardUnflushed", id)
	return h.RegionServer.DiscardUnflushed(ctx, id)
}

func (h *heard) CollectGarbage(ctx context.Context, id model.RegionID, full bool) (int, error) {
	h.note("CollectGarbage", id)
	return h.RegionServer.CollectGarbage(ctx, id, full)
}

func (h *heard) Meta(ctx context.Context, id model.RegionID) (contract.RegionMeta, error) {
	h.note("Meta", id)
	return h.RegionServer.Meta(ctx, id)
}

func (h *heard) Statistics(ctx context.Context, ids []model.RegionID) ([]contract.RegionStatistics, error) {
	h.note("Statistics", ids...)
	return h.RegionServer.Statistics(ctx, ids)
}

func (h *heard) Files(ctx context.Context, ids []model.RegionID) ([]contract.RegionFile, error) {
	h.note("Files", ids...)
	return h.RegionServer.Files(ctx, ids)
}

// declaredIn is the file of a method of Server.
func declaredIn(method string) string {
	m, _ := reflect.TypeFor[*Server]().MethodByName(method)
	file, _ := runtime.FuncForPC(m.Func.Pointer()).FileLine(m.Func.Pointer())
	return file
}

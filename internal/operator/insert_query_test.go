package operator

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// queries is Query under a name that its method leaves free.
type queries = Query

// counting answers every query by batches of ten rows (i, i), whose last one fails where fail is set.
type counting struct {
	queries
	batches int
	fail    error
}

func (c counting) Query(context.Context, *model.Session, *sql.Query, ...model.Value) (model.RowStream, error) {
	return &countedRows{counting: c}, nil
}

type countedRows struct {
	counting
	at int
}

func (r *countedRows) Fields() []model.Field {
	return []model.Field{{Name: "ts", Type: model.Timestamp(model.Millisecond)}, {Name: "v", Type: model.Int64}}
}

func (r *countedRows) Next(context.Context) (*model.Batch, error) {
	if r.at++; r.at > r.batches {
		if r.fail != nil {
			return nil, r.fail
		}
		return nil, io.EOF
	}
	b := &model.Batch{Len: 10, Cols: []*model.Vector{model.NewVector(r.Fields()[0].Type, 10), model.NewVector(model.Int64, 10)}}
	for i := range 10 {
		b.Cols[0].AppendInt(int64(r.at*10 + i))
		b.Cols[1].AppendInt(int64(i))
	}
	return b, nil
}

func (r *countedRows) Close() error { return nil }

// countedWrites counts requests that write.
type countedWrites struct {
	contract.RegionServer
	n int
}

func (r *countedWrites) Write(ctx context.Context, req contract.WriteRequest) (uint64, error) {
	r.n++
	return r.RegionServer.Write(ctx, req)
}

func TestInsertQueryHolds(t *testing.T) {
	bad := errs.New(errs.EngineExecuteQuery, "Cast error: bad")
	for _, c := range []struct {
		name    string
		hold    int64
		memory  int64
		fail    error
		n, rows int
		text    string
		most    int // writes
	}{
		{"all held", 1 << 20, 64 << 20, nil, 200, 200, "", 1},
		{"held and failed", 1 << 20, 64 << 20, bad, 0, 0, "Cast error: bad", 0},
		{"pieces", 1000, 64 << 20, nil, 200, 200, "", 6},
		{"pieces and failed", 1000, 64 << 20, bad, 0, 0, "rows were written before this: Cast error: bad", 6},
		{"no memory", 1000, 10, nil, 200, 200, "", 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			var regions *countedWrites
			memory := budget.New(c.memory).Account("queries", budget.Options{})
			n := newNode(t, func(o *Options) {
				regions = &countedWrites{RegionServer: o.Regions}
				o.InsertHold, o.Memory, o.Regions, o.Query = c.hold, memory, regions, counting{batches: 20, fail: c.fail}
			})
			sess := &model.Session{Catalog: model.DefaultCatalog, Database: "public"}
			for _, text := range []string{"CREATE TABLE t (ts TIMESTAMP TIME INDEX, v BIGINT)", "INSERT INTO t SELECT 1"} {
				out, err := n.Execute(t.Context(), sess, text)
				switch {
				case strings.HasPrefix(text, "CREATE"):
					if err != nil {
						t.Fatal(err)
					}
				case c.fail != nil:
					if errs.CodeOf(err) != errs.EngineExecuteQuery || !strings.HasSuffix(err.Error(), c.text) {
						t.Errorf("%v, want %q", err, c.text)
					}
				case err != nil || out[0].Affected != uint64(c.n):
					t.Errorf("%v %v", out, err)
				}
			}
			rows := strings.Count(n.dump("t"), "\n") - 1
			if c.hold > 1000 && rows != c.rows || c.hold <= 1000 && (rows == 0 || c.fail == nil && rows != c.rows) {
				t.Errorf("%d rows", rows)
			}
			if regions.n > c.most {
				t.Errorf("%d writes, %d at most", regions.n, c.most)
			}
			if used := memory.Used(); used != 0 {
				t.Errorf("%d bytes are still held", used)
			}
		})
	}
}

package scan

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// MergeOptions say how rows are merged for writing.
type MergeOptions struct {
	Options
	// KeepDeletes keeps tombstones: needed unless the sources hold the oldest rows there are of their keys. A key may then come twice in
	// mode last_non_null: as a row, and as the tombstone that hides what is older still.
	KeepDeletes bool
	// Parallelism is how many goroutines merge. Zero: one for each processor.
	Parallelism int
}

// Merged is the rows of Merge.
type Merged struct {
	contract.Stream
	// Table holds the series that Series runs of batches name by their Ordinal, each counted as one row. nil where there are no rows.
	Table *series.Table
}

// Merge gives the rows of the sources as a new sorted run: by tags, time and, newest first, sequence, with old versions gone as the mode
// says. Columns are the time index, the fields in display order, ColumnSequence and ColumnOpType; tags are told by the batches' Series runs. A
// row merged of several versions has the sequence of the newest.
func Merge(ctx context.Context, o MergeOptions) (*Merged, error) {
	req := contract.ScanRequest{TimeRange: model.AllTime, Order: contract.OrderSeries, Parallelism: o.Parallelism}
	req.Projection = append(req.Projection, o.Schema.TimeIndex)
	for _, f := range o.Schema.Fields() {
		req.Projection = append(req.Projection, f.ID)
	}
	req.Projection = append(req.Projection, model.ColumnSequence, model.ColumnOpType)
	m, err := startMerge(ctx, &o, &req)
	if err != nil {
		if o.Release != nil {
			o.Release()
		}
		return nil, err
	}
	return m, nil
}

func startMerge(ctx context.Context, o *MergeOptions, req *contract.ScanRequest) (*Merged, error) {
	p, err := newPlan(&o.Options, req)
	if err != nil {
		return nil, err
	}
	p.keepDels, p.exactSeq = o.KeepDeletes, true
	s, err := launch(ctx, &o.Options, p, req.Parallelism)
	if err != nil {
		return nil, err
	}
	m := &Merged{Stream: s}
	if len(s.sc.tasks) > 0 {
		m.Table = s.sc.tasks[0].c.al.Table() // series are in order, so there is one cluster
	}
	return m, nil
}

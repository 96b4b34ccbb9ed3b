package scan

import (
	"context"
	"io"
	"math"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// slotGrowth is how much longer the times of a further try are, so that all tries before the last cost little beside it.
const slotGrowth = 8

// runSlots is Run for groupings of which only the newest or oldest slots are asked for: it looks at so many slots at the end of the times
// that there are, and at more where these do not hold enough groups.
func runSlots(ctx context.Context, o *Options, req *contract.ScanRequest) (contract.Stream, error) {
	a := req.Aggregate
	bucket := bucketOf(a)
	whole := req.TimeRange
	if o.Times != (model.TimeRange{}) {
		whole = whole.Intersect(o.Times)
	}
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for _, s := range o.Sources {
		if s.Rows() == 0 {
			continue
		}
		if first, last := s.TimeRange(); whole.Overlaps(first, last) {
			lo, hi = min(lo, max(first, whole.Start)), max(hi, min(last, whole.End-1))
		}
	}
	want, newest := a.Slots, a.Slots > 0
	if !newest {
		want = -want
	}
	plain := *o
	plain.Release = nil
	for n := int64(want); bucket != nil && lo <= hi; n *= slotGrowth {
		part := *req
		part.TimeRange = slotsAt(*bucket, lo, hi, n, newest).Intersect(whole)
		if part.TimeRange.Covers(lo, hi) || part.TimeRange.Empty() || n > math.MaxInt64/slotGrowth {
			break
		}
		st, err := start(ctx, &plain, &part)
		if err != nil {
			return nil, err
		}
		out := &kept{fields: st.Fields(), release: o.Release}
		if err := out.fill(ctx, st); err != nil {
			return nil, err
		}
		if out.rows >= want {
			return out, nil
		}
	}
	return start(ctx, o, req)
}

func bucketOf(a *model.Aggregate) *model.TimeBucket {
	for _, k := range a.Keys {
		if k.Bucket != nil && k.Bucket.Width > 0 {
			return k.Bucket
		}
	}
	return nil
}

// slotsAt is the times of n slots at an end of [lo, hi]; all times where that is more than there are.
func slotsAt(b model.TimeBucket, lo, hi, n int64, newest bool) model.TimeRange {
	r := model.AllTime
	if uint64(n) > uint64(hi-lo)/uint64(b.Width) {
		return r
	}
	if newest { // no farther back than the slot of lo, whose start may be before the least time there is
		start := b.Start(hi)
		if uint64(start-lo) < uint64((n-1)*b.Width) || start < lo {
			return r
		}
		r.Start = start - (n-1)*b.Width
		return r
	}
	start := b.Start(lo)
	if start > lo || uint64(hi-lo) < uint64(n*b.Width) {
		return r
	}
	r.End = start + n*b.Width
	return r
}

// kept is a result that is already there.
type kept struct {
	fields  []model.Field
	batches []*model.Batch
	rows    int
	stats   contract.ScanStats
	release func()
}

// fill takes in a stream, whose batches are its own, and closes it.
func (k *kept) fill(ctx context.Context, st *stream) error {
	defer st.Close()
	for {
		b, err := st.Next(ctx)
		if err == io.EOF {
			k.stats = st.Stats()
			return nil
		}
		if err != nil {
			return err
		}
		k.batches, k.rows = append(k.batches, b), k.rows+b.Len
	}
}

func (k *kept) Fields() []model.Field { return k.fields }

func (k *kept) Next(context.Context) (*model.Batch, error) {
	if len(k.batches) == 0 {
		return nil, io.EOF
	}
	b := k.batches[0]
	k.batches = k.batches[1:]
	return b, nil
}

func (k *kept) Close() error {
	if f := k.release; f != nil {
		k.release = nil
		f()
	}
	return nil
}

func (k *kept) Stats() contract.ScanStats { return k.stats }

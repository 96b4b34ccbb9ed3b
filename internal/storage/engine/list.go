package engine

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Files implements contract.RegionServer. It asks no store: what the manifests say is told.
func (e *Engine) Files(_ context.Context, ids []model.RegionID) ([]contract.RegionFile, error) {
	regions := e.all()
	if ids != nil {
		regions = regions[:0]
		for _, id := range ids {
			r, err := e.region(id)
			if err != nil {
				return nil, err
			}
			regions = append(regions, r)
		}
	}
	var out []contract.RegionFile
	for _, r := range regions {
		v := r.pin()
		for _, f := range v.files {
			m := f.current()
			x := contract.RegionFile{Region: r.id, Dir: r.dir, ID: string(m.ID), Size: m.Size, IndexSize: m.IndexSize, IndexVersion: m.IndexVersion,
				Indexes: m.Indexes, Level: m.Level, Rows: m.Rows, RowGroups: int64(m.RowGroups), Series: m.Series, MinTime: m.MinTime, MaxTime: m.MaxTime,
				TimeUnit: v.meta.Schema.TimeUnit(), MaxSequence: m.MaxSequence, MinKey: m.MinKey, MaxKey: m.MaxKey}
			x.Path, _ = r.paths(m.ID)
			if m.IndexSize > 0 {
				x.IndexPath = r.indexPath(m)
			}
			out = append(out, x)
		}
		r.unpin(v)
	}
	return out, nil
}

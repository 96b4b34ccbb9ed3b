package sst

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// indexedTable reads the series table from the index file.
func (f *File) indexedTable(context.Context) (*series.Table, error) {
	return nil, errs.New(errs.Unsupported, "no index file")
}

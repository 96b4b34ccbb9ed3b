package infoschema

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/model"
)

func views(_ context.Context, s *Source, w *writer) error {
	for v := range s.views(w) {
		w.add(v.Catalog, v.Database, v.Name, v.Definition, nil, false, nil, nil, "utf8", "utf8_bin")
	}
	return nil
}

// ViewColumns are a view's columns as those of a table.
func ViewColumns(v *catalog.View) []model.Column {
	out := make([]model.Column, len(v.Columns))
	for i, c := range v.Columns {
		out[i] = model.Column{ID: model.ColumnID(i + 1), Name: c.Name, Type: c.Type, Nullable: true}
	}
	return out
}

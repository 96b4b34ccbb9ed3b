package engine

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// storeNamed is the store that regions of the name live in; the empty name is that of the default store.
func (e *Engine) storeNamed(name string) (objectstore.Store, error) {
	if name == "" {
		return e.opts.Store, nil
	}
	if s := e.opts.Stores[name]; s != nil {
		return s, nil
	}
	for n, s := range e.opts.Stores {
		if strings.EqualFold(n, name) {
			return s, nil
		}
	}
	return nil, errs.New(errs.InvalidArguments, "Object store not found: %s; add it to [[storage.providers]], or choose another storage option", name)
}

// stays refuses to name another store: the region's files would be in two.
func (r *region) stays(storage string) error {
	if storage != r.storage {
		return errs.New(errs.InvalidArguments, "region %s lives in object store %q and cannot move to %q; create a table there and copy the rows", r.id, r.storage, storage)
	}
	return nil
}

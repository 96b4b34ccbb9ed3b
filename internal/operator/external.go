package operator

import (
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
)

// external reports a table whose rows are in files of others.
func external(t *catalog.Table) bool { return t.Engine == "file" }

// notExternal refuses changes of rows that are not ours.
func notExternal(t *catalog.Table) error {
	if external(t) {
		return errs.New(errs.Unsupported, "Not supported: writing to the external table %s, whose files are read only", t.FullName())
	}
	return nil
}

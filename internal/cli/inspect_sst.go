package cli

import (
	"context"
	"io"
	"path/filepath"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
)

// inspectMemory is what the footer and the pages that are checked may take.
const inspectMemory = 256 << 20

// InspectSST prints schema, row groups, and per column encoding, bytes, ratio and range of a data file. With check every page is read
// and its checksum verified.
func InspectSST(ctx context.Context, out io.Writer, path string, check bool) error {
	store, err := local.Open(filepath.Dir(path), local.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	blob, err := store.Open(ctx, filepath.Base(path))
	if err != nil {
		return err
	}
	defer blob.Close()
	files, err := sst.NewReader(sst.ReaderOptions{Budget: budget.New(inspectMemory)})
	if err != nil {
		return err
	}
	defer files.Close()
	report, err := files.Inspect(ctx, path, blob, check)
	if err != nil {
		return err
	}
	return report.Print(out)
}

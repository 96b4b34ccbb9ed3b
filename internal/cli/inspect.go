// Package cli holds the commands that look at a database without serving it: a file per command. They print to a writer and change
// nothing.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	wal "github.com/goptimedb/goptimedb/internal/wal/local"
)

// InspectWAL lists the records of a segment file, or of all segments of a log's folder, which must not be in use. It ends with an error
// if a record is damaged.
func InspectWAL(out io.Writer, path string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "file\toffset\tkind\tregion\tentry\tbytes\traw bytes\tstate")
	damaged, n := 0, 0
	err := wal.Inspect(vfs.OS(), path, func(r wal.Record) error {
		n++
		state := "ok"
		switch {
		case r.Err != nil:
			state = r.Err.Error()
			damaged++
		case !r.Counts:
			state = "behind the sealed end"
		}
		_, err := fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%d\t%d\t%d\t%s\n", filepath.Base(r.File), r.Offset, r.Kind, r.Region, r.ID, r.Bytes, r.Raw, state)
		return err
	})
	if err := errors.Join(err, w.Flush()); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d records, %d damaged\n", n, damaged)
	if damaged > 0 {
		return errs.New(errs.Unexpected, "%s: %d damaged records; the newest of them may be the torn end of a write that was never acknowledged", path, damaged)
	}
	return nil
}

// InspectManifest prints a region's manifest: dir is the region's folder or the manifest folder in it. With full, every edit is
// printed as JSON; otherwise the resulting state as tables.
func InspectManifest(ctx context.Context, out io.Writer, dir string, full bool) error {
	dir = strings.TrimSuffix(filepath.Clean(dir), string(filepath.Separator))
	if filepath.Base(dir) != "manifest" {
		dir = filepath.Join(dir, "manifest")
	}
	store, err := local.Open(filepath.Dir(dir), local.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	if full {
		return manifest.Inspect(ctx, store, "manifest/", func(name string, body json.RawMessage) error {
			_, err := fmt.Fprintf(out, "%s\t%s\n", name, body)
			return err
		})
	}
	m, err := manifest.Open(ctx, manifest.Options{Store: store, Dir: "manifest/"})
	if err != nil {
		return err
	}
	s := m.State()
	fmt.Fprintf(out, "region %s, version %d, schema version %d, merge mode %s\n", s.Meta.ID, s.Version, s.Meta.Schema.Version, s.Meta.Options.Merge)
	fmt.Fprintf(out, "flushed up to log entry %d, sequence %d; compaction window %s\n\n", s.FlushedEntry, s.FlushedSequence, s.CompactionWindow)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "column\tid\ttype\tsemantic\tnullable")
	for _, c := range s.Meta.Schema.Columns {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%v\n", c.Name, c.ID, c.Type, c.Semantic, c.Nullable)
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "file\tlevel\trows\tseries\tbytes\tindex bytes\tmin time\tmax time\tmin seq\tmax seq")
	unit := s.Meta.Schema.TimeUnit()
	for _, f := range s.Files {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%d\t%d\n", f.ID, f.Level, f.Rows, f.Series, f.Size, f.IndexSize,
			model.FormatTime(f.MinTime, unit), model.FormatTime(f.MaxTime, unit), f.MinSequence, f.MaxSequence)
	}
	return w.Flush()
}

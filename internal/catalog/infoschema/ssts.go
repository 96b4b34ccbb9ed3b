package infoschema

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/units"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// regionParts are the group and the sequence that a region's number is made of: 8 bits and 24.
func regionParts(id model.RegionID) (group, sequence int) {
	n := uint32(id.Number())
	return int(n >> 24), int(n & (1<<24 - 1))
}

func regionInfo(ctx context.Context, s *Source, w *writer) error {
	all, err := s.Regions.Statistics(ctx, nil)
	if err != nil {
		return err
	}
	format := map[model.TableID]string{}
	for _, t := range s.Catalog.AllTables() {
		format[t.ID] = t.Options["sst_format"]
	}
	for _, r := range all {
		group, sequence := regionParts(r.ID)
		state, window := "Writable", any(nil)
		if !r.Writable {
			state = "ReadOnly"
		}
		if r.CompactionWindow > 0 {
			window = units.FormatDuration(r.CompactionWindow)
		}
		options, err := json.Marshal(regionOptions(&r.Options))
		if err != nil {
			return err
		}
		sst := format[r.ID.Table()]
		if sst == "" {
			sst = "flat"
		}
		w.add(uint64(r.ID), int(r.ID.Table()), int(r.ID.Number()), group, sequence, state, r.Role, r.Writable, uint64(r.CommittedSequence),
			uint64(r.FlushedSequence), r.ManifestVer, window, string(options), sst, 0)
	}
	return nil
}

// regionOptions are a region's options by the names that tables give them; those that are not set are left out.
func regionOptions(o *contract.RegionOptions) map[string]string {
	out := map[string]string{"append_mode": strconv.FormatBool(o.Merge == contract.MergeAppend), "skip_wal": strconv.FormatBool(o.SkipWAL)}
	if o.Merge != contract.MergeAppend {
		out["merge_mode"] = o.Merge.String()
	}
	set := func(there bool, key, value string) {
		if there {
			out[key] = value
		}
	}
	set(o.TTL > 0, "ttl", units.FormatDuration(o.TTL))
	set(o.Storage != "", "storage", o.Storage)
	set(o.WriteBufferBytes > 0, "write_buffer_size", strconv.FormatInt(o.WriteBufferBytes, 10))
	set(o.AutoFlushInterval > 0, "auto_flush_interval", units.FormatDuration(o.AutoFlushInterval))
	set(o.RowGroupRows > 0, "max_row_group_row_count", strconv.Itoa(o.RowGroupRows))
	set(o.CompactionWindow > 0, "compaction.twcs.time_window", units.FormatDuration(o.CompactionWindow))
	set(o.TriggerFileNum > 0, "compaction.twcs.trigger_file_num", strconv.Itoa(o.TriggerFileNum))
	set(o.MaxOutputBytes > 0, "compaction.twcs.max_output_file_size", strconv.FormatInt(o.MaxOutputBytes, 10))
	return out
}

// tableDir is the directory of a file's table: the parent of its region's.
func tableDir(f *contract.RegionFile) string {
	dir := strings.TrimSuffix(f.Dir, "/")
	return dir[:strings.LastIndexByte(dir, '/')+1]
}

func sstsManifest(ctx context.Context, s *Source, w *writer) error {
	files, err := s.Regions.Files(ctx, nil)
	if err != nil {
		return err
	}
	for i := range files {
		f := &files[i]
		group, sequence := regionParts(f.Region)
		var index, indexSize any
		if f.IndexPath != "" {
			index, indexSize = f.IndexPath, f.IndexSize
		}
		nanos := func(t int64) any { // NULL beyond what nanoseconds reach
			if n, ok := model.ConvertTime(t, f.TimeUnit, model.Nanosecond); ok {
				return n
			}
			return nil
		}
		w.add(tableDir(f), uint64(f.Region), int(f.Region.Table()), int(f.Region.Number()), group, sequence, f.ID, f.IndexVersion, int(f.Level), f.Path, f.Size,
			index, indexSize, f.Rows, f.RowGroups, f.Series, nanos(f.MinTime), nanos(f.MaxTime), uint64(f.MaxSequence), uint64(f.Region), 0, true, f.MinKey, f.MaxKey)
	}
	return nil
}

// sstsStorage lists what lies in the stores, as far as the regions know of it.
func sstsStorage(ctx context.Context, s *Source, w *writer) error {
	files, err := s.Regions.Files(ctx, nil)
	if err != nil {
		return err
	}
	for i := range files {
		f := &files[i]
		w.add(f.Path, f.Size, nil, 0)
		if f.IndexPath != "" {
			w.add(f.IndexPath, f.IndexSize, nil, 0)
		}
	}
	return nil
}

// indexTypes are the names that clients know kinds of indexes by.
var indexTypes = []struct{ kind, name string }{{"inverted", "inverted"}, {"skipping", "bloom_filter"}, {"fulltext", "fulltext_bloom"}, {"vector", "vector"}}

func sstsIndexMeta(ctx context.Context, s *Source, w *writer) error {
	files, err := s.Regions.Files(ctx, nil)
	if err != nil {
		return err
	}
	for i := range files {
		f := &files[i]
		group, sequence := regionParts(f.Region)
		for _, name := range f.Indexes {
			column, rest, _ := strings.Cut(name, "/")
			kind, options, _ := strings.Cut(rest, "/")
			typ := kind
			if at := slices.IndexFunc(indexTypes, func(x struct{ kind, name string }) bool { return strings.HasPrefix(kind, x.kind) }); at >= 0 {
				typ = indexTypes[at].name
			}
			w.add(tableDir(f), f.IndexPath, uint64(f.Region), int(f.Region.Table()), int(f.Region.Number()), group, sequence, f.ID, f.IndexSize, typ, "column",
				column, fmt.Sprintf(`{"column":%s}`, column), nil, fmt.Sprintf("{%q:%q}", "options", options), 0)
		}
	}
	return nil
}

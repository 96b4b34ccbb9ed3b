package node

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/index"
	"github.com/goptimedb/goptimedb/internal/storage/engine"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
)

// indexReading is how scans use indexes.
func indexReading(m *config.Mito) sst.IndexOptions {
	return sst.IndexOptions{
		NoInverted: config.Disabled(m.InvertedIndex.ApplyOnQuery), NoSkipping: config.Disabled(m.BloomFilterIndex.ApplyOnQuery),
		NoFulltext:    config.Disabled(m.FulltextIndex.ApplyOnQuery),
		MetadataBytes: int64(m.Index.MetadataCacheSize), ContentBytes: int64(m.Index.ContentCacheSize), ResultBytes: int64(m.Index.ResultCacheSize),
		PageBytes: int64(m.Index.ContentCachePageSize),
	}
}

// minIndexMemory is the least memory that a builder has before it spills, unless the configuration says less.
const minIndexMemory = 64 << 20

// indexMaking is how files get indexes. It empties the folder of spilled data, which nobody needs after a restart.
func indexMaking(m *config.Mito, mem memory) (engine.IndexOptions, error) {
	kinds := func(v func(k *config.IndexKind) string) engine.IndexKinds {
		return engine.IndexKinds{Inverted: config.Disabled(v(&m.InvertedIndex)), Skipping: config.Disabled(v(&m.BloomFilterIndex)),
			Fulltext: config.Disabled(v(&m.FulltextIndex))}
	}
	o := engine.IndexOptions{Async: strings.EqualFold(m.Index.BuildMode, "async"), Jobs: m.MaxBackgroundIndexBuilds,
		SkipOnFlush:      kinds(func(k *config.IndexKind) string { return k.CreateOnFlush }),
		SkipOnCompaction: kinds(func(k *config.IndexKind) string { return k.CreateOnCompaction })}
	dir, err := filepath.Abs(m.Index.AuxPath)
	if err != nil {
		return o, err
	}
	fsys := vfs.OS()
	if err := emptyScratch(fsys, dir); err != nil {
		return o, fmt.Errorf("region_engine.mito.index.aux_path %s: %w", dir, err)
	}
	auto := max(mem.limit/16, minIndexMemory)
	o.Scratch = func(k index.Kind) index.Scratch {
		memory := m.FulltextIndex.Memory(auto)
		switch k {
		case index.Inverted:
			memory = m.InvertedIndex.Memory(auto)
		case index.Skipping:
			memory = m.BloomFilterIndex.Memory(auto)
		}
		return index.Scratch{MaxBytes: memory, FS: fsys, Dir: dir}
	}
	return o, nil
}

// emptyScratch makes the folder and removes what builders of a process that ended too early left in it.
func emptyScratch(fsys vfs.FS, dir string) error {
	if err := fsys.MkdirAll(dir, 0o755); err != nil {
		return vfs.Coded(err)
	}
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return vfs.Coded(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "index-") {
			if err := fsys.Remove(filepath.Join(dir, e.Name())); err != nil {
				return vfs.Coded(err)
			}
		}
	}
	return nil
}

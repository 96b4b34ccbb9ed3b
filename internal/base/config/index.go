package config

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/units"
)

// Index is what all kinds of indexes share.
type Index struct {
	AuxPath              string     `toml:"aux_path"`            // where builders spill; empty: {data_home}/index_intermediate
	BuildMode            string     `toml:"build_mode"`          // sync: with the file; async: in the background
	MetadataCacheSize    units.Size `toml:"metadata_cache_size"` // these three: 0 is automatic
	ContentCacheSize     units.Size `toml:"content_cache_size"`
	ContentCachePageSize units.Size `toml:"content_cache_page_size"`
	ResultCacheSize      units.Size `toml:"result_cache_size"`
}

// IndexKind is what is done with one kind of index: each auto or disable.
type IndexKind struct {
	CreateOnFlush        string `toml:"create_on_flush"`
	CreateOnCompaction   string `toml:"create_on_compaction"`
	ApplyOnQuery         string `toml:"apply_on_query"`
	MemThresholdOnCreate string `toml:"mem_threshold_on_create"` // of one index of one file: auto, unlimited or a size
}

var automatic = IndexKind{CreateOnFlush: "auto", CreateOnCompaction: "auto", ApplyOnQuery: "auto", MemThresholdOnCreate: "auto"}

// Disabled reports that one of the first three members says so.
func Disabled(v string) bool { return strings.EqualFold(v, "disable") }

// Memory is the threshold in bytes: auto where the key says so, and a very large one for unlimited.
func (k *IndexKind) Memory(auto int64) int64 {
	switch strings.ToLower(strings.TrimSpace(k.MemThresholdOnCreate)) {
	case "", "auto":
		return auto
	case "unlimited":
		return 1 << 50
	}
	n, err := units.ParseSize(k.MemThresholdOnCreate)
	if err != nil || n == 0 { // refused by Validate
		return auto
	}
	return int64(n)
}

func (m *Mito) indexFaults(oneOf func(key, v string, allowed ...string), bad func(key, format string, args ...any)) {
	const at = "region_engine.mito."
	oneOf(at+"index.build_mode", m.Index.BuildMode, "sync", "async")
	if p := m.Index.ContentCachePageSize; p != 0 && (p < 4<<10 || p > 16<<20) {
		bad(at+"index.content_cache_page_size", "%s is not 4KiB to 16MiB", p)
	}
	for name, k := range map[string]*IndexKind{"inverted_index": &m.InvertedIndex, "fulltext_index": &m.FulltextIndex, "bloom_filter_index": &m.BloomFilterIndex} {
		oneOf(at+name+".create_on_flush", k.CreateOnFlush, "auto", "disable")
		oneOf(at+name+".create_on_compaction", k.CreateOnCompaction, "auto", "disable")
		oneOf(at+name+".apply_on_query", k.ApplyOnQuery, "auto", "disable")
		if v := strings.ToLower(strings.TrimSpace(k.MemThresholdOnCreate)); v != "" && v != "auto" && v != "unlimited" {
			if _, err := units.ParseSize(v); err != nil {
				bad(at+name+".mem_threshold_on_create", "%q is not auto, unlimited or a size", k.MemThresholdOnCreate)
			}
		}
	}
}

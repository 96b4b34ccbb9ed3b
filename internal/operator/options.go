package operator

import (
	"errors"
	"maps"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/units"
	"github.com/goptimedb/goptimedb/internal/contract"
)

// semanticPrefix is the family of annotations that tell where a table's rows come from.
const semanticPrefix = "greptime.semantic."

// tableOption reads the value of one table option into the region's options and gives the text that is shown. Options that the engine
// decides itself, or that only annotate, are kept for SHOW CREATE TABLE.
type tableOption func(r *contract.RegionOptions, v string) (shown string, err error)

func keep(_ *contract.RegionOptions, v string) (string, error) { return v, nil }

func boolean(v string) (bool, error) {
	b, err := strconv.ParseBool(strings.ToLower(v))
	if err != nil {
		return false, errors.New("must be true or false")
	}
	return b, nil
}

func ttl(r *contract.RegionOptions, v string) (string, error) {
	switch strings.ToLower(strings.TrimSpace(v)) {
	case "", "forever":
		r.TTL = 0
		return "forever", nil
	case "instant":
		r.TTL = contract.TTLInstant
		return "instant", nil
	}
	d, err := units.ParseDuration(v)
	if err != nil {
		return "", err
	}
	r.TTL = d
	if d == 0 {
		return "forever", nil
	}
	return units.FormatDuration(d), nil
}

func duration(set func(r *contract.RegionOptions, d time.Duration)) tableOption {
	return func(r *contract.RegionOptions, v string) (string, error) {
		d, err := units.ParseDuration(v)
		if err == nil && d <= 0 {
			err = errs.New(errs.InvalidArguments, "must be positive")
		}
		if err != nil {
			return "", err
		}
		set(r, d)
		return v, nil
	}
}

func size(set func(r *contract.RegionOptions, n int64)) tableOption {
	return func(r *contract.RegionOptions, v string) (string, error) {
		n, err := units.ParseSize(v)
		if err != nil {
			return "", err
		}
		set(r, int64(n))
		return v, nil
	}
}

func number(min, max int, set func(r *contract.RegionOptions, n int)) tableOption {
	return func(r *contract.RegionOptions, v string) (string, error) {
		n, err := strconv.Atoi(v)
		if err == nil && (n < min || n > max) {
			err = errs.New(errs.InvalidArguments, "must be %d to %d", min, max)
		}
		if err != nil {
			return "", err
		}
		set(r, n)
		return v, nil
	}
}

func oneOf(values ...string) tableOption {
	return func(_ *contract.RegionOptions, v string) (string, error) {
		for _, x := range values {
			if v == x {
				return v, nil
			}
		}
		return "", errs.New(errs.InvalidArguments, "must be one of %s", strings.Join(values, ", "))
	}
}

func checkedBool(_ *contract.RegionOptions, v string) (string, error) {
	_, err := boolean(v)
	return v, err
}

// optionOf finds what an option means, or nil. append_mode and merge_mode are read here one by one; readOptions looks at them together.
func optionOf(key string) tableOption {
	switch key {
	case "ttl":
		return ttl
	case "append_mode":
		return func(r *contract.RegionOptions, v string) (string, error) {
			on, err := boolean(v)
			if on {
				r.Merge = contract.MergeAppend
			}
			return strconv.FormatBool(on), err
		}
	case "merge_mode":
		return func(r *contract.RegionOptions, v string) (string, error) {
			v = strings.ToLower(v)
			switch {
			case v == "last_non_null":
				if r.Merge != contract.MergeAppend {
					r.Merge = contract.MergeLastNonNull
				}
			case v != "last_row":
				return "", errs.New(errs.InvalidArguments, "must be last_row or last_non_null")
			}
			return v, nil
		}
	case "skip_wal":
		return func(r *contract.RegionOptions, v string) (string, error) {
			on, err := boolean(v)
			r.SkipWAL = on
			return strconv.FormatBool(on), err
		}
	case "storage":
		return func(r *contract.RegionOptions, v string) (string, error) { r.Storage = v; return v, nil }
	case "sst_format":
		return oneOf("flat", "primary_key")
	case "compaction.type":
		return oneOf("twcs")
	case "compaction.twcs.time_window":
		return duration(func(r *contract.RegionOptions, d time.Duration) { r.CompactionWindow = d })
	case "compaction.twcs.trigger_file_num":
		return number(1, 1<<30, func(r *contract.RegionOptions, n int) { r.TriggerFileNum = n })
	case "compaction.twcs.max_output_file_size":
		return size(func(r *contract.RegionOptions, n int64) { r.MaxOutputBytes = n })
	case "write_buffer_size":
		return func(r *contract.RegionOptions, v string) (string, error) {
			_, err := size(func(r *contract.RegionOptions, n int64) { r.WriteBufferBytes = n })(r, v)
			return shownSize(r.WriteBufferBytes), err
		}
	case "auto_flush_interval":
		return duration(func(r *contract.RegionOptions, d time.Duration) { r.AutoFlushInterval = d })
	case "max_row_group_row_count":
		return number(1, 10485760, func(r *contract.RegionOptions, n int) { r.RowGroupRows = n })
	case "compaction.twcs.remote_compaction", "compaction.twcs.fallback_to_local", "compaction.override":
		return checkedBool
	case "memtable.bulk.merge_threshold", "memtable.bulk.encode_row_threshold", "memtable.bulk.max_merge_groups",
		"memtable.partition_tree.index_max_keys_per_shard", "memtable.partition_tree.data_freeze_threshold":
		return number(0, math.MaxInt32, func(*contract.RegionOptions, int) {})
	case "memtable.partition_tree.fork_dictionary_bytes", "memtable.bulk.encode_bytes_threshold":
		return size(func(*contract.RegionOptions, int64) {})
	case "memtable.type":
		return oneOf("time_series", "partition_tree", "bulk")
	case "comment", "index.inverted_index.ignore_column_ids", "index.inverted_index.segment_row_count", "wal_options", "table_data_model",
		"memtable.partition_tree.primary_key_encoding", "otlp_metric_compat", "repartition.column.hint", "timeout", "wait":
		return keep
	}
	if metricOption(key) {
		return keep
	}
	if strings.HasPrefix(key, semanticPrefix) && len(key) > len(semanticPrefix) {
		return keep
	}
	return nil
}

// shownSize prints a size as 1.0KiB, in the largest unit of which it is a number with one digit after the point; bytes have none.
func shownSize(n int64) string {
	names := []string{"KiB", "MiB", "GiB", "TiB"}
	for i := len(names) - 1; i >= 0; i-- {
		if unit := int64(1) << (10 * (i + 1)); n >= unit && n%unit*10%unit == 0 {
			return strconv.FormatFloat(float64(n)/float64(unit), 'f', 1, 64) + names[i]
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// readOptions checks table options: what they mean to the engine, and the texts that are shown.
func readOptions(options map[string]string) (r contract.RegionOptions, shown map[string]string, err error) {
	shown = make(map[string]string, len(options))
	for k, v := range options {
		read := optionOf(k)
		if read == nil {
			return r, nil, errs.New(errs.InvalidArguments, "Unrecognized table option key: %s", k)
		}
		s, err := read(&r, v)
		if errs.Is(err, errs.Unsupported) {
			return r, nil, err
		}
		if err != nil {
			return r, nil, errs.New(errs.InvalidArguments, "Invalid table option value, key: %s, value: %s: %s", k, v, err)
		}
		if k != "timeout" && k != "wait" {
			shown[k] = s
		}
	}
	if shown["append_mode"] == "true" {
		r.Merge = contract.MergeAppend
		if shown["merge_mode"] == "last_non_null" {
			return r, nil, errs.New(errs.InvalidArguments, "Invalid region options, only last_row merge_mode is allowed when append_mode is enabled")
		}
	}
	return r, shown, nil
}

// effective is the options of a table together with what its database adds.
type effective struct {
	region contract.RegionOptions
	shown  map[string]string // the table's own, and those that are copied from the database when the table is made
}

// dynamic reports an option that a table takes from its database for as long as it has none of its own; others are copied once.
func dynamic(key string) bool { return key == "ttl" || strings.HasPrefix(key, "compaction.") }

// inherit reads the options of a new table of a database.
func inherit(database, table map[string]string) (e effective, err error) {
	own := maps.Clone(table)
	if own == nil {
		own = map[string]string{}
	}
	for k, v := range database {
		if _, ok := own[k]; ok || dynamic(k) {
			continue
		}
		if k == "merge_mode" && own["append_mode"] == "true" || k == "append_mode" && own["merge_mode"] != "" {
			continue
		}
		own[k] = v
	}
	if _, e.shown, err = readOptions(own); err != nil {
		return e, err
	}
	e.region, err = engineOptions(database, e.shown)
	return e, err
}

// engineOptions is what a table's own options mean to the engine, with those that its database lends it.
func engineOptions(database, own map[string]string) (contract.RegionOptions, error) {
	all := maps.Clone(own)
	if all == nil {
		all = map[string]string{}
	}
	for k, v := range database {
		if _, ok := all[k]; !ok && dynamic(k) {
			all[k] = v
		}
	}
	r, _, err := readOptions(all)
	return r, err
}

// Package manifest records which files make up a region, and the schema they are read with, as numbered edits on top of a checkpoint.
//
//	{region dir}/manifest/00000000000000000007.json         one edit: a list of actions
//	{region dir}/manifest/00000000000000000010.checkpoint   the state after edit 10
//	{region dir}/manifest/_last_checkpoint                  a hint where to begin
//
// An edit is made durable by creating its file, which succeeds for one writer only: of two processes that both believe they own a
// region, one gets ErrFenced. The formats are specified in docs/formats/manifest.md.
package manifest

import (
	"fmt"
	"slices"
	"time"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// FileID names a data file of a region: a UUID.
type FileID string

// File is what the manifest knows of a data file, enough to plan scans and compactions without opening it.
type File struct {
	ID            FileID         `json:"id"`
	Level         uint8          `json:"level"` // 0: flushed, 1: compacted
	Rows          int64          `json:"rows"`
	RowGroups     int            `json:"row_groups"`
	Size          int64          `json:"size"`       // bytes of the data file
	IndexSize     int64          `json:"index_size"` // bytes of the index file; 0: there is none
	Series        int64          `json:"series"`
	MinTime       int64          `json:"min_time"` // inclusive, in the unit of the time index
	MaxTime       int64          `json:"max_time"` // inclusive
	MinSequence   model.Sequence `json:"min_sequence"`
	MaxSequence   model.Sequence `json:"max_sequence"`
	MinKey        []byte         `json:"min_key,omitempty"` // sort keys of the first and the last series
	MaxKey        []byte         `json:"max_key,omitempty"`
	HasDeletes    bool           `json:"has_deletes,omitempty"`
	Unique        bool           `json:"unique,omitempty"` // no two rows of one series and time
	SchemaVersion uint64         `json:"schema_version"`
	// IndexVersion rises when the index file is built anew: it is part of the file's name, so that readers of the old one are not disturbed.
	IndexVersion uint64 `json:"index_version,omitempty"`
	// Indexes are the indexes of columns that the index file holds, each "{column id}/{kind}/{options}".
	Indexes []string `json:"indexes,omitempty"`
	// Run is the first file of the sorted run that this file is a piece of: no two of its pieces hold rows of one series and time.
	// Empty: the file is a run of its own.
	Run FileID `json:"run,omitempty"`
	// Filtered is the sequence of the newest deletion that was made real in the file: none up to it hides rows of the file.
	Filtered model.Sequence `json:"filtered,omitempty"`
}

// Deletion hides the rows of lower sequence that are in Times and for which Predicate is true, each stored version judged by itself. It
// stays until every file with older rows has been rewritten without the rows that it hides, or was found to have none.
type Deletion struct {
	Sequence  model.Sequence  `json:"sequence"`
	Times     model.TimeRange `json:"times"`               // half-open, in the unit of the time index
	Predicate *model.Expr     `json:"predicate,omitempty"` // nil: all rows
	// Schema is what Predicate means: the tags, the time index and the fields that it reads, as they were then. Columns may be dropped or
	// changed later without changing what was deleted.
	Schema *model.Schema `json:"schema"`
}

// Hides reports whether the deletion may hide rows of the file.
func (d *Deletion) Hides(f *File) bool {
	return d.Sequence > f.Filtered && f.MinSequence < d.Sequence && d.Times.Overlaps(f.MinTime, f.MaxTime)
}

// State is what all edits together say.
type State struct {
	Version         uint64              `json:"version"` // of the last edit applied
	Meta            contract.RegionMeta `json:"meta"`
	Files           []File              `json:"files"`
	FlushedEntry    uint64              `json:"flushed_entry"`    // log entries up to this are in files, or truncated
	FlushedSequence model.Sequence      `json:"flushed_sequence"` // likewise
	// CompactionWindow is the inferred width of a compaction window; 0: none yet.
	CompactionWindow time.Duration `json:"compaction_window,omitempty"`
	// Deletions hide rows of files, oldest first.
	Deletions []Deletion `json:"deletions,omitempty"`
}

// format is the version of a file that holds the state: programs that know no deletions must not show what is deleted.
func (s *State) format() int {
	if len(s.Deletions) > 0 {
		return 2
	}
	return 1
}

func (e edit) format() int {
	for _, a := range e.Actions {
		if a.Edit != nil && len(a.Edit.Deletions) > 0 {
			return 2
		}
	}
	return 1
}

// Has tells whether the region has the file.
func (s *State) Has(id FileID) bool {
	return slices.ContainsFunc(s.Files, func(f File) bool { return f.ID == id })
}

// Action is one change; exactly one member is set.
type Action struct {
	Change   *Change   `json:"change,omitempty"`
	Edit     *Edit     `json:"edit,omitempty"`
	Truncate *Truncate `json:"truncate,omitempty"`
}

// Change replaces schema and options.
type Change struct {
	Meta contract.RegionMeta `json:"meta"`
}

// Edit adds and removes files. The flushed marks only rise; 0 leaves them as they are.
type Edit struct {
	Add              []File         `json:"add,omitempty"`
	Remove           []FileID       `json:"remove,omitempty"`
	FlushedEntry     uint64         `json:"flushed_entry,omitempty"`
	FlushedSequence  model.Sequence `json:"flushed_sequence,omitempty"`
	CompactionWindow time.Duration  `json:"compaction_window,omitempty"`
	Reindex          []Reindex      `json:"reindex,omitempty"`
	Deletions        []Deletion     `json:"deletions,omitempty"`
	Filtered         []Filtered     `json:"filtered,omitempty"`
}

// Filtered says that no deletion up to Sequence hides rows of the file. It does nothing where the region has the file no more.
type Filtered struct {
	ID       FileID         `json:"id"`
	Sequence model.Sequence `json:"sequence"`
}

// Reindex replaces the index file of a data file. It does nothing where the region has the data file no more.
type Reindex struct {
	ID           FileID   `json:"id"`
	IndexVersion uint64   `json:"index_version"`
	IndexSize    int64    `json:"index_size"`
	Indexes      []string `json:"indexes,omitempty"`
}

// Truncate removes all files; log entries up to Entry are void.
type Truncate struct {
	Entry    uint64         `json:"entry"`
	Sequence model.Sequence `json:"sequence"`
}

// apply gives the state after one edit; s is not changed.
func (s *State) apply(version uint64, actions []Action) (*State, error) {
	n := *s
	n.Version = version
	n.Files = slices.Clone(s.Files)
	for _, a := range actions {
		switch {
		case a.Change != nil:
			n.Meta = a.Change.Meta
		case a.Edit != nil:
			for _, id := range a.Edit.Remove {
				i := slices.IndexFunc(n.Files, func(f File) bool { return f.ID == id })
				if i < 0 {
					return nil, fmt.Errorf("edit %d removes file %s, which the region does not have", version, id)
				}
				n.Files = slices.Delete(n.Files, i, i+1)
			}
			n.Files = append(n.Files, a.Edit.Add...)
			for _, x := range a.Edit.Reindex {
				if i := slices.IndexFunc(n.Files, func(f File) bool { return f.ID == x.ID }); i >= 0 {
					f := &n.Files[i]
					f.IndexVersion, f.IndexSize, f.Indexes = x.IndexVersion, x.IndexSize, x.Indexes
				}
			}
			for _, x := range a.Edit.Filtered {
				if i := slices.IndexFunc(n.Files, func(f File) bool { return f.ID == x.ID }); i >= 0 {
					n.Files[i].Filtered = max(n.Files[i].Filtered, x.Sequence)
				}
			}
			n.Deletions = append(slices.Clone(n.Deletions), a.Edit.Deletions...)
			n.FlushedEntry = max(n.FlushedEntry, a.Edit.FlushedEntry)
			n.FlushedSequence = max(n.FlushedSequence, a.Edit.FlushedSequence)
			if a.Edit.CompactionWindow != 0 {
				n.CompactionWindow = a.Edit.CompactionWindow
			}
		case a.Truncate != nil:
			n.Files = nil
			n.FlushedEntry = max(n.FlushedEntry, a.Truncate.Entry)
			n.FlushedSequence = max(n.FlushedSequence, a.Truncate.Sequence)
		default:
			return nil, fmt.Errorf("edit %d has an action that this program does not know", version)
		}
	}
	// Rows that are not in files yet are all newer than the deletions here: what no file needs goes.
	n.Deletions = slices.DeleteFunc(slices.Clone(n.Deletions), func(d Deletion) bool {
		return !slices.ContainsFunc(n.Files, func(f File) bool { return d.Hides(&f) })
	})
	if len(n.Deletions) == 0 {
		n.Deletions = nil
	}
	return &n, nil
}

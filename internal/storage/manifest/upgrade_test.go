package manifest

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/local"
)

var update = flag.Bool("update", false, "write the files of the present version anew")

// kept is the manifest in tests/upgrade/manifest/v1: a checkpoint and two edits on top of it.
func kept(ctx context.Context, m *Manifest) error {
	for _, a := range []Action{
		add("a", "b"),
		{Edit: &Edit{Remove: []FileID{"a"}, FlushedEntry: 7, FlushedSequence: 70, CompactionWindow: 3600e9}},
		{Change: &Change{Meta: meta(1)}},
		{Truncate: &Truncate{Entry: 9, Sequence: 90}},
		add("c"),
		add("d"),
	} {
		if _, err := m.Commit(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// TestVersion1IsReadable opens a manifest that the first version wrote.
func TestVersion1IsReadable(t *testing.T) {
	root := filepath.Join("..", "..", "..", "tests", "upgrade", "manifest", "v1")
	ctx := t.Context()
	o := Options{Dir: "manifest/", CheckpointDistance: 4}
	if *update {
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
		store, err := local.Open(root, local.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o.Store = store
		m, _, err := Create(ctx, o, meta(0))
		if err == nil {
			err = kept(ctx, m)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	store, err := local.Open(root, local.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	o.Store = store
	m, err := Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	s := m.State()
	var ids []FileID
	for _, f := range s.Files {
		ids = append(ids, f.ID)
	}
	if !reflect.DeepEqual(ids, []FileID{"c", "d"}) || s.Version != 6 || s.FlushedEntry != 9 || s.FlushedSequence != 90 || s.CompactionWindow != 3600e9 ||
		s.Meta.Options.Merge != contract.MergeLastRow || s.Meta.Schema.Version != 1 || s.Meta.Schema.Columns[1].Default.Value != model.FloatValue(1.5) {
		t.Errorf("%+v", s)
	}
}

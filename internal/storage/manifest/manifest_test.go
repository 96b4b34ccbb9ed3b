package manifest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
)

const dir = "data/greptime/public/1024/1024_0000000000/manifest/"

func meta(version uint64) contract.RegionMeta {
	return contract.RegionMeta{ID: model.NewRegionID(1024, 0), Schema: &model.Schema{Version: version, TimeIndex: 1, NextColumn: 3,
		Columns: []model.Column{{ID: 1, Name: "ts", Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn},
			{ID: 2, Name: "v", Type: model.Float64, Nullable: true, Default: &model.Default{Value: model.FloatValue(1.5)}}}}}
}

func options(s objectstore.Store) Options { return Options{Store: s, Dir: dir, CheckpointDistance: 4} }

func add(ids ...string) Action {
	e := &Edit{}
	for _, id := range ids {
		e.Add = append(e.Add, File{ID: FileID(id), Rows: 7, MinKey: []byte{0, 255}})
	}
	return Action{Edit: e}
}

func TestEditsSurvive(t *testing.T) {
	ctx, store := t.Context(), memory.New(memory.Options{})
	m, existed, err := Create(ctx, options(store), meta(0))
	if err != nil || existed {
		t.Fatal(existed, err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	var want []string
	for n := range 40 {
		id := fmt.Sprint("f", n)
		a := add(id)
		a.Edit.FlushedEntry, a.Edit.FlushedSequence = uint64(n), model.Sequence(n*10)
		want = append(want, id)
		if len(want) > 3 && r.IntN(2) == 0 {
			k := r.IntN(len(want))
			a.Edit.Remove = []FileID{FileID(want[k])}
			want = slices.Delete(want, k, k+1)
			if k == len(want) { // removed the one that is added only now: not allowed
				a.Edit.Remove = nil
				want = append(want, id)
			}
		}
		if n == 20 {
			if _, err := m.Commit(ctx, Action{Change: &Change{Meta: meta(1)}}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := m.Commit(ctx, a); err != nil {
			t.Fatal(err)
		}
		o, err := Open(ctx, options(store))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(o.State(), m.State()) {
			t.Fatalf("after edit %d: opened %+v, had %+v", n, o.State(), m.State())
		}
		var got []string
		for _, f := range o.State().Files {
			got = append(got, string(f.ID))
		}
		slices.Sort(got)
		w := slices.Clone(want)
		slices.Sort(w)
		if !slices.Equal(got, w) || o.State().FlushedEntry != uint64(n) {
			t.Fatalf("after edit %d: files %v, want %v", n, got, w)
		}
	}
	n := 0
	for _, err := range objectstore.All(ctx, store, dir) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n > 8 {
		t.Errorf("%d manifest files are left after checkpoints", n)
	}
	if _, err := m.Commit(ctx, Action{Truncate: &Truncate{Entry: 99, Sequence: 990}}); err != nil || len(m.State().Files) != 0 || m.State().FlushedEntry != 99 {
		t.Fatal(err, m.State())
	}
}

func TestSecondWriterIsFenced(t *testing.T) {
	ctx, store := t.Context(), memory.New(memory.Options{})
	a, _, err := Create(ctx, options(store), meta(0))
	if err != nil {
		t.Fatal(err)
	}
	b, existed, err := Create(ctx, options(store), meta(0))
	if err != nil || !existed {
		t.Fatal(existed, err)
	}
	if _, err := a.Commit(ctx, add("x")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // and stays fenced
		if _, err := b.Commit(ctx, add("y")); !errors.Is(err, ErrFenced) || !errs.Is(err, errs.RegionReadonly) {
			t.Fatal(err)
		}
	}
	if _, err := a.Commit(ctx, add("z")); err != nil {
		t.Fatal(err)
	}
}

// moody fails creates, before or after they took effect.
type moody struct {
	objectstore.Store
	before, after bool
}

func (s *moody) PutIfAbsent(ctx context.Context, key string, b []byte) error {
	if s.before {
		return errors.New("refused")
	}
	err := s.Store.PutIfAbsent(ctx, key, b)
	if s.after {
		return errors.New("answer lost")
	}
	return err
}

func TestUnknownOutcomeIsSettledFirst(t *testing.T) {
	for _, lost := range []bool{false, true} {
		ctx, store := t.Context(), &moody{Store: memory.New(memory.Options{})}
		m, _, err := Create(ctx, options(store), meta(0))
		if err != nil {
			t.Fatal(err)
		}
		store.before, store.after = !lost, lost
		for range 3 {
			if _, err := m.Commit(ctx, add("x")); err == nil {
				t.Fatal("no error")
			}
		}
		store.before, store.after = false, false
		s, err := m.Commit(ctx, add("y"))
		if err != nil || len(s.Files) != 2 || s.Files[0].ID != "x" || s.Files[1].ID != "y" || s.Version != 2 {
			t.Fatal(err, s)
		}
		o, err := Open(ctx, options(store))
		if err != nil || !reflect.DeepEqual(o.State(), s) {
			t.Fatal(err, o)
		}
	}
}

func TestDamageIsNamed(t *testing.T) {
	ctx := t.Context()
	fresh := func() objectstore.Store {
		store := memory.New(memory.Options{})
		m, _, err := Create(ctx, options(store), meta(0))
		for i := range 6 {
			if err == nil {
				_, err = m.Commit(ctx, add(fmt.Sprint(i)))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	damage := func(name string, f func(b []byte) []byte) error {
		store := fresh()
		b, err := store.Get(ctx, dir+name)
		if err != nil {
			t.Fatal(err)
		}
		if b = f(b); b == nil {
			err = store.Delete(ctx, dir+name)
		} else {
			err = store.Put(ctx, dir+name, b)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = Open(ctx, options(store))
		return err
	}
	flip := func(b []byte) []byte { b[len(b)-9] ^= 4; return b }
	for _, name := range []string{checkpointName(4), editName(5), editName(6)} {
		var c *CorruptError
		if err := damage(name, flip); !errors.As(err, &c) || !strings.HasSuffix(c.File, name) {
			t.Errorf("flipped bit in %s: %v", name, err)
		}
		if err := damage(name, func(b []byte) []byte { return b[:len(b)/2] }); !errors.As(err, &c) {
			t.Errorf("%s cut short: %v", name, err)
		}
	}
	var c *CorruptError
	if err := damage(editName(5), func([]byte) []byte { return nil }); !errors.As(err, &c) || !strings.Contains(err.Error(), "missing") {
		t.Errorf("missing edit: %v", err)
	}
	if _, err := Open(ctx, options(memory.New(memory.Options{}))); !errors.Is(err, ErrNotFound) {
		t.Errorf("no manifest: %v", err)
	}
	names := ""
	if err := Inspect(ctx, fresh(), dir, func(name string, _ json.RawMessage) error { names += name + " "; return nil }); err != nil || strings.Count(names, "json") != 3 {
		t.Errorf("inspect: %v %s", err, names)
	}
}

func FuzzDecode(f *testing.F) {
	b, _ := encode(edit{Version: 3, Writer: "w", Actions: []Action{add("x"), {Change: &Change{Meta: meta(1)}}}})
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var e edit
		if decode("f", b, &e) == nil {
			_, _ = (&State{}).apply(1, e.Actions)
		}
	})
}

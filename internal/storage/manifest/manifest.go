package manifest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// Errors to branch on.
var (
	// ErrNotFound is returned by Open for a region without a manifest.
	ErrNotFound = errors.New("region has no manifest")
	// ErrFenced is returned by Commit when another process wrote the next edit: this one must not write to the region any more.
	ErrFenced = errors.New("another process writes to the region")
)

// Options of a manifest.
type Options struct {
	Store objectstore.Store
	Dir   string // "{region dir}/manifest/"
	// CheckpointDistance is how many edits lie between checkpoints. More: shorter commits, longer opens. Zero: 10.
	CheckpointDistance int
	Log                *slog.Logger
}

// Manifest is the open manifest of one region, by its one writer.
//
// A commit whose outcome is unknown (the create failed, but the file may exist) is kept as pending: the next Commit or Resolve first
// brings the very same bytes to an end, so that what the store holds and what the process believes never part. Until then the files
// that the edit adds must not be deleted.
type Manifest struct {
	opts   Options
	writer string

	// state is replaced whole by the holder of mu and only ever moves on. Readers load it and never wait for a commit: whoever
	// must not act on an older state after somebody acted on a newer one loads it under a lock of their own.
	state atomic.Pointer[State]
	size  atomic.Int64 // bytes of the checkpoint and the edits after it

	mu struct {
		sync.Mutex         // held over a whole commit: edits are written one at a time
		pending    *commit // not nil: outcome unknown
		checkpoint uint64  // version of the last checkpoint
		fenced     bool
	}
}

type commit struct {
	version uint64
	bytes   []byte
	next    *State
}

func newManifest(o Options) *Manifest {
	if o.CheckpointDistance <= 0 {
		o.CheckpointDistance = 10
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // crypto/rand does not fail
	return &Manifest{opts: o, writer: hex.EncodeToString(id[:])}
}

// Create makes the manifest of a new region. A region that exists already is opened instead, whatever its meta; the caller compares.
func Create(ctx context.Context, o Options, meta contract.RegionMeta) (m *Manifest, existed bool, err error) {
	m = newManifest(o)
	m.state.Store(&State{})
	if err := m.write(ctx, 0, []Action{{Change: &Change{Meta: meta}}}); errors.Is(err, ErrFenced) {
		m, err = Open(ctx, o)
		return m, true, err
	} else if err != nil {
		return nil, false, err
	}
	return m, false, nil
}

// Open reads the last checkpoint and the edits after it.
func Open(ctx context.Context, o Options) (*Manifest, error) {
	m := newManifest(o)
	state := &State{}
	edits, checkpoints, err := m.list(ctx)
	if err != nil {
		return nil, err
	}
	if len(edits)+len(checkpoints) == 0 {
		return nil, ErrNotFound
	}
	next := uint64(0)
	if n := len(checkpoints); n > 0 {
		v := checkpoints[n-1]
		if err := m.read(ctx, checkpointName(v), state); err != nil {
			return nil, err
		}
		m.mu.checkpoint, next = v, v+1
	}
	first, _ := slices.BinarySearch(edits, next) // older ones are not yet deleted
	edits = edits[first:]
	read := m.readEdits(ctx, edits)
	for i, v := range edits {
		if v > next {
			return nil, &CorruptError{File: o.Dir + editName(next), Err: fmt.Errorf("edit %d is missing, edit %d is there", next, v)}
		}
		if read[i].err != nil {
			return nil, read[i].err
		}
		s, err := state.apply(v, read[i].Actions)
		if err != nil {
			return nil, &CorruptError{File: o.Dir + editName(v), Err: err}
		}
		state, next = s, v+1
	}
	if next == 0 || state.Meta.Schema == nil {
		return nil, &CorruptError{File: o.Dir, Err: errors.New("no edit gives the region a schema")}
	}
	if err := state.Meta.Schema.Validate(); err != nil {
		return nil, &CorruptError{File: o.Dir, Err: err}
	}
	m.state.Store(state)
	return m, nil
}

type readEdit struct {
	edit
	err error
}

// readParallel is how many edits are read at a time: on a far store each takes as long as a round trip.
const readParallel = 8

func (m *Manifest) readEdits(ctx context.Context, versions []uint64) []readEdit {
	out := make([]readEdit, len(versions))
	var wg sync.WaitGroup
	gate := make(chan struct{}, readParallel)
	for i, v := range versions {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			out[i].err = m.read(ctx, editName(v), &out[i].edit)
		})
	}
	wg.Wait()
	return out
}

func (m *Manifest) list(ctx context.Context) (edits, checkpoints []uint64, err error) {
	for o, err := range objectstore.All(ctx, m.opts.Store, m.opts.Dir) {
		if err != nil {
			return nil, nil, fmt.Errorf("list manifest: %w", err)
		}
		switch v, kind := parseName(o.Key[len(m.opts.Dir):]); kind {
		case ".json":
			edits = append(edits, v)
		case ".checkpoint":
			checkpoints = append(checkpoints, v)
		}
	}
	slices.Sort(edits)
	slices.Sort(checkpoints)
	return edits, checkpoints, nil
}

func (m *Manifest) read(ctx context.Context, name string, body any) error {
	b, err := m.opts.Store.Get(ctx, m.opts.Dir+name)
	if err != nil {
		return fmt.Errorf("read manifest: %w", err)
	}
	m.size.Add(int64(len(b)))
	return decode(m.opts.Dir+name, b, body)
}

// State is the state after the last commit that ended. It is read-only.
func (m *Manifest) State() *State { return m.state.Load() }

// Size is how many bytes the files take that an open reads: the newest checkpoint and the edits after it.
func (m *Manifest) Size() int64 { return m.size.Load() }

// Commit makes the actions durable as the next edit and gives the state after it. On an error other than ErrFenced the outcome may
// be unknown: the caller either calls Resolve until it succeeds, or stops using the region.
func (m *Manifest) Commit(ctx context.Context, actions ...Action) (*State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.resolveLocked(ctx); err != nil {
		return nil, err
	}
	if err := m.writeLocked(ctx, m.State().Version+1, actions); err != nil {
		return nil, err
	}
	if m.State().Version-m.mu.checkpoint >= uint64(m.opts.CheckpointDistance) {
		// The edit is durable; a checkpoint only shortens the next open, so its failure is told and tried again later.
		if err := m.checkpointLocked(ctx); err != nil {
			m.opts.Log.Warn("write manifest checkpoint", "dir", m.opts.Dir, "version", m.State().Version, "err", err)
		}
	}
	return m.State(), nil
}

// Resolve brings a commit of unknown outcome to its end and gives the state. Without one it does nothing.
func (m *Manifest) Resolve(ctx context.Context) (*State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.resolveLocked(ctx)
}

// Undecided is the files that a commit of unknown outcome adds, if there is one: Resolve may bring them into the state. It waits for a
// commit that is under way.
func (m *Manifest) Undecided() map[FileID]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.pending == nil {
		return nil
	}
	out := map[FileID]bool{}
	for _, f := range m.mu.pending.next.Files {
		out[f.ID] = true
	}
	return out
}

func (m *Manifest) resolveLocked(ctx context.Context) (*State, error) {
	if m.mu.fenced {
		return nil, errs.Wrap(errs.RegionReadonly, ErrFenced, "commit to %s", m.opts.Dir)
	}
	if m.mu.pending != nil {
		if err := m.putLocked(ctx); err != nil {
			return nil, err
		}
	}
	return m.State(), nil
}

func (m *Manifest) write(ctx context.Context, version uint64, actions []Action) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writeLocked(ctx, version, actions)
}

func (m *Manifest) writeLocked(ctx context.Context, version uint64, actions []Action) error {
	next, err := m.State().apply(version, actions)
	if err != nil {
		return errs.Wrap(errs.Unexpected, err, "commit to %s", m.opts.Dir)
	}
	b, err := encode(edit{Version: version, Writer: m.writer, Actions: actions})
	if err != nil {
		return errs.Wrap(errs.Unexpected, err, "commit to %s", m.opts.Dir)
	}
	m.mu.pending = &commit{version: version, bytes: b, next: next}
	if err = m.putLocked(ctx); err != nil && !m.mu.fenced {
		err = m.putLocked(ctx) // often only the answer was lost, and a second look settles it
	}
	return err
}

// putLocked creates the pending edit's file, or finds that an earlier try did.
func (m *Manifest) putLocked(ctx context.Context) error {
	p := m.mu.pending
	key := m.opts.Dir + editName(p.version)
	err := m.opts.Store.PutIfAbsent(ctx, key, p.bytes)
	if errors.Is(err, objectstore.ErrExists) {
		var there []byte
		if there, err = m.opts.Store.Get(ctx, key); err == nil && !bytes.Equal(there, p.bytes) {
			m.mu.pending, m.mu.fenced = nil, true
			return errs.Wrap(errs.RegionReadonly, ErrFenced, "commit to %s: edit %d", m.opts.Dir, p.version)
		}
	}
	if err != nil {
		return fmt.Errorf("write manifest edit: %w", err)
	}
	m.state.Store(p.next)
	m.size.Add(int64(len(p.bytes)))
	m.mu.pending = nil
	return nil
}

// checkpointLocked writes the state whole, then the hint, and then deletes what the checkpoint makes superfluous.
func (m *Manifest) checkpointLocked(ctx context.Context) error {
	v := m.State().Version
	b, err := encode(m.State())
	if err != nil {
		return err
	}
	if err := m.opts.Store.Put(ctx, m.opts.Dir+checkpointName(v), b); err != nil {
		return err
	}
	h, err := encode(hint{Version: v})
	if err != nil {
		return err
	}
	if err := m.opts.Store.Put(ctx, m.opts.Dir+lastCheckpoint, h); err != nil {
		return err
	}
	m.mu.checkpoint = v
	m.size.Store(int64(len(b)))
	edits, checkpoints, err := m.list(ctx)
	if err != nil {
		return err
	}
	// From the oldest: an interrupted deletion must not leave a gap that looks like a lost edit.
	for _, c := range checkpoints {
		if c < v {
			if err := m.opts.Store.Delete(ctx, m.opts.Dir+checkpointName(c)); err != nil {
				return err
			}
		}
	}
	// Edit v itself stays: its file fences a second writer until edit v+1 exists.
	for _, e := range edits {
		if e < v {
			if err := m.opts.Store.Delete(ctx, m.opts.Dir+editName(e)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Inspect reads the manifest in dir and prints it edit by edit, as JSON lines, to fn: first the checkpoint, then the edits.
func Inspect(ctx context.Context, store objectstore.Store, dir string, fn func(name string, body json.RawMessage) error) error {
	m := newManifest(Options{Store: store, Dir: dir})
	edits, checkpoints, err := m.list(ctx)
	if err != nil {
		return err
	}
	if len(edits)+len(checkpoints) == 0 {
		return fmt.Errorf("%s: %w", dir, ErrNotFound)
	}
	show := func(name string) error {
		var body json.RawMessage
		if err := m.read(ctx, name, &body); err != nil {
			return err
		}
		return fn(name, body)
	}
	for _, v := range checkpoints {
		if err := show(checkpointName(v)); err != nil {
			return err
		}
	}
	for _, v := range edits {
		if err := show(editName(v)); err != nil {
			return err
		}
	}
	return nil
}

// Package cloud keeps objects in the object store of a cloud, or in any server that speaks its protocol.
//
//	S3       any store that speaks S3 and honours If-None-Match       (s3.go)
//	Oss      Alibaba Cloud OSS through its S3 interface               (oss.go)
//	Gcs      Google Cloud Storage                                     (gcs.go)
//	Azblob   Azure Blob Storage                                       (azblob.go)
//
// Store does for all of them what the contract asks; a backend knows only how one kind of store is asked for it. The vendors'
// clients are used with their retries switched off: package retry is the one place that tries again, and parts of a stream, whose
// bytes nobody else has, are tried again here by the same rules. No request can hang: see http.go.
//
// # How a read stays whole
//
// A store tells a version of each object (an ETag or a generation). A Reader asks for ranges of the version it opened, and checks the
// version and the length of what comes, so a replaced object is an error and never a mix.
//
// # How a write stays whole
//
// A Writer buffers one part; an object that is no longer than that is one request. A longer one goes up in parts, a few at once, and is
// visible with the last request only. Each request carries a checksum that the store checks, and after the last one the object is asked
// for its size. Abort takes back the parts that went up.
//
// # Conditions
//
// PutIfAbsent is what two writers of one manifest meet at. A store that ignores the condition would let both win, so Open tries it out
// and refuses such a store; the same trial shows wrong credentials, buckets and permissions before anything else is done.
package cloud

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/retry"
)

// Config says which store, and how it is used. Zero fields but Provider mean the defaults.
type Config struct {
	config.Provider
	// PartBytes is the size of one part of a large object, and what a Writer buffers before the first. Larger means fewer requests
	// (a store takes 10,000 parts at most) and more memory. Zero: 8 MiB. Clouds refuse less than 5 MiB.
	PartBytes int
	// Parallel is how many parts of one Writer go up at once, each with its own buffer. Zero: 4.
	Parallel int
	// Retry is how parts, and the trial of Open, are tried again. Everything else is retried by the coat of that name.
	Retry retry.Options
	// NoTrial opens without asking the store anything, for stores that are only read from or that another process has tried.
	NoTrial bool
	// Log is told of parts that could not be taken back. Nil: nobody is.
	Log *slog.Logger
}

// Store is an object store in a cloud.
type Store struct {
	b    backend
	c    Config
	root string // "" or ends with "/"
	idle func() // drops idle connections
}

var _ objectstore.Store = (*Store)(nil)

// Scheme is the short name of a kind of store in addresses and metrics.
func Scheme(kind string) string {
	switch kind {
	case config.StoreFile:
		return "fs"
	default:
		return strings.ToLower(kind)
	}
}

// Open opens the store that c names, after a trial of what the contract needs. Errors say which key to look at; they never hold
// secrets. Type File is not opened here (package local does).
func Open(ctx context.Context, c Config) (*Store, error) {
	if err := check(&c); err != nil {
		return nil, err
	}
	client, transport := newClient(c.HTTPClient)
	s := &Store{c: c, idle: transport.CloseIdleConnections, root: strings.Trim(c.Root, "/")}
	if s.root != "" {
		s.root += "/"
	}
	var err error
	switch c.Kind() {
	case config.StoreS3:
		s.b, err = openS3(ctx, &s.c, client, transport)
	case config.StoreOss:
		s.b = openOss(&s.c, client)
	case config.StoreGcs:
		s.b, err = openGcs(ctx, &s.c, client)
	case config.StoreAzblob:
		s.b, err = openAzblob(&s.c, client)
	default:
		err = errs.New(errs.Unsupported, "object store of type %s", c.Kind())
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open %s: %w", s.where(), err)
	}
	if !c.NoTrial {
		if err := s.trial(ctx); err != nil {
			s.Close()
			return nil, fmt.Errorf("open %s: %w", s.where(), err)
		}
	}
	return s, nil
}

func check(c *Config) error {
	var faults []error
	c.Faults(func(key, format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	})
	if len(faults) > 0 {
		return errs.Wrap(errs.InvalidArguments, errors.Join(faults...), "object store %q", c.ID())
	}
	if c.PartBytes <= 0 {
		c.PartBytes = 8 << 20
	}
	if c.Parallel <= 0 {
		c.Parallel = 4
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Close drops idle connections. Calls under way go on.
func (s *Store) Close() { s.idle() }

// Scheme is the name of the kind of store in metrics.
func (s *Store) Scheme() string { return Scheme(s.c.Kind()) }

// String says where the store is: "s3://bucket/root".
func (s *Store) String() string { return s.where() }

func (s *Store) where() string {
	bucket := s.c.Bucket
	if s.c.Kind() == config.StoreAzblob {
		bucket = s.c.Container
	}
	return strings.TrimSuffix(Scheme(s.c.Kind())+"://"+bucket+"/"+s.root, "/")
}

// bucketKeys names the keys that say which bucket is meant.
func (s *Store) bucketKeys() string {
	switch s.c.Kind() {
	case config.StoreAzblob:
		return "container, account_name and endpoint"
	case config.StoreGcs:
		return "bucket and endpoint"
	}
	return "bucket, region and endpoint"
}

// credentialKeys names the keys that say who asks.
func (s *Store) credentialKeys() string {
	switch s.c.Kind() {
	case config.StoreAzblob:
		return "account_name and account_key or sas_token"
	case config.StoreGcs:
		return "credential_path or credential"
	case config.StoreOss:
		return "access_key_id and access_key_secret"
	}
	return "access_key_id and secret_access_key"
}

// trialFolder holds what Open tries out. No valid key is in it, so List does not show it.
const trialFolder = ".trial/"

// trial writes, fails to write again, reads, lists and deletes one object.
func (s *Store) trial(ctx context.Context) error {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	key := s.root + trialFolder + hex.EncodeToString(id[:])
	step := func(op objectstore.Op, do func() error) error {
		err := retry.Do(ctx, s.c.Retry, op, key, func(int) error { return s.explain(ctx, do()) })
		if err != nil {
			return fmt.Errorf("trial %s: %w", op, err)
		}
		return nil
	}
	err := step(objectstore.OpPut, func() error { return s.b.put(ctx, key, id[:], false) })
	if err != nil {
		return err
	}
	err = func() error {
		err := step(objectstore.OpPutIfAbsent, func() error { return s.b.put(ctx, key, []byte("second"), true) })
		switch {
		case err == nil:
			return errs.New(errs.Unsupported, "the store ignores conditional writes (it overwrote an object that must not be), so two writers could not be told apart; use a store that honours If-None-Match")
		case !errors.Is(err, objectstore.ErrExists):
			return err
		}
		var got []byte
		if err := step(objectstore.OpGet, func() (err error) { got, err = s.readAll(ctx, key); return err }); err != nil {
			return err
		}
		if string(got) != string(id[:]) {
			return errs.New(errs.Unsupported, "the store gave other bytes back than it was given")
		}
		return step(objectstore.OpList, func() error { _, _, err := s.b.list(ctx, key, "", 1); return err })
	}()
	if derr := step(objectstore.OpDelete, func() error { return firstOf(s.b.delete(ctx, []string{key})) }); err == nil {
		err = derr
	}
	return err
}

func firstOf(failed []failure) error {
	if len(failed) > 0 {
		return failed[0].err
	}
	return nil
}

// object is what a store tells of an object.
type object struct {
	info    objectstore.Info
	version string // changes whenever the object is replaced; "" if the store does not tell
	mark    string // of the upload in parts that made it; only stat tells
}

// failure is a key that Delete could not delete.
type failure struct {
	key string
	err error
}

// backend asks one kind of store. Keys are whole: with the root. Its errors are of the library; answer reads them, and Store
// translates them. All methods but those of an upload may be called at once.
type backend interface {
	// answer finds in err what the store said, if it said something.
	answer(err error) (answer, bool)
	// read asks for n bytes from off on, all if n is negative, of the given version, any if it is "". The caller closes the body.
	// length is how many bytes come, o.info.Size the size of the whole object; both negative if the store does not tell.
	read(ctx context.Context, key string, off, n int64, version string) (r response, err error)
	stat(ctx context.Context, key string) (object, error)
	put(ctx context.Context, key string, data []byte, ifAbsent bool) error
	// list gives at most limit objects after a key in the order of their keys, and whether there may be more.
	list(ctx context.Context, prefix, after string, limit int) (page []objectstore.Info, more bool, err error)
	// delete deletes at most MaxPage keys. A missing one is no failure.
	delete(ctx context.Context, keys []string) []failure
	// upload starts an object of many parts. mark is kept with it.
	upload(ctx context.Context, key, mark string) (upload, error)
	// limits of an upload.
	maxParts() int
	inOrder() bool // parts come one after another
}

// response is the answer of a read.
type response struct {
	body    httpBody
	length  int64
	version string
}

type httpBody interface {
	Read(p []byte) (int, error)
	Close() error
}

// upload is an object of many parts under way.
type upload interface {
	// part sends part i, from 0. It may be sent again after an error.
	part(ctx context.Context, i int, data []byte) error
	// commit makes an object of the first n parts.
	commit(ctx context.Context, n int) error
	// abort takes back what was sent.
	abort(ctx context.Context) error
}

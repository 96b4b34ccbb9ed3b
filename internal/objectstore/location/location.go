// Package location is where statements may read and write files of users: below one directory of the local disk, and in object stores
// that the statement names.
//
//	file.csv, dir/, /root/dir/   local: relative to the root, or absolute and inside it
//	s3://bucket/key              oss://  gcs:// (gs://)  azblob:// (az://), with the keys of CONNECTION
//
// Local paths cannot leave the root, neither by ".." nor through symbolic links: all of them are opened relative to the root's handle.
// Only regular files are read.
package location

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloud"
	"github.com/goptimedb/goptimedb/internal/objectstore/coats"
)

// MaxFiles is the most files that one location may hold.
const MaxFiles = 100_000

// Places resolves locations. The zero value refuses local ones.
type Places struct {
	// Root is the directory that local paths are confined to; it is made when first used. Empty: no local paths.
	Root string
}

// Location is a file or a directory (a prefix) in one place.
type Location struct {
	text  string
	place place
	path  string // slash-separated, relative to the place; ends with "/" or is empty for a directory
}

// Entry is a file of a location.
type Entry struct {
	Path string // relative to the place; Location.Open takes it
	Size int64
}

// File is a file that is open for reading.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// place is a root directory, or a bucket.
type place interface {
	stat(ctx context.Context, path string) (Entry, error) // an error with fs.ErrNotExist if there is no such file
	list(ctx context.Context, dir string, found func(Entry) error) error
	open(ctx context.Context, path string) (File, error)
	create(ctx context.Context, path string) (objectstore.Writer, error)
	close()
}

// connectionKeys are the keys that CONNECTION may have, by scheme.
var schemes = []struct {
	scheme, kind string
	keys         []string
}{
	{"s3", config.StoreS3, []string{"region", "endpoint", "access_key_id", "secret_access_key", "session_token", "enable_virtual_host_style"}},
	{"oss", config.StoreOss, []string{"endpoint", "region", "access_key_id", "access_key_secret"}},
	{"gcs", config.StoreGcs, []string{"endpoint", "scope", "credential", "credential_path"}},
	{"gs", config.StoreGcs, []string{"endpoint", "scope", "credential", "credential_path"}},
	{"azblob", config.StoreAzblob, []string{"endpoint", "account_name", "account_key", "sas_token"}},
	{"az", config.StoreAzblob, []string{"endpoint", "account_name", "account_key", "sas_token"}},
}

// Keys are the connection keys of all schemes.
func Keys() (out []string) {
	for _, s := range schemes {
		out = append(out, s.keys...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Open resolves a location. The caller closes it.
func (p *Places) Open(ctx context.Context, text string, connection map[string]string) (*Location, error) {
	if text == "" || strings.ContainsRune(text, 0) {
		return nil, errs.New(errs.InvalidArguments, "a location is empty or holds a zero byte")
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || strings.EqualFold(scheme, "file") {
		if len(connection) > 0 {
			return nil, errs.New(errs.InvalidArguments, "CONNECTION is for object stores, not for the local path '%s'", text)
		}
		if ok {
			text = rest
		}
		return p.local(text)
	}
	for _, s := range schemes {
		if !strings.EqualFold(s.scheme, scheme) {
			continue
		}
		bucket, key, _ := strings.Cut(rest, "/")
		c, err := provider(s.kind, s.keys, connection)
		if err != nil {
			return nil, err
		}
		c.Bucket = bucket
		if s.kind == config.StoreAzblob {
			c.Bucket, c.Container = "", bucket
		}
		if bucket == "" {
			return nil, errs.New(errs.InvalidArguments, "location '%s' names no bucket; write %s://bucket/key", text, s.scheme)
		}
		store, err := cloud.Open(ctx, cloud.Config{Provider: c, NoTrial: true})
		if err != nil {
			return nil, err
		}
		return &Location{text: text, path: strings.TrimLeft(key, "/"), place: &bucketPlace{store: coats.Wrap(store, coats.Options{}), done: store.Close}}, nil
	}
	return nil, errs.New(errs.InvalidArguments, "Unsupported backend protocol: %s; use a local path, s3, oss, gcs or azblob", scheme)
}

func provider(kind string, keys []string, connection map[string]string) (config.Provider, error) {
	c := config.Provider{Type: kind}
	for k, v := range connection {
		if !slices.Contains(keys, k) {
			return c, errs.New(errs.InvalidArguments, "Unsupported connection option: %s; %s takes %s", k, kind, strings.Join(keys, ", "))
		}
		switch k {
		case "region":
			c.Region = v
		case "endpoint":
			c.Endpoint = v
		case "access_key_id":
			c.AccessKeyID = v
		case "secret_access_key":
			c.SecretAccessKey = config.Secret(v)
		case "session_token":
			c.SessionToken = config.Secret(v)
		case "access_key_secret":
			c.AccessKeySecret = config.Secret(v)
		case "enable_virtual_host_style":
			on, err := strconv.ParseBool(v)
			if err != nil {
				return c, errs.New(errs.InvalidArguments, "connection option %s must be true or false, not %s", k, v)
			}
			c.EnableVirtualHostStyle = on
		case "scope":
			c.Scope = v
		case "credential":
			c.Credential = config.Secret(v)
		case "credential_path":
			return c, errs.New(errs.InvalidArguments, "connection option credential_path would read a file of the server; give credential")
		case "account_name":
			c.AccountName = v
		case "account_key":
			c.AccountKey = config.Secret(v)
		case "sas_token":
			c.SASToken = config.Secret(v)
		}
	}
	return c, nil
}

func (p *Places) unsafe(text, why string) error {
	return errs.New(errs.InvalidArguments, "Local filesystem path '%s' is outside the configured copy root or is unsafe: %s", text, why)
}

func (p *Places) local(text string) (*Location, error) {
	if p.Root == "" {
		return nil, errs.New(errs.InvalidArguments, "Local filesystem path '%s' is refused: local paths are disabled here; use an object store", text)
	}
	root, err := filepath.Abs(p.Root)
	if err != nil {
		return nil, errs.Wrap(errs.StorageUnavailable, err, "storage.copy_root")
	}
	name := filepath.ToSlash(text)
	if slices.Contains(strings.Split(name, "/"), "..") {
		return nil, p.unsafe(text, "it holds '..'")
	}
	if path.IsAbs(name) {
		rel, ok := strings.CutPrefix(name+"/", filepath.ToSlash(root)+"/")
		if !ok {
			return nil, p.unsafe(text, "it is not below storage.copy_root")
		}
		if name = strings.TrimPrefix(rel, "/"); !strings.HasSuffix(text, "/") {
			name = strings.TrimSuffix(name, "/")
		}
	}
	dir := strings.HasSuffix(name, "/") || name == ""
	name = path.Clean(name)
	if !fs.ValidPath(name) {
		return nil, p.unsafe(text, "it is not a plain path")
	}
	if name == "." {
		name, dir = "", true
	} else if dir {
		name += "/"
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, errs.Wrap(errs.StorageUnavailable, err, "storage.copy_root")
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, errs.Wrap(errs.StorageUnavailable, err, "storage.copy_root")
	}
	return &Location{text: text, path: name, place: &localPlace{root: r, text: text}}, nil
}

// Close frees the place. Files that are open stay usable.
func (l *Location) Close() { l.place.close() }

// String is the location as it was given; connection keys are no part of it.
func (l *Location) String() string { return l.text }

// IsDir reports a location that ends with "/".
func (l *Location) IsDir() bool { return l.path == "" || strings.HasSuffix(l.path, "/") }

// Path is the path of the file that the location names.
func (l *Location) Path() string { return l.path }

// List gives the files of a location whose base names match the pattern (nil: all) anywhere, by path: the file that it names, or those
// below the directory. Hidden files and those under way are left out.
func (l *Location) List(ctx context.Context, pattern *regexp.Regexp) ([]Entry, error) {
	if !l.IsDir() {
		e, err := l.place.stat(ctx, l.path)
		if err == nil {
			if pattern != nil && !pattern.MatchString(path.Base(e.Path)) {
				return nil, nil
			}
			return []Entry{e}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	var out []Entry
	dir := l.path
	if dir != "" && !strings.HasSuffix(dir, "/") {
		dir += "/"
	}
	err := l.place.list(ctx, dir, func(e Entry) error {
		base := path.Base(e.Path)
		if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || pattern != nil && !pattern.MatchString(base) {
			return nil
		}
		if len(out) == MaxFiles {
			return errs.New(errs.InvalidArguments, "location '%s' holds more than %d files; narrow it with a pattern", l.text, MaxFiles)
		}
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// Open opens a file for reading; reads end with ctx.
func (l *Location) Open(ctx context.Context, path string) (File, error) {
	return l.place.open(ctx, path)
}

// Create starts a file, which appears whole when it is committed, in place of one that is there.
func (l *Location) Create(ctx context.Context, path string) (objectstore.Writer, error) {
	return l.place.create(ctx, path)
}

// bucketPlace is a bucket of an object store.
type bucketPlace struct {
	store objectstore.Store
	done  func()
	once  sync.Once
}

func (b *bucketPlace) close() { b.once.Do(b.done) }

func missing(path string, err error) error {
	if errors.Is(err, objectstore.ErrNotFound) {
		return errs.Wrap(errs.InvalidArguments, fs.ErrNotExist, "file %s", path)
	}
	return err
}

func (b *bucketPlace) stat(ctx context.Context, path string) (Entry, error) {
	i, err := b.store.Stat(ctx, path)
	if err != nil {
		return Entry{}, missing(path, err)
	}
	return Entry{Path: i.Key, Size: i.Size}, nil
}

func (b *bucketPlace) list(ctx context.Context, dir string, found func(Entry) error) error {
	after := ""
	for {
		page, err := b.store.List(ctx, dir, after, 0)
		if err != nil {
			return err
		}
		for _, i := range page {
			if err := found(Entry{Path: i.Key, Size: i.Size}); err != nil {
				return err
			}
			after = i.Key
		}
		if len(page) < objectstore.MaxPage {
			return nil
		}
	}
}

func (b *bucketPlace) open(ctx context.Context, path string) (File, error) {
	r, err := b.store.Open(ctx, path)
	if err != nil {
		return nil, missing(path, err)
	}
	return &objectFile{ReaderAt: objectstore.At(ctx, r), Reader: r}, nil
}

func (b *bucketPlace) create(ctx context.Context, path string) (objectstore.Writer, error) {
	if path == "" || strings.HasSuffix(path, "/") {
		return nil, errs.New(errs.InvalidArguments, "a file cannot be named %q", path)
	}
	return b.store.Create(ctx, path)
}

type objectFile struct {
	io.ReaderAt
	objectstore.Reader
}

package location

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloudtest"
)

func put(t *testing.T, l *Location, path, text string) error {
	t.Helper()
	w, err := l.Create(t.Context(), path)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return w.Commit()
}

func get(t *testing.T, l *Location, path string) (string, error) {
	t.Helper()
	f, err := l.Open(t.Context(), path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	return string(b), err
}

func TestHostilePaths(t *testing.T) {
	home := t.TempDir()
	root := filepath.Join(home, "copy")
	secret := filepath.Join(home, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"link": secret, "up": "../secret", "dirlink": home, "sub/up": "../../secret", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := &Places{Root: root}
	for _, text := range []string{"../secret", "a/../../secret", "sub/..", secret, "/etc/passwd", root + "x/f", root + "/../secret", "file:///etc/passwd",
		"file://../secret", "link", "up", "sub/up", "dirlink/secret", "loop", "pipe", "", "a\x00b", "http://host/f", "s3:///key", "./../secret", "..",
		"/" + strings.Repeat("../", 20) + "etc/passwd"} {
		l, err := p.Open(t.Context(), text, nil)
		if err == nil {
			if _, err = get(t, l, l.Path()); err == nil {
				t.Errorf("%q can be read", text)
			}
			if l.Path() != "pipe" {
				_, err = l.List(t.Context(), nil)
			}
			l.Close()
			if err == nil && l.Path() != "pipe" {
				t.Errorf("%q can be listed", text)
			}
		}
		if err != nil && !errs.Is(err, errs.InvalidArguments) && !errs.Is(err, errs.StorageUnavailable) {
			t.Errorf("%q: code %v: %v", text, errs.CodeOf(err), err)
		}
	}
	for _, text := range []string{"dirlink/new", "sub/up", "link"} {
		l, err := p.Open(t.Context(), text, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = put(t, l, l.Path(), "overwritten")
		l.Close()
	}
	if b, _ := os.ReadFile(secret); string(b) != "secret" {
		t.Fatalf("a file outside of the root was changed: %q", b)
	}
	if _, err := os.Stat(filepath.Join(home, "new")); err == nil {
		t.Fatal("a file was made outside of the root")
	}
	if _, err := (&Places{}).Open(t.Context(), "x", nil); !errs.Is(err, errs.InvalidArguments) {
		t.Fatalf("local paths without a root: %v", err)
	}
}

func TestLocalFiles(t *testing.T) {
	p := &Places{Root: filepath.Join(t.TempDir(), "copy")}
	l, err := p.Open(t.Context(), "a/b/x.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 2 { // replaced
		if err := put(t, l, l.Path(), "hello"); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := get(t, l, l.Path()); err != nil || s != "hello" {
		t.Fatalf("%q, %v", s, err)
	}
	w, err := l.Create(t.Context(), "a/b/y.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a/", p.Root, p.Root + "/a/b/", "a", "a/b/x.csv"} {
		d, err := p.Open(t.Context(), text, nil)
		if err != nil {
			t.Fatal(text, err)
		}
		list, err := d.List(t.Context(), regexp.MustCompile(`\.csv$`))
		d.Close()
		if err != nil || len(list) != 1 || list[0].Path != "a/b/x.csv" || list[0].Size != 5 {
			t.Fatalf("%s: %v, %v", text, list, err)
		}
	}
	w.Abort()
	files, err := os.ReadDir(filepath.Join(p.Root, "a/b"))
	if err != nil || len(files) != 1 {
		t.Fatalf("an aborted file left something: %v, %v", files, err)
	}
}

func TestS3(t *testing.T) {
	s := cloudtest.NewS3(t)
	c := s.Provider()
	conn := map[string]string{"endpoint": c.Endpoint, "region": c.Region, "access_key_id": c.AccessKeyID, "secret_access_key": string(c.SecretAccessKey)}
	p := &Places{}
	l, err := p.Open(t.Context(), "s3://"+c.Bucket+"/dir/x.json", conn)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := put(t, l, l.Path(), "hello"); err != nil {
		t.Fatal(err)
	}
	if s, err := get(t, l, l.Path()); err != nil || s != "hello" {
		t.Fatalf("%q, %v", s, err)
	}
	d, err := p.Open(t.Context(), "s3://"+c.Bucket+"/dir/", conn)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if list, err := d.List(t.Context(), nil); err != nil || len(list) != 1 || list[0].Path != "dir/x.json" {
		t.Fatalf("%v, %v", list, err)
	}
	conn["password"] = "x"
	if _, err := p.Open(t.Context(), "s3://b/k", conn); !errs.Is(err, errs.InvalidArguments) {
		t.Fatalf("an unknown connection key: %v", err)
	}
}

package auth

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

const (
	nativeOf123456 = "mysql_native_password:6bb4837eb74329105ee4568dda7dc67ed2ca2ad9"
	pbkdf2OfPass   = "pbkdf2_sha256:4096:73616c74:c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"
	scramOfPass    = "pg_scram_sha256:4096:73616c74:945e1c466fc9932efadc23781edc5d1e78d5e10f005933652af1a6105154f084:b9bf0e811b1fb6793671c0cc3adedf7c75cd72291191092ad65878c5a02aad2c"
)

func TestKnownHashes(t *testing.T) {
	if h := nativeHash("123456"); "mysql_native_password:"+hex.EncodeToString(h[:]) != nativeOf123456 {
		t.Errorf("native hash %x", h)
	}
	for _, text := range []string{pbkdf2OfPass, scramOfPass, "password", "plain:password"} {
		p, err := ParsePassword(text)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := p.Verify("password"); !ok || err != nil {
			t.Errorf("%s: the right password: %v %v", text, ok, err)
		}
		if ok, _ := p.Verify("Password"); ok {
			t.Errorf("%s: a wrong password is taken", text)
		}
	}
	_, server := scramKeys("password", []byte("salt"), 4096)
	if !strings.HasSuffix(scramOfPass, hex.EncodeToString(server[:])) {
		t.Errorf("server key %x", server)
	}
	p, _ := ParsePassword(nativeOf123456)
	if _, err := p.Verify("123456"); !errs.Is(err, errs.UnsupportedPasswordType) {
		t.Errorf("clear against a native hash: %v", err)
	}
}

func TestHashIsRead(t *testing.T) {
	for _, form := range Forms() {
		text, err := Hash(form, "a=b:c")
		if err != nil {
			t.Fatal(err)
		}
		u, err := parseUser("joe:ro=" + text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if u.Name != "joe" || u.Rights != model.ReadOnly {
			t.Errorf("%+v", u)
		}
		if form == "mysql_native_password" {
			if h, ok := u.Password.NativeHash(); !ok || len(h) != 20 {
				t.Error("no hash")
			}
			continue
		}
		if ok, err := u.Password.Verify("a=b:c"); !ok || err != nil {
			t.Errorf("%s: %v %v", text, ok, err)
		}
	}
	if _, err := Hash("md5", "x"); err == nil {
		t.Error("md5 is no form")
	}
}

func TestBadPasswords(t *testing.T) {
	for _, s := range []string{"", "plain:", "pbkdf2_sha256:0:00:" + strings.Repeat("00", 32), "pbkdf2_sha256:1000001:00:" + strings.Repeat("00", 32),
		"pbkdf2_sha256:1::" + strings.Repeat("00", 32), "pbkdf2_sha256:1:00:00", "pbkdf2_sha256:1:00", "mysql_native_password:12", "pg_scram_sha256:1:00:" + strings.Repeat("00", 32),
		"pbkdf2_sha256:1:" + strings.Repeat("00", 1025) + ":" + strings.Repeat("00", 32)} {
		if _, err := ParsePassword(s); !errs.Is(err, errs.InvalidArguments) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestProviders(t *testing.T) {
	ctx := context.Background()
	u, err := Open("static_user_provider:cmd:root=pw,reader:RO=x=y,writer:writeonly="+pbkdf2OfPass, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		user, password string
		rights         model.Rights
		code           errs.Code
	}{
		{"root", "pw", model.ReadWrite, errs.Success}, {"reader", "x=y", model.ReadOnly, errs.Success}, {"writer", "password", model.WriteOnly, errs.Success},
		{"writer", "password", model.WriteOnly, errs.Success}, {"writer", "passwort", 0, errs.UserPasswordMismatch}, {"root", "pW", 0, errs.UserPasswordMismatch},
		{"nobody", "nobody", 0, errs.UserNotFound}, {"root", "", 0, errs.InvalidArguments}, {"", "pw", 0, errs.InvalidArguments},
	} {
		user, err := u.Check(ctx, c.user, c.password)
		if errs.CodeOf(err) != c.code || err == nil && user.Rights != c.rights {
			t.Errorf("%s %s: %v %v", c.user, c.password, user, err)
		}
	}
	if u.AllSCRAM() {
		t.Error("a user with pbkdf2 cannot do SCRAM")
	}
	for _, bad := range []string{"", "x", "static_user_provider", "static_user_provider:db:x", "static_user_provider:cmd:a=b,c", "static_user_provider:cmd:a:king=b",
		"static_user_provider:file:/does/not/exist", "watch_file_user_provider:/does/not/exist"} {
		if _, err := Open(bad, Options{}); !errs.Is(err, errs.InvalidArguments) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := Open("static_user_provider:cmd:a=secret,c", Options{}); strings.Contains(err.Error(), "secret") {
		t.Errorf("the error tells a password: %v", err)
	}
}

func TestWatchedFile(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "users")
	write := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Unix(1000, 0)
	write("# users\n\nann=one\nthis line is wrong\nbob:king=x\n", now)
	u, err := Open("watch_file_user_provider:"+path, Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	try := func(password string, want errs.Code) {
		t.Helper()
		if _, err := u.Check(ctx, "ann", password); errs.CodeOf(err) != want {
			t.Errorf("%s: %v, want %v", password, err, want)
		}
	}
	try("one", errs.Success)
	write("ann=two\n", now.Add(time.Second))
	try("one", errs.Success) // not looked at yet
	now = now.Add(2 * time.Second)
	try("one", errs.UserPasswordMismatch)
	try("two", errs.Success)
	write("nothing of use\n", now.Add(time.Second))
	now = now.Add(2 * time.Second)
	try("two", errs.Success)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Second)
	try("two", errs.Success)
	static, err := Open("static_user_provider:cmd:a=b", Options{})
	if err != nil || !static.AllSCRAM() {
		t.Error(err)
	}
}

func TestSCRAMOfNobody(t *testing.T) {
	u, _ := Open("static_user_provider:cmd:a=b", Options{})
	one, user, ok := u.SCRAM("ghost")
	two, _, _ := u.SCRAM("ghost")
	other, _, _ := u.SCRAM("spirit")
	if !ok || user != nil || string(one.Salt) != string(two.Salt) || string(one.Salt) == string(other.Salt) || one.StoredKey != two.StoredKey {
		t.Errorf("%v %v %v", one, two, other)
	}
	real1, user, ok := u.SCRAM("a")
	real2, _, _ := u.SCRAM("a")
	if !ok || user == nil || real1.StoredKey != real2.StoredKey || string(real1.Salt) != string(real2.Salt) || real1.Iterations != one.Iterations || len(real1.Salt) != len(one.Salt) {
		t.Errorf("%v %v", real1, user)
	}
}

// TestSaltsLast: what a client of SCRAM sees is the same after a restart, and for most strangers also when users come and go.
func TestSaltsLast(t *testing.T) {
	open := func(secret, users string) *Users {
		t.Helper()
		u, err := Open("static_user_provider:cmd:"+users, Options{Secret: []byte(secret)})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	salt := func(u *Users, name string) string {
		keys, _, _ := u.SCRAM(name)
		return string(keys.Salt)
	}
	one, again, other := open("one", "a=b"), open("one", "a=b"), open("two", "a=b")
	for _, name := range []string{"a", "ghost"} {
		if salt(one, name) != salt(again, name) {
			t.Errorf("the salt of %s changed with a start", name)
		}
		if salt(one, name) == salt(other, name) {
			t.Errorf("the salt of %s does not depend on the secret", name)
		}
	}
	keys := strings.Repeat("01", 32)
	scram := func(name string, iterations int) string {
		return fmt.Sprintf("%s=pg_scram_sha256:%d:ab:%s:%s", name, iterations, keys, keys)
	}
	few := open("one", scram("a", 1)+","+scram("b", 2))
	more := open("one", scram("a", 1)+","+scram("b", 2)+","+scram("c", 3))
	for i := range 50 {
		name := fmt.Sprint("ghost ", i)
		before, _, _ := few.SCRAM(name)
		after, _, _ := more.SCRAM(name)
		if after.Iterations != before.Iterations && after.Iterations != 3 {
			t.Errorf("%s resembled user %d, and with a new user resembles user %d", name, before.Iterations, after.Iterations)
		}
	}
}

func FuzzParseUser(f *testing.F) {
	for _, s := range []string{"a=b", "a:ro=b", "a=" + pbkdf2OfPass, "a=" + scramOfPass, "a=" + nativeOf123456, "=", ":=", "a:x=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := parseUser(s)
		if err == nil && u.Name == "" {
			t.Error("a user without a name")
		}
	})
}

// TestStrangersLookLikeUsers: what a client can see of a name that nobody has is what it sees of one that somebody has.
func TestStrangersLookLikeUsers(t *testing.T) {
	salt := strings.Repeat("ab", 24)
	keys := strings.Repeat("01", 32)
	u, err := Open("static_user_provider:cmd:a=pg_scram_sha256:9000:"+salt+":"+keys+":"+keys+",b=pg_scram_sha256:9000:"+salt+":"+keys+":"+keys, Options{})
	if err != nil {
		t.Fatal(err)
	}
	known, user, ok := u.SCRAM("a")
	if user == nil || !ok {
		t.Fatal("a is nobody")
	}
	first, user, ok := u.SCRAM("ghost")
	again, _, _ := u.SCRAM("ghost")
	other, _, _ := u.SCRAM("ghost 2")
	if user != nil || !ok || first.Iterations != known.Iterations || len(first.Salt) != len(known.Salt) {
		t.Errorf("%v looks unlike %v", first, known)
	}
	if !slices.Equal(first.Salt, again.Salt) || slices.Equal(first.Salt, other.Salt) {
		t.Error("the salt of a name is not its own")
	}
	if p := u.Resembled("ghost"); !p.slow() {
		t.Error("a ghost is refused sooner than a user")
	}
}

package auth

import (
	"bufio"
	"bytes"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// source gives the users of the moment by name; the map is not changed.
type source interface{ users() map[string]*User }

// Options of Open.
type Options struct {
	Log *slog.Logger     // nil: silent
	Now func() time.Time // nil: the system's clock
	// Secret is what the salts are made from that clients of SCRAM-SHA-256 are shown: those of passwords kept in clear, and of names that
	// nobody has. As long as it stays, they stay; a salt that changed with each start would tell that there is no hash behind it. It has
	// 32 random bytes or more. Nil: one of this process.
	Secret []byte
}

// Open reads the users that a provider names:
//
//	static_user_provider:file:<path>           read once
//	static_user_provider:cmd:u1=p1,u2=p2       in place
//	watch_file_user_provider:<path>            read again when it changes; a file that cannot be read leaves things as they are
//
// A file has a user a line, "user=password" or "user:mode=password"; blank lines and those that begin with # are left out, and so, with
// a warning, are those that cannot be read. See ParsePassword for passwords, and mode for modes.
func Open(provider string, o Options) (*Users, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	name, rest, _ := strings.Cut(provider, ":")
	switch name {
	case "static_user_provider":
		kind, what, ok := strings.Cut(rest, ":")
		if !ok {
			break
		}
		switch kind {
		case "file":
			users, err := readFile(what, o.Log)
			if err != nil {
				return nil, err
			}
			return newUsers(static(users), o.Secret), nil
		case "cmd":
			users, err := parseList(what)
			if err != nil {
				return nil, err
			}
			return newUsers(static(users), o.Secret), nil
		}
	case "watch_file_user_provider":
		w := &watched{path: rest, log: o.Log, now: o.Now}
		w.stamp, w.looked = stampOf(rest), o.Now()
		var err error
		if w.last, err = readFile(rest, o.Log); err != nil {
			return nil, err
		}
		return newUsers(w, o.Secret), nil
	}
	return nil, errs.New(errs.InvalidArguments, "user_provider must be static_user_provider:file:<path>, static_user_provider:cmd:<user=password,…> or watch_file_user_provider:<path>, not %q", Redact(provider))
}

// Redact leaves passwords out of a provider's text.
func Redact(provider string) string {
	const cmd = "static_user_provider:cmd:"
	if strings.HasPrefix(provider, cmd) {
		return cmd + "***"
	}
	return provider
}

type static map[string]*User

func (s static) users() map[string]*User { return s }

func parseList(s string) (map[string]*User, error) {
	users := map[string]*User{}
	for i, pair := range strings.Split(s, ",") {
		u, err := parseUser(pair)
		if err != nil {
			return nil, errs.Wrap(errs.InvalidArguments, err, "user_provider: pair %d", i+1)
		}
		users[u.Name] = u
	}
	return users, nil
}

// parseUser reads "user[:mode]=password". Everything behind the first "=" is the password.
func parseUser(s string) (*User, error) {
	name, password, ok := strings.Cut(s, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		return nil, bad("want user=password or user:mode=password")
	}
	u := &User{Name: name}
	if n, word, ok := strings.Cut(name, ":"); ok {
		m, err := mode(word)
		if err != nil {
			return nil, err
		}
		u.Name, u.Rights = n, m
	}
	if u.Name == "" {
		return nil, bad("the user's name is empty")
	}
	var err error
	u.Password, err = ParsePassword(password)
	return u, err
}

// mode reads what a user may do.
func mode(word string) (model.Rights, error) {
	switch strings.ToLower(word) {
	case "rw", "readwrite", "read_write":
		return model.ReadWrite, nil
	case "ro", "readonly", "read_only":
		return model.ReadOnly, nil
	case "wo", "writeonly", "write_only":
		return model.WriteOnly, nil
	}
	return 0, bad("mode %q is none of rw, ro, wo", word)
}

// readFile reads a file of users; lines that cannot be read are logged without what they say, which may be a password.
func readFile(path string, log *slog.Logger) (map[string]*User, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, errs.Wrap(errs.InvalidArguments, err, "user_provider")
	}
	users := map[string]*User{}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		u, err := parseUser(line)
		if err != nil {
			log.Warn("users: line left out", "file", path, "line", n, "err", err)
			continue
		}
		users[u.Name] = u
	}
	if err := lines.Err(); err != nil {
		return nil, errs.Wrap(errs.InvalidArguments, err, "user_provider: read %s", path)
	}
	if len(users) == 0 {
		return nil, errs.New(errs.InvalidArguments, "user_provider: %s names no user; want lines of user=password", path)
	}
	return users, nil
}

// lookAgain is how often, at most, logins look whether a watched file has changed.
const lookAgain = time.Second

type stamp struct {
	size int64
	time time.Time
}

func stampOf(path string) (s stamp) {
	if fi, err := os.Stat(path); err == nil {
		s = stamp{fi.Size(), fi.ModTime()}
	}
	return s
}

// watched is a file that is looked at when somebody logs in.
type watched struct {
	path string
	log  *slog.Logger
	now  func() time.Time

	mu     sync.Mutex
	last   map[string]*User // the last good ones
	stamp  stamp            // of the file when it was last read, well or not
	looked time.Time
}

func (w *watched) users() map[string]*User {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.now(); now.Sub(w.looked) >= lookAgain {
		w.looked = now
		if s := stampOf(w.path); s != w.stamp {
			w.stamp = s
			if users, err := readFile(w.path, w.log); err != nil {
				w.log.Error("users: the changed file cannot be read, the last good users stay", "err", err)
			} else {
				w.log.Info("users: read again", "file", w.path, "users", len(users))
				w.last = users
			}
		}
	}
	return w.last
}

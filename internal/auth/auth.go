// Package auth knows users: who they are, how they prove it, and what they may do. Protocols ask it; nobody else does.
//
//	auth.go      Users: the door;  lookups, checks of clear passwords
//	provider.go  where users come from: a file, a watched file, the command line
//	password.go  the forms in which passwords are kept, and how each is checked and made
//
// A password is kept as the provider gives it: in clear, or as something from which it cannot be told. What is kept decides in which
// ways a user can log in, see Password.
package auth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"strconv"
	"sync"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// User is one user. It is immutable.
type User struct {
	Name     string
	Rights   model.Rights
	Password Password
}

// Users is the users of one provider. It is safe for concurrent use.
type Users struct {
	source source
	secret [sha256.Size]byte // what salts, keys of users who are not there and remembered checks are made from

	mu sync.Mutex
	// known remembers the last clear password that was right for a user, as a keyed hash: checks of slow hashes come with every request
	// of HTTP.
	known map[string]remembered
}

type remembered struct {
	user *User // as it was then; another one has to prove itself again
	hash [sha256.Size]byte
}

func newUsers(s source, secret []byte) *Users {
	u := &Users{source: s, known: map[string]remembered{}}
	if len(secret) == 0 {
		rand.Read(u.secret[:])
	} else {
		u.secret = sha256.Sum256(secret)
	}
	return u
}

// Find gives a user; for one that does not exist the error is errs.UserNotFound.
func (u *Users) Find(name string) (*User, error) {
	if user := u.source.users()[name]; user != nil {
		return user, nil
	}
	return nil, errs.New(errs.UserNotFound, "User not found, username: %s", name)
}

// Resembled gives the password of the user whom a name that nobody has shall resemble, the same one each time: who it is asks for the same
// exchange, and takes the same time, as somebody would. Users who come and go change it for the few names that resemble them: it is the
// user whose hash together with the name is the greatest.
func (u *Users) Resembled(name string) Password {
	password, most := nobody, []byte(nil)
	for other, user := range u.source.users() {
		if n := u.key("likeness to "+other, name); bytes.Compare(n, most) > 0 {
			password, most = user.Password, n
		}
	}
	return password
}

// Check checks a clear password and gives the user. Its errors are errs.UserNotFound, errs.UserPasswordMismatch,
// errs.UnsupportedPasswordType, or errs.InvalidArguments where name or password is empty.
func (u *Users) Check(ctx context.Context, name, password string) (*User, error) {
	if name == "" || password == "" {
		return nil, errs.New(errs.InvalidArguments, "Username or password is empty")
	}
	user, err := u.Find(name)
	if err != nil {
		other := u.Resembled(name)
		other.Verify(password) // as long as for somebody
		return nil, err
	}
	if !user.Password.slow() {
		return user, check(user, password)
	}
	hash := u.remember(name, password)
	u.mu.Lock()
	last, ok := u.known[name]
	u.mu.Unlock()
	if ok && last.user == user && subtle.ConstantTimeCompare(last.hash[:], hash[:]) == 1 {
		return user, nil
	}
	if err := check(user, password); err != nil {
		return nil, err
	}
	u.mu.Lock()
	u.known[name] = remembered{user, hash}
	u.mu.Unlock()
	return user, nil
}

func check(user *User, password string) error {
	ok, err := user.Password.Verify(password)
	if err != nil {
		return err
	}
	if !ok {
		return Mismatch(user.Name)
	}
	return nil
}

// Mismatch is the error of a wrong password.
func Mismatch(name string) error {
	return errs.New(errs.UserPasswordMismatch, "Username and password does not match, username: %s", name)
}

func (u *Users) remember(name, password string) (out [sha256.Size]byte) {
	h := hmac.New(sha256.New, u.secret[:])
	h.Write([]byte(name))
	h.Write([]byte{0})
	h.Write([]byte(password))
	h.Sum(out[:0])
	return out
}

// AllSCRAM reports whether every user can log in by SCRAM-SHA-256; if one cannot, PostgreSQL's clients are asked for clear passwords.
func (u *Users) AllSCRAM() bool {
	for _, user := range u.source.users() {
		if _, ok := user.Password.SCRAM(nil); !ok {
			return false
		}
	}
	return true
}

// SCRAM gives a user's keys for SCRAM-SHA-256. For a name that nobody has they are made up, the same each time, and user is nil: the
// exchange then takes its usual course and fails at the end, so that clients do not learn who exists.
func (u *Users) SCRAM(name string) (keys SCRAMKeys, user *User, ok bool) {
	made := u.key("salt", name)
	if user, err := u.Find(name); err == nil {
		keys, ok := user.Password.SCRAM(made[:scramSaltLen])
		return keys, user, ok
	}
	keys = SCRAMKeys{Iterations: scramIterations, Salt: made[:scramSaltLen]}
	if p := u.Resembled(name); p.form == pgSCRAM {
		keys.Iterations = p.iterations
		for len(keys.Salt) < len(p.salt) {
			keys.Salt = append(keys.Salt, u.key("more salt of "+strconv.Itoa(len(keys.Salt)), name)...)
		}
		keys.Salt = keys.Salt[:len(p.salt)]
	}
	copy(keys.StoredKey[:], u.key("stored", name))
	copy(keys.ServerKey[:], u.key("server", name))
	return keys, nil, true
}

func (u *Users) key(kind, name string) []byte {
	h := hmac.New(sha256.New, u.secret[:])
	h.Write([]byte(kind + " key of " + name))
	return h.Sum(nil)
}

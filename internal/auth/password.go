package auth

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Password is a password as it is kept.
//
//	form                     clear passwords (HTTP, …)   MySQL's proof   SCRAM-SHA-256
//	plain                    yes                         yes             yes
//	pbkdf2_sha256            yes                         no              no
//	mysql_native_password    no                          yes             no
//	pg_scram_sha256          yes                         no              yes
type Password struct {
	form       form
	clear      string
	iterations int
	salt       []byte
	hash       []byte // of pbkdf2_sha256, mysql_native_password; StoredKey of pg_scram_sha256
	serverKey  []byte

	derived *derivedKeys // of plain: SCRAM's keys, made once
}

type form uint8

const (
	plain form = iota
	pbkdf2SHA256
	mysqlNative
	pgSCRAM
)

var formNames = [...]string{"plain", "pbkdf2_sha256", "mysql_native_password", "pg_scram_sha256"}

// Forms are the names of the forms in which a password can be kept.
func Forms() []string { return formNames[:] }

const (
	maxIterations   = 1_000_000
	maxSalt         = 1024
	scramIterations = 4096
	scramSaltLen    = 16
	// hashIterations is what New takes for pbkdf2_sha256.
	hashIterations = 100_000
)

// nobody is whose password is checked where there is no user.
var nobody = Password{form: plain, clear: "nobody"}

// ParsePassword reads a password as a provider writes it: "form:…", or in clear.
func ParsePassword(s string) (Password, error) {
	name, rest, ok := strings.Cut(s, ":")
	if !ok {
		return clearPassword(s)
	}
	switch name {
	case formNames[plain]:
		return clearPassword(rest)
	case formNames[pbkdf2SHA256]:
		p, keys, err := parseKeys(name, rest, 1, sha256.Size)
		if err != nil {
			return Password{}, err
		}
		p.form, p.hash = pbkdf2SHA256, keys[0]
		return p, nil
	case formNames[mysqlNative]:
		h, err := hex.DecodeString(rest)
		if err != nil || len(h) != sha1.Size {
			return Password{}, bad("%s: want %d bytes in hex", name, sha1.Size)
		}
		return Password{form: mysqlNative, hash: h}, nil
	case formNames[pgSCRAM]:
		p, keys, err := parseKeys(name, rest, 2, sha256.Size)
		if err != nil {
			return Password{}, err
		}
		p.form, p.hash, p.serverKey = pgSCRAM, keys[0], keys[1]
		return p, nil
	}
	return clearPassword(s)
}

func bad(format string, args ...any) error { return errs.New(errs.InvalidArguments, format, args...) }

func clearPassword(s string) (Password, error) {
	if s == "" {
		return Password{}, bad("the password is empty")
	}
	return Password{form: plain, clear: s, derived: &derivedKeys{}}, nil
}

// parseKeys reads "iterations:salt:key…".
func parseKeys(name, s string, n, size int) (p Password, keys [][]byte, err error) {
	parts := strings.Split(s, ":")
	if len(parts) != n+2 {
		return p, nil, bad("%s: want iterations, salt and %d key(s) with colons between", name, n)
	}
	if p.iterations, err = strconv.Atoi(parts[0]); err != nil || p.iterations < 1 || p.iterations > maxIterations {
		return p, nil, bad("%s: iterations must be 1 to %d", name, maxIterations)
	}
	if p.salt, err = hex.DecodeString(parts[1]); err != nil || len(p.salt) < 1 || len(p.salt) > maxSalt {
		return p, nil, bad("%s: the salt must be 1 to %d bytes in hex", name, maxSalt)
	}
	for _, k := range parts[2:] {
		b, err := hex.DecodeString(k)
		if err != nil || len(b) != size {
			return p, nil, bad("%s: a key must be %d bytes in hex", name, size)
		}
		keys = append(keys, b)
	}
	return p, keys, nil
}

// Hash writes a clear password in a form that ParsePassword reads, with a new salt.
func Hash(formName, password string) (string, error) {
	if password == "" {
		return "", bad("the password is empty")
	}
	salt := make([]byte, scramSaltLen)
	rand.Read(salt)
	switch formName {
	case formNames[plain]:
		return "plain:" + password, nil
	case formNames[pbkdf2SHA256]:
		return fmt.Sprintf("%s:%d:%x:%x", formName, hashIterations, salt, derive(password, salt, hashIterations)), nil
	case formNames[mysqlNative]:
		return fmt.Sprintf("%s:%x", formName, nativeHash(password)), nil
	case formNames[pgSCRAM]:
		stored, server := scramKeys(password, salt, scramIterations)
		return fmt.Sprintf("%s:%d:%x:%x:%x", formName, scramIterations, salt, stored, server), nil
	}
	return "", bad("%q is none of %s", formName, strings.Join(formNames[:], ", "))
}

func derive(password string, salt []byte, iterations int) []byte {
	k, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil { // lengths are ours
		panic(err)
	}
	return k
}

// nativeHash is SHA1(SHA1(password)).
func nativeHash(password string) [sha1.Size]byte {
	h := sha1.Sum([]byte(password))
	return sha1.Sum(h[:])
}

// scramKeys are StoredKey and ServerKey of RFC 5802.
func scramKeys(password string, salt []byte, iterations int) (stored, server [sha256.Size]byte) {
	salted := derive(password, salt, iterations)
	mac := func(text string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored = sha256.Sum256(mac("Client Key"))
	copy(server[:], mac("Server Key"))
	return stored, server
}

// Verify checks a clear password, in a time that does not depend on how much of it is right.
func (p *Password) Verify(password string) (bool, error) {
	switch p.form {
	case plain:
		a, b := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(p.clear)) // of equal length
		return subtle.ConstantTimeCompare(a[:], b[:]) == 1, nil
	case pbkdf2SHA256:
		return subtle.ConstantTimeCompare(derive(password, p.salt, p.iterations), p.hash) == 1, nil
	case pgSCRAM:
		stored, _ := scramKeys(password, p.salt, p.iterations)
		return subtle.ConstantTimeCompare(stored[:], p.hash) == 1, nil
	}
	return false, errs.New(errs.UnsupportedPasswordType, "the user's password is kept as %s, which clear passwords cannot be checked with", formNames[p.form])
}

func (p *Password) slow() bool { return p.form == pbkdf2SHA256 || p.form == pgSCRAM }

// Clear is the password itself, where that is kept.
func (p *Password) Clear() (string, bool) { return p.clear, p.form == plain }

// NativeHash is SHA1(SHA1(password)), where that is kept.
func (p *Password) NativeHash() ([]byte, bool) { return p.hash, p.form == mysqlNative }

// SCRAMKeys are what a server keeps of a password for SCRAM-SHA-256.
type SCRAMKeys struct {
	Iterations           int
	Salt                 []byte
	StoredKey, ServerKey [sha256.Size]byte
}

// SCRAM gives the keys. Where the password is kept in clear they are made with the salt; it must be the same each time.
func (p *Password) SCRAM(salt []byte) (keys SCRAMKeys, ok bool) {
	switch p.form {
	case plain:
		if salt == nil {
			return keys, true
		}
		return p.derived.get(p.clear, salt), true
	case pgSCRAM:
		keys = SCRAMKeys{Iterations: p.iterations, Salt: p.salt}
		copy(keys.StoredKey[:], p.hash)
		copy(keys.ServerKey[:], p.serverKey)
		return keys, true
	}
	return keys, false
}

// derivedKeys are the keys of a clear password: 4096 rounds are too many for each login.
type derivedKeys struct {
	once sync.Once
	keys SCRAMKeys
}

func (d *derivedKeys) get(clear string, salt []byte) SCRAMKeys {
	d.once.Do(func() {
		d.keys = SCRAMKeys{Iterations: scramIterations, Salt: salt}
		d.keys.StoredKey, d.keys.ServerKey = scramKeys(clear, salt, scramIterations)
	})
	return d.keys
}

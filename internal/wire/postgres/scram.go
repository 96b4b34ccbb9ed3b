package postgres

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ScramName is the name of the mechanism.
const ScramName = "SCRAM-SHA-256"

// ScramKeys are what a server knows of a user's password (RFC 5802, RFC 7677).
type ScramKeys struct {
	Iterations int
	Salt       []byte
	StoredKey  [sha256.Size]byte
	ServerKey  [sha256.Size]byte
}

// Errors of an exchange.
var (
	ErrScram      = errors.New("malformed SCRAM message")
	ErrScramProof = errors.New("the proof of the password is wrong")
)

// Scram is one exchange: First, then Final.
type Scram struct {
	keys        ScramKeys
	gs2         string // the client's header, which it must repeat
	clientFirst string // without the header
	serverFirst string
	nonce       string
}

// NewScram starts an exchange with a user whose keys are given.
func NewScram(keys ScramKeys) *Scram { return &Scram{keys: keys} }

// First takes the client's first message and gives the server's.
func (s *Scram) First(msg []byte) ([]byte, error) {
	var own [18]byte
	rand.Read(own[:])
	return s.first(msg, base64.StdEncoding.EncodeToString(own[:]))
}

func (s *Scram) first(msg []byte, own string) ([]byte, error) {
	// gs2-cbind-flag "," [authzid] "," [reserved ","] username "," nonce ["," extensions]
	flag, rest, ok := strings.Cut(string(msg), ",")
	if !ok || flag != "n" && flag != "y" {
		return nil, fmt.Errorf("%w: channel binding %q was not offered", ErrScram, flag)
	}
	authz, bare, ok := strings.Cut(rest, ",")
	if !ok || authz != "" && !strings.HasPrefix(authz, "a=") {
		return nil, fmt.Errorf("%w: no authorization identity", ErrScram)
	}
	s.gs2, s.clientFirst = flag+","+authz+",", bare
	parts := strings.Split(bare, ",")
	if len(parts) < 2 || !strings.HasPrefix(parts[0], "n=") || !strings.HasPrefix(parts[1], "r=") || len(parts[1]) < 10 {
		return nil, fmt.Errorf("%w: no user name and nonce", ErrScram)
	}
	s.nonce = parts[1][2:] + own
	s.serverFirst = fmt.Sprintf("r=%s,s=%s,i=%d", s.nonce, base64.StdEncoding.EncodeToString(s.keys.Salt), s.keys.Iterations)
	return []byte(s.serverFirst), nil
}

// Final takes the client's last message, and gives the server's if the proof in it is right; ErrScramProof if not.
func (s *Scram) Final(msg []byte) ([]byte, error) {
	text := string(msg)
	at := strings.LastIndex(text, ",p=")
	if at < 0 {
		return nil, fmt.Errorf("%w: no proof", ErrScram)
	}
	proof, err := base64.StdEncoding.DecodeString(text[at+3:])
	if err != nil || len(proof) != sha256.Size {
		return nil, fmt.Errorf("%w: the proof is not %d bytes", ErrScram, sha256.Size)
	}
	parts := strings.Split(text[:at], ",")
	if len(parts) < 2 || parts[0] != "c="+base64.StdEncoding.EncodeToString([]byte(s.gs2)) {
		return nil, fmt.Errorf("%w: other channel binding than at first", ErrScram)
	}
	if subtle.ConstantTimeCompare([]byte(parts[1]), []byte("r="+s.nonce)) != 1 {
		return nil, fmt.Errorf("%w: other nonce than the server's", ErrScram)
	}
	message := s.clientFirst + "," + s.serverFirst + "," + text[:at]
	signature := mac(s.keys.StoredKey[:], message)
	for i := range proof {
		proof[i] ^= signature[i] // the client's key
	}
	stored := sha256.Sum256(proof)
	if subtle.ConstantTimeCompare(stored[:], s.keys.StoredKey[:]) != 1 {
		return nil, ErrScramProof
	}
	return []byte("v=" + base64.StdEncoding.EncodeToString(mac(s.keys.ServerKey[:], message))), nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

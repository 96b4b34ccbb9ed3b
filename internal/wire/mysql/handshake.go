package mysql

import (
	"encoding/binary"
	"errors"
)

// Names of ways to log in.
const (
	PluginNative      = "mysql_native_password"
	PluginCachingSHA2 = "caching_sha2_password"
	PluginClear       = "mysql_clear_password"
)

// SaltLen is the length of a server's challenge.
const SaltLen = 20

// Greeting is the first packet of a connection, from the server.
type Greeting struct {
	Version    string
	Connection uint32
	Salt       [SaltLen]byte // no zero bytes
	Caps       Capability
	Status     Status
	Plugin     string
}

// AppendTo appends the payload.
func (g *Greeting) AppendTo(dst []byte) []byte {
	dst = append(dst, 10)
	dst = append(append(dst, g.Version...), 0)
	dst = binary.LittleEndian.AppendUint32(dst, g.Connection)
	dst = append(append(dst, g.Salt[:8]...), 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(g.Caps))
	dst = append(dst, collationUTF8)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(g.Status))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(g.Caps>>16))
	dst = append(dst, SaltLen+1)
	dst = append(dst, make([]byte, 10)...)
	dst = append(append(dst, g.Salt[8:]...), 0)
	return append(append(dst, g.Plugin...), 0)
}

// Login is a client's answer to the greeting, or its request for encryption, or COM_CHANGE_USER.
type Login struct {
	Caps      Capability
	MaxPacket uint32
	Collation byte
	TLS       bool // the client wants to encrypt before it says more; the rest is empty
	User      string
	Auth      []byte // the proof of the password; aliases the packet
	Database  string
	Plugin    string            // empty: the greeting's
	Attrs     map[string]string // nil if the client sent none
	ZstdLevel int               // 1 to 22, of ZstdCompress
}

// maxAttrs bounds the attributes that are kept: they are for people to read.
const maxAttrs = 64

// ParseLogin reads the client's answer to the greeting.
func ParseLogin(payload []byte) (*Login, error) {
	r := &reader{b: payload}
	l := &Login{}
	if len(payload) >= 2 {
		if low := Capability(binary.LittleEndian.Uint16(payload)); low&Protocol41 == 0 {
			return nil, errors.New("client speaks the protocol of before 4.1")
		}
	}
	l.Caps = Capability(r.u32())
	l.MaxPacket = r.u32()
	l.Collation = r.u8()
	r.take(23)
	if r.err != nil {
		return nil, r.err
	}
	if l.Caps&SSL != 0 && len(r.b) == 0 {
		l.TLS = true
		return l, nil
	}
	l.User = r.zero()
	switch {
	case l.Caps&PluginAuthLenEnc != 0:
		l.Auth = r.bytes()
	case l.Caps&SecureConnection != 0:
		l.Auth = r.take(int(r.u8()))
	default:
		l.Auth = []byte(r.zero())
	}
	if l.Caps&ConnectWithDB != 0 && len(r.b) > 0 {
		l.Database = r.rest()
	}
	if l.Caps&PluginAuth != 0 && len(r.b) > 0 {
		l.Plugin = r.rest()
	}
	if l.Caps&ConnectAttrs != 0 && len(r.b) > 0 {
		l.Attrs = attrs(r)
	}
	if l.Caps&ZstdCompress != 0 {
		l.ZstdLevel = defaultZstdLevel
		if r.err == nil && len(r.b) > 0 {
			if n := int(r.u8()); n >= 1 && n <= 22 {
				l.ZstdLevel = n
			}
		}
	}
	return l, r.err
}

// defaultZstdLevel is for clients that name none, as in MySQL.
const defaultZstdLevel = 3

// ParseChangeUser reads COM_CHANGE_USER without its first byte; caps are those of the connection.
func ParseChangeUser(payload []byte, caps Capability) (*Login, error) {
	r := &reader{b: payload}
	l := &Login{Caps: caps}
	l.User = r.zero()
	l.Auth = r.take(int(r.u8()))
	l.Database = r.rest()
	if len(r.b) >= 2 {
		l.Collation = byte(r.u16())
	}
	if caps&PluginAuth != 0 && len(r.b) > 0 {
		l.Plugin = r.rest()
	}
	if caps&ConnectAttrs != 0 && len(r.b) > 0 {
		l.Attrs = attrs(r)
	}
	return l, r.err
}

func attrs(r *reader) map[string]string {
	all := &reader{b: r.bytes()}
	if r.err != nil {
		return nil
	}
	out := map[string]string{}
	for len(all.b) > 0 && len(out) < maxAttrs {
		k, v := all.bytes(), all.bytes()
		if all.err != nil {
			r.err = all.err
			return nil
		}
		out[string(k)] = string(v)
	}
	return out
}

// AppendAuthSwitch appends a request to log in another way.
func AppendAuthSwitch(dst []byte, plugin string, salt [SaltLen]byte) []byte {
	dst = append(dst, 0xfe)
	dst = append(append(dst, plugin...), 0)
	return append(append(dst, salt[:]...), 0)
}

// AppendAuthMore appends a further step of a way to log in.
func AppendAuthMore(dst, data []byte) []byte { return append(append(dst, 1), data...) }

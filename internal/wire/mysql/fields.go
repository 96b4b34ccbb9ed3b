package mysql

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// errShort is a payload that ends before what it announced.
var errShort = errors.New("malformed packet: it ends too early")

// AppendLenEnc appends a length-encoded integer.
func AppendLenEnc(dst []byte, n uint64) []byte {
	switch {
	case n < 251:
		return append(dst, byte(n))
	case n < 1<<16:
		return append(dst, 0xfc, byte(n), byte(n>>8))
	case n < 1<<24:
		return append(dst, 0xfd, byte(n), byte(n>>8), byte(n>>16))
	}
	return binary.LittleEndian.AppendUint64(append(dst, 0xfe), n)
}

// AppendBytes appends a length-encoded string.
func AppendBytes[T string | []byte](dst []byte, s T) []byte {
	if len(s) < 251 {
		dst = append(dst, byte(len(s)))
	} else {
		dst = AppendLenEnc(dst, uint64(len(s)))
	}
	return append(dst, s...)
}

// reader reads the parts of a payload. The first error sticks; what is read after it is zero.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b) {
		if r.err == nil {
			r.err = errShort
		}
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) u8() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if b := r.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) lenEnc() uint64 {
	switch n := r.u8(); n {
	case 0xfb, 0xff:
		if r.err == nil {
			r.err = errors.New("malformed packet: not a length-encoded integer")
		}
		return 0
	case 0xfc:
		return uint64(r.u16())
	case 0xfd:
		b := r.take(3)
		if b == nil {
			return 0
		}
		return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16
	case 0xfe:
		return r.u64()
	default:
		return uint64(n)
	}
}

// bytes is a length-encoded string.
func (r *reader) bytes() []byte {
	n := r.lenEnc()
	if n > uint64(len(r.b)) {
		n = uint64(len(r.b)) + 1 // take says that it is too short
	}
	return r.take(int(n))
}

// zero is a string that a zero byte ends.
func (r *reader) zero() string {
	i := bytes.IndexByte(r.b, 0)
	if r.err != nil || i < 0 {
		if r.err == nil {
			r.err = errShort
		}
		return ""
	}
	s := string(r.b[:i])
	r.b = r.b[i+1:]
	return s
}

// rest is a string that a zero byte or the end of the packet ends: old clients leave the byte out.
func (r *reader) rest() string {
	if i := bytes.IndexByte(r.b, 0); i >= 0 {
		return r.zero()
	}
	s := string(r.b)
	r.b = nil
	return s
}

package mysql

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// maxPayload is the most bytes of one packet. One that is exactly full is followed by another, which may be empty.
const maxPayload = 1<<24 - 1

// flushBytes is how much the writer gathers before it writes: large enough that a system call costs little beside making the bytes.
const flushBytes = 64 << 10

// keepBytes is the largest buffer that is kept between packets; a rare giant gives its memory back.
const keepBytes = 256 << 10

// ErrTooLarge is a payload over the limit. It has been read to its end, so that the connection can go on.
var ErrTooLarge = errors.New("packet is larger than max_allowed_packet")

// ErrSequence is a packet whose number is not the one expected: the two sides have lost each other.
var ErrSequence = errors.New("packets out of order")

// ReadPacket reads a whole payload, which may have come in several packets, into dst's memory. first is the number of the first packet,
// next the number that an answer starts with. With ErrTooLarge the numbers are valid. Memory grows with the bytes that arrive, not with the length that a
// header claims. started, if not nil, is called when the first header has arrived, and before every further piece.
func ReadPacket(r *bufio.Reader, dst []byte, limit int, started func()) (payload []byte, first, next byte, err error) {
	dst = dst[:0]
	tooLarge := false
	for n, piece := maxPayload, 0; n == maxPayload; piece++ {
		var h [4]byte
		if _, err := io.ReadFull(r, h[:]); err != nil {
			if piece > 0 {
				err = unexpected(err)
			}
			return nil, 0, 0, err
		}
		if piece == 0 {
			first = h[3]
		} else if h[3] != next {
			return nil, 0, 0, fmt.Errorf("%w: number %d where %d was due", ErrSequence, h[3], next)
		}
		next = h[3] + 1
		n = int(h[0]) | int(h[1])<<8 | int(h[2])<<16
		if len(dst)+n > limit {
			tooLarge = true
			dst = dst[:0]
		}
		for left := n; left > 0; {
			if started != nil {
				started()
			}
			k := min(left, flushBytes)
			if tooLarge {
				if _, err := r.Discard(k); err != nil {
					return nil, 0, 0, unexpected(err)
				}
			} else {
				at := len(dst)
				dst = grow(dst, k, left)
				if _, err := io.ReadFull(r, dst[at:]); err != nil {
					return nil, 0, 0, unexpected(err)
				}
			}
			left -= k
		}
	}
	if tooLarge {
		return dst[:0], first, next, ErrTooLarge
	}
	return dst, first, next, nil
}

// grow lengthens b by n bytes. Up to a megabyte of what is still to come is made room for at once.
func grow(b []byte, n, coming int) []byte {
	if cap(b)-len(b) < n {
		b = append(make([]byte, 0, max(2*cap(b), len(b)+min(coming, 1<<20))), b...)
	}
	return b[:len(b)+n]
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Writer gathers packets and writes them in large pieces. An error of the stream below sticks. It is used by one goroutine.
type Writer struct {
	w     io.Writer
	buf   []byte
	start int // of the packet that is being made, its header
	seq   byte
	err   error
}

// NewWriter makes a writer onto w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w, buf: make([]byte, 0, 4<<10)} }

// Reset sets the number of the next packet.
func (w *Writer) Reset(seq byte) { w.seq = seq }

// Seq is the number of the next packet.
func (w *Writer) Seq() byte { return w.seq }

// Err is the error of the stream below, if it had one: nothing can be sent any more.
func (w *Writer) Err() error { return w.err }

// Begin starts a packet: append its payload to what Begin returns and hand that to End, or drop it.
func (w *Writer) Begin() []byte {
	w.start = len(w.buf)
	return append(w.buf, 0, 0, 0, 0)
}

// End finishes the packet that Begin started. Now and then it writes what has been gathered.
func (w *Writer) End(b []byte) error {
	if w.err != nil {
		return w.err
	}
	n := len(b) - w.start - 4
	if n >= maxPayload {
		return w.long(b)
	}
	h := b[w.start:]
	h[0], h[1], h[2], h[3] = byte(n), byte(n>>8), byte(n>>16), w.seq
	w.seq++
	w.buf = b
	if len(b) >= flushBytes {
		return w.Flush()
	}
	return nil
}

// long writes a payload of several packets.
func (w *Writer) long(b []byte) error {
	payload := b[w.start+4:]
	w.buf = b[:w.start]
	if err := w.write(w.buf); err != nil {
		return err
	}
	for {
		n := min(len(payload), maxPayload)
		if err := w.write([]byte{byte(n), byte(n >> 8), byte(n >> 16), w.seq}); err != nil {
			return err
		}
		w.seq++
		for rest := payload[:n]; len(rest) > 0; { // in pieces, each with its own time limit below
			k := min(len(rest), keepBytes)
			if err := w.write(rest[:k]); err != nil {
				return err
			}
			rest = rest[k:]
		}
		payload = payload[n:]
		if n < maxPayload {
			break
		}
	}
	w.buf = make([]byte, 0, 4<<10)
	return nil
}

func (w *Writer) write(b []byte) error {
	if w.err == nil && len(b) > 0 {
		_, w.err = w.w.Write(b)
	}
	return w.err
}

// Flush writes what has been gathered.
func (w *Writer) Flush() error {
	err := w.write(w.buf)
	if cap(w.buf) > keepBytes {
		w.buf = make([]byte, 0, 4<<10)
	}
	w.buf = w.buf[:0]
	return err
}

package sst

import (
	"bytes"
	"math/rand"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// Frames of every mixture of blocks are read back by a decoder that knows nothing of how they were made.
func TestEntropyFrames(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	var c entropyCoder
	for i := range 400 {
		plane := []int{0, 1, 63, 700, 1023, 1024, 5000, 16383, 16384, 100_000, 140_000}[rnd.Intn(11)]
		lead := []int{0, 0, 6, 200}[rnd.Intn(4)]
		body := make([]byte, lead)
		rnd.Read(body)
		for range rnd.Intn(9) {
			p := make([]byte, max(plane, rnd.Intn(3000)*(1-min(plane, 1))))
			switch rnd.Intn(4) {
			case 0:
				rnd.Read(p)
			case 1:
				for k := range p {
					p[k] = byte(rnd.NormFloat64() * 3)
				}
			case 2:
				for k := range p {
					p[k] = byte(rnd.Intn(2))
				}
			}
			body = append(body, p...)
		}
		frame := c.append([]byte("x"), body, lead, plane)
		got, err := dec.DecodeAll(frame[1:], nil)
		if err != nil || !bytes.Equal(got, body) {
			t.Fatalf("case %d: %d bytes, planes of %d after %d: %d bytes came back, %v", i, len(body), plane, lead, len(got), err)
		}
	}
}

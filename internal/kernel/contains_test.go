package kernel

import (
	"bytes"
	"fmt"
	"math/rand"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// What is found in all strings at once is what each of them has.
func TestSelectContains(t *testing.T) {
	for seed := range 3000 {
		rnd := rand.New(rand.NewSource(int64(seed)))
		n, letters := rnd.Intn(200), 1+rnd.Intn(3)
		word := func(most int) []byte {
			w := make([]byte, rnd.Intn(most+1))
			for i := range w {
				w[i] = 'a' + byte(rnd.Intn(letters))
			}
			return w
		}
		data := word(5) // of rows before
		offsets := []uint32{uint32(len(data))}
		most := rnd.Intn(20)
		for range n {
			data = append(data, word(most)...)
			offsets = append(offsets, uint32(len(data)))
		}
		part := append(word(4), 'a')
		dst := model.NewBitmap(n)
		for i := range dst {
			dst[i] = rnd.Uint64()
		}
		SelectContains(dst, offsets, append(data, word(5)...), part)
		checkSelection(t, fmt.Sprintf("seed %d", seed), dst, n, func(i int) bool { return bytes.Contains(data[offsets[i]:offsets[i+1]], part) })
	}
}

func BenchmarkContains(b *testing.B) {
	const n = 8192
	rnd := rand.New(rand.NewSource(1))
	var data []byte
	offsets := []uint32{0}
	for i := range n {
		data = fmt.Appendf(data, "GET /api/v1/items/%d HTTP/1.1 %d user=%x", rnd.Intn(1e6), 200+rnd.Intn(5), rnd.Int63())
		if i%1000 == 7 {
			data = append(data, " timeout"...)
		}
		offsets = append(offsets, uint32(len(data)))
	}
	dst := model.NewBitmap(n)
	for _, part := range []string{"timeout", "items"} {
		b.Run("at once/"+part, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				SelectContains(dst, offsets, data, []byte(part))
			}
		})
		b.Run("one by one/"+part, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				SelectFunc(dst, n, func(i int) bool { return bytes.Contains(data[offsets[i]:offsets[i+1]], []byte(part)) })
			}
		})
	}
}

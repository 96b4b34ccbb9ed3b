package files

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Footers that claim to be longer than the file, or lists longer than the footer, are refused before memory is taken for them.
func TestLyingFooters(t *testing.T) {
	for name, footer := range map[string][]byte{
		"schema of 2^31 elements":  {0x15, 0x02, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07},
		"row groups of no columns": {0x15, 0x02, 0x19, 0x0c, 0x16, 0x00, 0x19, 0xfc, 0xff, 0xff, 0x7f},
		"structs without bytes":    append([]byte{0x15, 0x02, 0x19, 0xfc, 0x64}, bytes.Repeat([]byte{0}, 101)...),
		"nested without end":       bytes.Repeat([]byte{0x1c}, 1000),
		"cut off":                  {0x15},
	} {
		x := append([]byte("PAR1"), footer...)
		x = binary.LittleEndian.AppendUint32(x, uint32(len(footer)))
		x = append(x, "PAR1"...)
		for _, data := range [][]byte{x, append(binary.LittleEndian.AppendUint32(append([]byte("PAR1"), footer...), 1<<32-9), "PAR1"...)} {
			if _, err := openParquet(source(data)); !errs.Is(err, errs.InvalidArguments) {
				t.Errorf("%s: %v", name, err)
			}
			if n := testing.AllocsPerRun(1, func() { _, _ = openParquet(source(data)) }); n > 1000 {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
	}
}

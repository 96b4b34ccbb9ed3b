package diskcache

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"testing"
)

// Blocks that carry their own checksums, of any usual kind, are told apart.
func TestChecksumOfBlocksThatCarryChecksums(t *testing.T) {
	for name, poly := range map[string]uint32{"ieee": crc32.IEEE, "castagnoli": crc32.Castagnoli, "koopman": crc32.Koopman} {
		table := crc32.MakeTable(poly)
		seen := map[uint32]int{}
		for i := range 1000 {
			body := fmt.Appendf([]byte("magic"), "table %04d", i)
			body = binary.LittleEndian.AppendUint32(body, crc32.Checksum(body[5:], table))
			body = append(body, "footer"...)
			if j, ok := seen[checksum(body)]; ok {
				t.Fatalf("%s: blocks %d and %d have one checksum", name, i, j)
			}
			seen[checksum(body)] = i
		}
	}
}

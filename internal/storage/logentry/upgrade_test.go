package logentry

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

var update = flag.Bool("update", false, "write the files of the present version anew")

// TestVersion1IsReadable decodes an entry of all types that the first version wrote.
func TestVersion1IsReadable(t *testing.T) {
	file := filepath.Join("..", "..", "..", "tests", "upgrade", "logentry", "v1", "entry.bin")
	ids, b := randomBatch(rand.New(rand.NewPCG(10, 20)), 50)
	if *update {
		p := Append(nil, b, ids, model.OpPut, 3)
		Stamp(p, 1000)
		if err := os.WriteFile(file, p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Decode(p)
	if err != nil || e.FirstSequence != 1000 || e.SchemaVersion != 3 || e.Rows.Len != 50 {
		t.Fatal(err, e)
	}
	for c, v := range b.Cols {
		for i := range b.Len {
			if want, got := v.At(i), e.Rows.Cols[c].At(i); want != got {
				t.Fatalf("%s row %d: %v became %v", v.Type, i, want, got)
			}
		}
	}
}

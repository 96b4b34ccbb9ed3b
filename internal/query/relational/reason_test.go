package relational

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// TestReason reads rows more slowly than they are made, so that the stream ends by an interrupt, and the reason has to be looked for.
func TestReason(t *testing.T) {
	db := open(t, Options{Threads: 2, MemoryLimit: 64 << 20})
	rows, err := db.Query(t.Context(), Statement{SQL: "SELECT CAST(CASE WHEN i = 1999999 THEN 'bad' ELSE '1' END AS INTEGER), i FROM range(2000000) t(i)"})
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for err == nil {
		b, e := rows.Next(t.Context())
		if err = e; err == nil {
			for range 20 {
				for _, v := range b.Cols[1].Ints {
					sum = sum*31 + v
				}
			}
		}
	}
	if errors.Is(err, io.EOF) || errs.CodeOf(err) != errs.EngineExecuteQuery || !strings.Contains(err.Error(), "'bad'") {
		t.Errorf("%v %v (%d)", errs.CodeOf(err), err, sum)
	}
	if err := rows.Close(); err != nil && !strings.Contains(err.Error(), "'bad'") {
		t.Error(err)
	}
	all(t, db, Statement{SQL: "SELECT 1"})
}

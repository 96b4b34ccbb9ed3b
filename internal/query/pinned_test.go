package query

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// TestSchemaChangesLater: a query sees the regions as they were when it began. A schema that changes after its first rows fails none of
// them, whichever half gives the rows and however many regions there are.
func TestSchemaChangesLater(t *testing.T) {
	for _, q := range []string{
		"SELECT host, n FROM cpu2", // two regions, read at once
		"SELECT host, n + 1 FROM cpu2 WHERE n IS NOT NULL",
		"SELECT host, n FROM cpu2 LIMIT 30",
		"SELECT host, n FROM cpu UNION ALL SELECT host, n FROM cpu2",
		"SELECT a.ts, b.ts, repeat(a.note, 3) FROM cpu a, cpu2 b, cpu2 c",
		"SELECT host FROM cpu UNION ALL SELECT dc FROM cpu2 WHERE false",
	} {
		w := newWorld(t)
		rows, err := w.engine.Query(context.Background(), w.sess, w.parse(q))
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		w.regions.mu.Lock()
		w.regions.outdated = true
		w.regions.mu.Unlock()
		n := 0
		for {
			b, err := rows.Next(context.Background())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%s: after %d rows: %v", q, n, err)
				break
			}
			n += b.Len
		}
		rows.Close()
		if n < 30 {
			t.Errorf("%s: %d rows", q, n)
		}
		if _, err := w.engine.plan(context.Background(), w.sess, w.parse(q), nil); err != nil {
			t.Error(err)
		}
		w.engine.Close()
		if w.regions.open != 0 {
			t.Errorf("%s: %d streams are open", q, w.regions.open)
		}
	}
}

// TestPinnedNotRead: a statement that ends before it has opened all of its sources leaves no stream open.
func TestPinnedNotRead(t *testing.T) {
	for _, q := range []string{
		"SELECT count(*) FROM cpu2 a JOIN cpu b ON a.n = b.n WHERE a.usage > 1e9 LIMIT 0",
		"SELECT a.ts FROM cpu2 a, cpu b WHERE a.n / 0 = b.n",
		"SELECT a.n FROM cpu2 a, cpu2 b LIMIT 1",
	} {
		w := newWorld(t)
		rows, err := w.engine.Query(context.Background(), w.sess, w.parse(q))
		if err == nil {
			_, err = rows.Next(context.Background())
			rows.Close()
		}
		if err != nil && !errors.Is(err, io.EOF) && !errs.Is(err, errs.EngineExecuteQuery) {
			t.Errorf("%s: %v", q, err)
		}
		w.engine.Close()
		if w.regions.open != 0 {
			t.Errorf("%s: %d streams are open", q, w.regions.open)
		}
	}
}

// refuse is what a region says whose schema has changed.
func (p *plainRegions) refuse(req contract.ScanRequest) error {
	if p.outdated {
		return errs.New(errs.RequestOutdated, "region %s has another schema", model.RegionID(req.Region))
	}
	return nil
}

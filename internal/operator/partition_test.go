package operator

import (
	"context"
	"errors"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// failAlter refuses to alter one region, once.
type failAlter struct {
	contract.RegionServer
	number uint32
	left   int
}

func (f *failAlter) Alter(ctx context.Context, req contract.AlterRegion) error {
	if req.ID.Number() == f.number && f.left > 0 {
		f.left--
		return errors.New("a disk that is gone")
	}
	return f.RegionServer.Alter(ctx, req)
}

// TestAlterOfSomeRegions: an ALTER that fails between two regions leaves them apart; the statement itself, the next ALTER and the next
// start all bring them together.
func TestAlterOfSomeRegions(t *testing.T) {
	for _, c := range []struct {
		name     string
		failures int
		restart  bool
	}{{"mended at once", 1, false}, {"by the next", 2, false}, {"by a restart", 2, true}} {
		t.Run(c.name, func(t *testing.T) {
			f := &failAlter{number: 1}
			n := newNode(t, func(o *Options) { f.RegionServer = o.Regions; o.Regions = f })
			do := func(text string) error {
				_, err := n.Execute(t.Context(), model.NewSession("test"), text)
				return err
			}
			if err := do(`CREATE TABLE t (host STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, v BIGINT) PARTITION ON COLUMNS (host) (host < 'c', host >= 'c');
				INSERT INTO t VALUES ('a', 1, 1), ('d', 1, 2)`); err != nil {
				t.Fatal(err)
			}
			f.left = c.failures
			if err := do("ALTER TABLE t ADD COLUMN w BIGINT"); err == nil {
				t.Fatal("no error")
			}
			f.left = 0
			if c.restart {
				n.stop()
				n.start(nil)
			} else if err := do("ALTER TABLE t ADD COLUMN x BIGINT"); err != nil {
				t.Fatal(err)
			}
			tab, err := n.catalog.Table("public", "t")
			if err != nil {
				t.Fatal(err)
			}
			if tab.Schema.ByName("w") == nil {
				t.Error("the column that the first region had got is not there")
			}
			for _, id := range tab.Regions {
				m, err := n.regions.Meta(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if m.Schema.Version != tab.Schema.Version {
					t.Errorf("region %s has version %d, the catalog %d", id, m.Schema.Version, tab.Schema.Version)
				}
			}
			if err := do("INSERT INTO t (host, ts, w) VALUES ('b', 2, 2), ('e', 2, 3)"); err != nil {
				t.Error(err)
			}
		})
	}
}

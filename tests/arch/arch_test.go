// Package arch keeps the house in order: which room may import which, and which room is the one home of a library. Each rule carries its
// reason, which is what the failing test prints.
package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/goptimedb/goptimedb/"

// floors gives every room its floor; a room imports only rooms of lower floors (and packages of its own room).
var floors = map[string]int{
	"internal/base": 0, "api": 0, "web": 0,
	"internal/model":  1,
	"internal/kernel": 2, "internal/contract": 2, "internal/sketch": 2,
	"internal/lang": 3, "internal/wire": 3, "internal/objectstore": 3, "internal/wal": 3, "internal/kv": 3, "internal/index": 3,
	"internal/auth": 3, "internal/remote": 3,
	"internal/storage": 4, "internal/engines": 4, "internal/meta": 4, "internal/pipeline": 4,
	"internal/catalog":  5,
	"internal/query":    6,
	"internal/operator": 7,
	"internal/server":   8, "internal/flow": 8,
	"internal/node": 9, "internal/cli": 9,
	"cmd": 10, "client": 10, "tests": 10, "bench": 10,
}

// forbidden edges that floors alone allow.
var forbidden = []struct{ from, to, why string }{
	{"internal/query", "internal/storage", "a plan reaches regions through contract.RegionServer only, so that it runs the same over the network"},
	{"internal/operator", "internal/storage", "statements reach regions through contract.RegionServer only"},
	{"internal/server", "internal/storage", "protocols know statements and rows, not regions"},
	{"internal/catalog", "internal/storage", "the catalog knows tables; regions are behind contract.RegionServer"},
	{"internal/storage", "internal/lang", "the engine is handed predicates and reductions as data, never text or plans"},
	{"internal/engines", "internal/storage", "engines stand on contract.RegionServer, so that they work over any home of it"},
	{"internal/server", "internal/query", "protocols run statements through interfaces of their own; node puts the parts together"},
}

// sideways are edges between rooms of one floor that are meant.
var sideways = []struct{ from, to, why string }{}

// homes gives a library to the only rooms that may import it. Tests may use any library, as an oracle or a client.
var homes = []struct {
	library string
	rooms   []string
	why     string
}{
	{"github.com/parquet-go/parquet-go", []string{"internal/storage/sst", "internal/wire/files"}, "bytes of files are one room's business"},
	{"github.com/duckdb/", []string{"internal/query/relational"}, "the relational engine can be replaced if one room knows it"},
	{"go.etcd.io/bbolt", []string{"internal/kv/bolt"}, "other rooms speak kv.Store"},
	{"github.com/prometheus/prometheus/promql", []string{"internal/query/prom", "internal/lang/promql", "internal/server/promapi"}, "PromQL is evaluated in one place"},
	{"github.com/VictoriaMetrics/easyproto", []string{"internal/wire"}, "hot protobuf decoding belongs to codecs"},
	{"github.com/apache/arrow-go", []string{"internal/wire/arrowipc", "internal/remote", "internal/model"}, "columns are model.Vector inside; Arrow is for the edges"},
	{"github.com/aws/", []string{"internal/objectstore/cloud"}, "other rooms speak objectstore.Store"},
	{"github.com/Azure/", []string{"internal/objectstore/cloud"}, "other rooms speak objectstore.Store"},
	{"cloud.google.com/", []string{"internal/objectstore/cloud"}, "other rooms speak objectstore.Store"},
	{"github.com/johannesboyne/gofakes3", []string{"internal/objectstore/cloudtest"}, "a server for tests never runs in the product"},
	{"github.com/fsouza/fake-gcs-server", []string{"internal/objectstore/cloudtest"}, "a server for tests never runs in the product"},
	{"github.com/jackc/pgx", []string{"internal/server/postgres"}, "messages of PostgreSQL's protocol are one server's business"},
	{"github.com/spf13/cobra", []string{"cmd/goptime"}, "flags are the command's"},
	{"github.com/pelletier/go-toml", []string{"internal/base/config"}, "configuration has one reader"},
}

func room(pkg string) string {
	parts := strings.Split(pkg, "/")
	if parts[0] == "internal" && len(parts) > 1 {
		return "internal/" + parts[1]
	}
	return parts[0]
}

func within(pkg, prefix string) bool {
	return pkg == prefix || strings.HasPrefix(pkg, strings.TrimSuffix(prefix, "/")+"/")
}

func TestImports(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "goptimedb_data") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		files++
		rel, _ := filepath.Rel(root, path)
		pkg := filepath.ToSlash(filepath.Dir(rel))
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			check(t, rel, pkg, imp)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("looked at %d files only", files)
	}
}

func check(t *testing.T, file, pkg, imp string) {
	isTest := strings.HasSuffix(file, "_test.go") || strings.HasSuffix(pkg, "test")
	if to, ours := strings.CutPrefix(imp, module); ours {
		from := room(pkg)
		ff, ok := floors[from]
		if !ok {
			t.Errorf("%s: room %s has no floor in tests/arch", file, from)
			return
		}
		tf, ok := floors[room(to)]
		if !ok {
			t.Errorf("%s: room %s has no floor in tests/arch", file, room(to))
			return
		}
		if from == room(to) {
			return
		}
		meant := false
		for _, s := range sideways {
			meant = meant || within(pkg, s.from) && within(to, s.to)
		}
		if tf >= ff && !meant && !isTest {
			t.Errorf("%s: %s (floor %d) imports %s (floor %d): rooms import lower floors only", file, from, ff, to, tf)
		}
		for _, f := range forbidden {
			if within(pkg, f.from) && within(to, f.to) && !isTest {
				t.Errorf("%s imports %s: %s", file, to, f.why)
			}
		}
		return
	}
	if isTest {
		return
	}
	for _, h := range homes {
		if !strings.HasPrefix(imp, h.library) {
			continue
		}
		at := false
		for _, r := range h.rooms {
			at = at || within(pkg, r)
		}
		if !at {
			t.Errorf("%s imports %s, whose home is %s: %s", file, imp, strings.Join(h.rooms, ", "), h.why)
		}
	}
}

package engine

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

var updateScripts = flag.Bool("update", false, "rewrite what scripts expect")

// Scripts of files, runs and picks, in testdata/scripts. A block is commands, a line of dashes and what they print; blank lines end blocks.
//
//	create MODE [ttl=1h] [window=1h] [trigger=4] [max=BYTES] [rows=ROWS]   the region; times in scripts are minutes
//	write HOST FROM TO [VALUE]     a row of each minute in [FROM, TO); no VALUE: NULL
//	delete HOST FROM TO            likewise tombstones
//	deletewhere HOST FROM TO       a deletion by predicate
//	index COLUMN OPTION=VALUE …    alter the index options of v or s
//	flush, compact [strict=WINDOW] [FROM TO], buildindex, restart, clock MINUTE
//	files                          what the manifest names, oldest first, by time
//	pick [force]                   what the next compaction would merge, by place in files
//	scan                           hosts, how many rows, and the sum of their values
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s := &goldenScript{t: t, disk: crashfs.New()}
			defer func() { _ = s.stop() }()
			var out []string
			for _, block := range strings.Split(strings.TrimSpace(string(b)), "\n\n") {
				commands, _, _ := strings.Cut(block, "\n----")
				printed := ""
				for _, line := range strings.Split(commands, "\n") {
					if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
						text, err := s.do(strings.Fields(line))
						if err != nil {
							text = "error: " + err.Error() + "\n"
						}
						printed += text
					}
				}
				if commands = strings.TrimRight(commands, "\n"); printed != "" {
					commands += "\n----\n" + strings.TrimRight(printed, "\n")
				}
				out = append(out, commands)
			}
			got := strings.Join(out, "\n\n") + "\n"
			if *updateScripts {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(b) {
				t.Errorf("%s: run with -update and look at the difference; got:\n%s", path, got)
			}
		})
	}
}

type goldenScript struct {
	*node
	t     *testing.T
	disk  *crashfs.FS
	clock atomic.Int64 // milliseconds
}

const minute = 60_000

func (s *goldenScript) stop() error {
	if s.node == nil {
		return nil
	}
	return s.node.stop()
}

func (s *goldenScript) boot() (err error) {
	s.node, err = start(s.t, s.disk, "/d", func(o *Options) {
		o.MinCompactionInterval = 250 * 365 * 24 * time.Hour // only what the script asks for
		o.Now = func() time.Time { return time.UnixMilli(s.clock.Load()) }
		o.Index.Async = true
	})
	return err
}

func (s *goldenScript) do(f []string) (string, error) {
	ctx, named, numbers := s.t.Context(), map[string]string{}, []int64{}
	for _, a := range f[1:] {
		if k, v, ok := strings.Cut(a, "="); ok {
			named[k] = v
		} else if n, err := strconv.ParseInt(a, 10, 64); err == nil {
			numbers = append(numbers, n)
		}
	}
	duration := func(k string) time.Duration { d, _ := time.ParseDuration(named[k]); return d }
	number := func(k string) int { n, _ := strconv.Atoi(named[k]); return n }
	switch f[0] {
	case "create":
		s.clock.Store(0)
		if err := s.boot(); err != nil {
			return "", err
		}
		m := testMeta(modes[slices.IndexFunc(modes, func(m contract.MergeMode) bool { return m.String() == f[1] })])
		m.Options.TTL, m.Options.CompactionWindow, m.Options.TriggerFileNum = duration("ttl"), duration("window"), number("trigger")
		m.Options.MaxOutputBytes, m.Options.RowGroupRows = int64(number("max")), number("rows")
		return "", s.eng.Create(ctx, contract.CreateRegion{Meta: m, TableDir: tableDir})
	case "write", "delete":
		var rows []row
		for i := numbers[0]; i < numbers[1]; i++ {
			r := row{host: f[1], ts: i * minute}
			if len(numbers) > 2 {
				v := float64(numbers[2])
				r.v = &v
			}
			rows = append(rows, r)
		}
		op := model.OpPut
		if f[0] == "delete" {
			op = model.OpDelete
		}
		_, err := s.eng.Write(ctx, put(op, rows...))
		return "", err
	case "deletewhere":
		_, err := s.eng.DeleteWhere(ctx, contract.DeleteRequest{Region: region0, TimeRange: model.TimeRange{Start: numbers[0] * minute, End: numbers[1] * minute},
			Predicate: model.Compare(model.OpEq, colHost, model.StringValue(f[1]))})
		return "", err
	case "index":
		m, err := s.eng.Meta(ctx, region0)
		if err != nil {
			return "", err
		}
		n := m.Schema.Clone()
		n.Version++
		for i := range n.Columns {
			if n.Columns[i].Name == f[1] {
				n.Columns[i].Options = named
			}
		}
		return "", s.eng.Alter(ctx, contract.AlterRegion{ID: region0, Schema: n})
	case "flush":
		return "", s.eng.Flush(ctx, region0)
	case "compact":
		req := contract.CompactRequest{Region: region0, Strict: named["strict"] != "", Window: duration("strict")}
		if len(numbers) == 2 {
			req.TimeRange = &model.TimeRange{Start: numbers[0] * minute, End: numbers[1] * minute}
		}
		return "", s.eng.Compact(ctx, req)
	case "buildindex":
		return "", s.eng.BuildIndex(ctx, region0)
	case "clock":
		s.clock.Store(numbers[0] * minute)
		return "", nil
	case "restart":
		if err := s.node.stop(); err != nil {
			return "", err
		}
		if err := s.boot(); err != nil {
			return "", err
		}
		return "", s.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir})
	case "files", "pick":
		return s.files(f)
	case "scan":
		return s.scan()
	}
	return "", fmt.Errorf("no command %q", f[0])
}

// files prints the files, or which of them are picked.
func (s *goldenScript) files(f []string) (string, error) {
	r, err := s.eng.region(region0)
	if err != nil {
		return "", err
	}
	v := r.pin()
	defer r.unpin(v)
	all := slices.Clone(v.files)
	slices.SortFunc(all, func(a, b *file) int {
		for _, d := range []int64{a.MinTime - b.MinTime, a.MaxTime - b.MaxTime, int64(a.MinSequence) - int64(b.MinSequence)} {
			if d != 0 {
				return int(min(max(d, -1), 1))
			}
		}
		return strings.Compare(string(a.MinKey), string(b.MinKey))
	})
	out := ""
	if f[0] == "pick" {
		var req *contract.CompactRequest
		if len(f) > 1 {
			req = &contract.CompactRequest{Region: region0}
		}
		r.compactMu.Lock()
		defer r.compactMu.Unlock()
		job, err := r.pickJob(v, req)
		if err != nil || job == nil {
			return "nothing\n", err
		}
		for i, x := range all {
			for _, p := range job.files {
				if p.ID == x.ID {
					out += fmt.Sprint(i, " ")
				}
			}
		}
		return fmt.Sprintf("%skeep deletes: %v\n", out, job.keepDeletes), nil
	}
	for i, x := range all {
		m := x.current()
		out += fmt.Sprintf("%d: L%d %d-%d, %d rows of %d series, seq %d-%d", i, m.Level, m.MinTime/minute, m.MaxTime/minute, m.Rows, m.Series, m.MinSequence, m.MaxSequence)
		if m.HasDeletes {
			out += ", deletes"
		}
		if len(m.Indexes) > 0 {
			out += ", " + strings.Join(m.Indexes, " ")
		}
		out += "\n"
	}
	if len(all) == 0 {
		out = "none\n"
	}
	return out, nil
}

func (s *goldenScript) scan() (string, error) {
	rows, _, err := readAll(s.t.Context(), s.eng, contract.ScanRequest{Region: region0, TimeRange: model.AllTime, Aggregate: &model.Aggregate{
		Keys: []model.GroupKey{{Column: colHost}}, Aggs: []model.Agg{{Func: model.AggCountRows}, {Func: model.AggMin, Column: colTime}, {Func: model.AggMax, Column: colTime}, {Func: model.AggSum, Column: colValue}}}})
	if err != nil {
		return "", err
	}
	var lines []string
	for _, r := range rows {
		lines = append(lines, fmt.Sprintf("%s: %d rows of %d-%d, sum %s", r[0].Bytes, r[1].Int, r[2].Int/minute, r[3].Int/minute, r[4]))
	}
	if slices.Sort(lines); len(lines) == 0 {
		return "no rows\n", nil
	}
	return strings.Join(lines, "\n") + "\n", nil
}

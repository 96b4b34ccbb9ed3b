package query

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/finish"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// machineSchema is the table of the Time Series Benchmark Suite's cpu-only case.
func machineSchema() *model.Schema {
	s := &model.Schema{Version: 1, NextColumn: 22, TimeIndex: 1, Columns: []model.Column{{ID: 1, Name: "ts", Type: ms, Semantic: model.TimeColumn}}}
	for i, n := range strings.Fields("hostname region datacenter rack os arch team service service_version service_environment") {
		id := model.ColumnID(2 + i)
		s.PrimaryKey = append(s.PrimaryKey, id)
		s.Columns = append(s.Columns, model.Column{ID: id, Name: n, Type: model.String, Semantic: model.TagColumn, Nullable: true})
	}
	for i, n := range usages {
		s.Columns = append(s.Columns, model.Column{ID: model.ColumnID(12 + i), Name: n, Type: model.Int64, Nullable: true})
	}
	return s
}

var usages = strings.Fields("usage_user usage_system usage_idle usage_nice usage_iowait usage_irq usage_softirq usage_steal usage_guest usage_guest_nice")

func each(fn string, n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fn + "(" + usages[i] + ")"
	}
	return strings.Join(parts, ", ")
}

// dashboards are the suite's fifteen queries, and who answers them beside the regions.
func dashboards() [][3]string {
	in := func(n int) string {
		hosts := make([]string, n)
		for i := range hosts {
			hosts[i] = fmt.Sprintf("'host_%d'", i)
		}
		return "hostname IN (" + strings.Join(hosts, ", ") + ") AND "
	}
	span := func(hours int) string {
		return fmt.Sprintf("ts >= '2023-06-11 00:00:00' AND ts < '2023-06-11 %02d:00:00'", hours)
	}
	var out [][3]string
	add := func(name, how, sql string) { out = append(out, [3]string{name, how, sql}) }
	for _, c := range [][3]int{{1, 1, 1}, {1, 1, 12}, {1, 8, 1}, {5, 1, 1}, {5, 1, 12}, {5, 8, 1}} {
		add(fmt.Sprintf("single-groupby-%d-%d-%d", c[0], c[1], c[2]), "finish: columns, sort",
			"SELECT date_trunc('minute', ts) AS minute, "+each("max", c[0])+" FROM cpu WHERE "+in(c[1])+span(c[2])+" GROUP BY minute ORDER BY minute ASC")
	}
	for _, h := range []int{1, 8} {
		add(fmt.Sprintf("cpu-max-all-%d", h), "finish: columns, sort", "SELECT date_trunc('hour', ts) AS hour, "+each("max", 10)+" FROM cpu WHERE "+in(h)+span(8)+" GROUP BY hour ORDER BY hour")
	}
	for _, m := range []int{1, 5, 10} {
		add(fmt.Sprintf("double-groupby-%d", m), "finish: project, sort", "SELECT date_trunc('hour', ts) AS hour, hostname, "+each("avg", m)+" FROM cpu WHERE "+span(12)+" GROUP BY hour, hostname ORDER BY hour, hostname")
	}
	add("high-cpu-1", "direct", "SELECT * FROM cpu WHERE usage_user > 90.0 AND "+in(1)+span(12))
	add("high-cpu-all", "direct", "SELECT * FROM cpu WHERE usage_user > 90.0 AND "+span(12))
	add("lastpoint", "finish: group, columns", "SELECT hostname, "+strings.ReplaceAll(each("last_value", 10), ")", " ORDER BY ts)")+" FROM cpu GROUP BY hostname")
	add("groupby-orderby-limit", "finish: columns, top rows, limit", "SELECT date_trunc('minute', ts) AS minute, max(usage_user) FROM cpu WHERE ts < '2023-06-11 08:00:00' GROUP BY minute ORDER BY minute DESC LIMIT 5")
	return out
}

// TestDashboards pins how the suite's queries are answered.
func TestDashboards(t *testing.T) {
	w := newWorld(t)
	s := machineSchema()
	w.engine.opts.Catalog = plainCatalog{"public.cpu": {Catalog: "greptime", Database: "public", Name: "cpu", ID: 9, Schema: s, Regions: []model.RegionID{9}}}
	for _, d := range dashboards() {
		p, err := w.engine.plan(context.Background(), w.sess, w.parse(d[2]), nil)
		if err != nil {
			t.Fatalf("%s: %v", d[0], err)
		}
		got := "relational"
		if direct(p) != nil {
			got = "direct"
		} else if prog := finish.Compile(p); prog != nil {
			got = "finish: " + prog.String()
		}
		if got != d[1] {
			t.Errorf("%s: %s, want %s\n%s", d[0], got, d[1], plan.Print(p.Root))
		}
	}
}

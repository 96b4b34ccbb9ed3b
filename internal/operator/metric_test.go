package operator

import (
	"io"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

var (
	metricCols  = []string{"tag host", "time greptime_timestamp", "field greptime_value"}
	metricTypes = []model.Type{model.String, ms, model.Float64}
	onPhysical  = model.InsertOptions{Kind: model.MetricTable, PhysicalTable: "greptime_physical_table", AutoTime: true, AutoValue: true}
)

func TestRemoteWriteMakesLogicalTables(t *testing.T) {
	n := newNode(t, nil)
	if err := n.insert(onPhysical, rows("a", metricCols, metricTypes, []any{"x", 1, 1.0}), rows("b", metricCols, metricTypes, []any{"x", 1, 2.0}, []any{"y", 1, 3.0})); err != nil {
		t.Fatal(err)
	}
	wide := rows("a", []string{"tag dc", "tag host", "time greptime_timestamp", "field greptime_value"},
		[]model.Type{model.String, model.String, ms, model.Float64}, []any{"eu", "x", 2, 4.0}, []any{nil, "x", 3, 5.0})
	if err := n.insert(onPhysical, wide, rows("b", metricCols, metricTypes, []any{"x", 1, 7.0})); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		n.wantDump("a", "greptime_timestamp:TimestampMillisecond greptime_value:Float64 host:String dc:String\n1 1 \"x\" NULL\n3 5 \"x\" NULL\n2 4 \"x\" \"eu\"\n")
		n.wantDump("b", "greptime_timestamp:TimestampMillisecond greptime_value:Float64 host:String\n1 7 \"x\"\n1 3 \"y\"\n")
	}
	check()
	a, _ := n.catalog.Table("public", "a")
	p, _ := n.catalog.Table("public", "greptime_physical_table")
	if a.Engine != "metric" || a.Logical == nil || a.Logical.Physical != p.ID || len(p.Regions) < 2 || !p.Physical() {
		t.Errorf("tables are %+v and %+v", a, p)
	}
	n.stop()
	n.start(nil)
	check()
	if err := n.insert(onPhysical, rows("b", metricCols, metricTypes, []any{"y", 1, 8.0})); err != nil {
		t.Fatal(err)
	}
	n.wantDump("b", "greptime_timestamp:TimestampMillisecond greptime_value:Float64 host:String\n1 7 \"x\"\n1 8 \"y\"\n")
}

func (n *node) exec(text string) error {
	_, err := n.Execute(n.t.Context(), model.NewSession("test"), text)
	return err
}

func TestMetricTablesRefuse(t *testing.T) {
	n := newNode(t, nil)
	if err := n.exec(`CREATE TABLE phy (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric WITH (physical_metric_table='');
		CREATE TABLE a (ts TIMESTAMP(3) TIME INDEX, val DOUBLE, host STRING PRIMARY KEY) ENGINE=metric WITH (on_physical_table='phy');
		CREATE TABLE plain (ts TIMESTAMP(3) TIME INDEX, val DOUBLE)`); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sql  string
		code errs.Code
		text string
	}{
		{"INSERT INTO phy (ts, val) VALUES (1, 1)", errs.Unsupported, "Write request to physical region is forbidden"},
		{"DELETE FROM phy", errs.Unsupported, "Write request to physical region is forbidden"},
		{"TRUNCATE TABLE phy", errs.Unsupported, "forbidden"},
		{"DROP TABLE phy", errs.RegionBusy, "1 logical tables using it, such as a"},
		{"ALTER TABLE phy ADD COLUMN x STRING PRIMARY KEY", errs.Unsupported, "forbidden"},
		{"ALTER TABLE a SET 'ttl'='1d'", errs.InvalidArguments, "Alter logical tables invalid arguments: Only support add columns operation"},
		{"ALTER TABLE a DROP COLUMN val", errs.InvalidArguments, "Only support add columns operation"},
		{"ALTER TABLE a ADD COLUMN x INT", errs.InvalidArguments, "must be a label"},
		{"ALTER TABLE a ADD COLUMN x INT PRIMARY KEY", errs.InvalidArguments, "must be a STRING"},
		{"CREATE TABLE b (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric WITH (on_physical_table='phy', ttl='1d')", errs.InvalidArguments, "key: ttl"},
		{"CREATE TABLE b (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric WITH (on_physical_table='none')", errs.TableNotFound, "none"},
		{"CREATE TABLE b (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric WITH (on_physical_table='plain')", errs.InvalidArguments, "not a physical"},
		{"CREATE TABLE b (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric WITH (on_physical_table='a')", errs.InvalidArguments, "not a physical"},
		{"CREATE TABLE b (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric", errs.InvalidArguments, "one of the options"},
		{"CREATE TABLE b (ts TIMESTAMP(9) TIME INDEX, val DOUBLE) ENGINE=metric WITH (on_physical_table='phy')", errs.InvalidArguments, "time index"},
		{"CREATE TABLE b (ts TIMESTAMP(3) TIME INDEX, val BIGINT) ENGINE=metric WITH (on_physical_table='phy')", errs.InvalidArguments, "DOUBLE"},
		{"CREATE TABLE b (ts TIMESTAMP(3) TIME INDEX, val DOUBLE, w DOUBLE) ENGINE=metric WITH (on_physical_table='phy')", errs.InvalidArguments, "one DOUBLE field"},
		{"CREATE TABLE b (ts TIMESTAMP(3) TIME INDEX, val DOUBLE, h INT PRIMARY KEY) ENGINE=metric WITH (on_physical_table='phy')", errs.InvalidArguments, "STRING"},
		{"CREATE TABLE b (ts TIMESTAMP(3) TIME INDEX, val DOUBLE, __tsid STRING PRIMARY KEY) ENGINE=metric WITH (on_physical_table='phy')", errs.InvalidArguments, "own"},
		{"CREATE TABLE b (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) WITH (on_physical_table='phy')", errs.InvalidArguments, "ENGINE=metric"},
		{"CREATE TABLE b (ts TIMESTAMP(3) TIME INDEX, val INT) ENGINE=metric WITH (physical_metric_table='')", errs.InvalidArguments, "DOUBLE"},
		{"CREATE TABLE b (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric WITH (physical_metric_table='', 'metric.partitions'='0')", errs.InvalidArguments, "must be 1 to"},
		{"CREATE TABLE a (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric WITH (on_physical_table='phy')", errs.TableAlreadyExists, "a"},
	} {
		err := n.exec(c.sql)
		if errs.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s\n\tgives %d %v, want %d with %q", c.sql, errs.CodeOf(err), err, c.code, c.text)
		}
	}
	if err := n.insert(model.InsertOptions{}, rows("phy", []string{"time ts", "field val"}, []model.Type{ms, model.Float64}, []any{1, 1.0})); !errs.Is(err, errs.Unsupported) {
		t.Errorf("rows for the physical table: %v", err)
	}
	if err := n.exec("DROP TABLE a; DROP TABLE phy"); err != nil {
		t.Error(err)
	}
	n.wantConsistent("after all")
}

func TestLogicalTablesChange(t *testing.T) {
	n := newNode(t, nil)
	must := func(text string) {
		t.Helper()
		if err := n.exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	must(`CREATE TABLE phy (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric WITH (physical_metric_table='', 'metric.partitions'='2')`)
	must(`CREATE TABLE a (ts TIMESTAMP(3) TIME INDEX, val DOUBLE, host STRING PRIMARY KEY) ENGINE=metric WITH (on_physical_table='phy')`)
	must(`CREATE TABLE b LIKE a`)
	must(`INSERT INTO a VALUES (1, 1, 'x'), (1, 2, 'y'); INSERT INTO b VALUES (1, 3, 'x')`)
	must(`ALTER TABLE a ADD COLUMN IF NOT EXISTS dc STRING PRIMARY KEY, ADD COLUMN rack STRING PRIMARY KEY`)
	must(`INSERT INTO a VALUES (1, 4, 'x', 'eu', NULL)`)
	must(`ALTER TABLE b RENAME c`)
	head := "ts:TimestampMillisecond val:Float64 host:String"
	check := func() {
		t.Helper()
		n.wantDump("a", head+" dc:String rack:String\n1 1 \"x\" NULL NULL\n1 4 \"x\" \"eu\" NULL\n1 2 \"y\" NULL NULL\n")
		n.wantDump("c", head+"\n1 3 \"x\"\n")
	}
	check()
	n.stop()
	n.start(nil)
	check()
	must(`TRUNCATE TABLE c`)
	n.wantDump("c", head+"\n")
	must(`INSERT INTO c VALUES (9, 9, 'z')`)
	n.stop()
	n.start(nil)
	n.wantDump("c", head+"\n9 9 \"z\"\n")
	c, _ := n.catalog.Table("public", "c")
	must(`DROP TABLE c; CREATE TABLE c LIKE a`)
	st, err := n.eng.Scan(t.Context(), contract.ScanRequest{Region: c.Logical.Data, TimeRange: model.AllTime,
		Predicate: model.Compare(model.OpEq, 1, model.IntValue(model.Uint32, int64(c.Logical.Number)))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Next(t.Context()); err != io.EOF {
		t.Errorf("rows of a dropped table: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	n.wantDump("c", head+" dc:String rack:String\n")
	n.wantConsistent("after all")
	// More labels than the data region has columns for.
	var b strings.Builder
	b.WriteString("ALTER TABLE a ADD COLUMN l0 STRING PRIMARY KEY")
	for i := 1; i < 40; i++ {
		b.WriteString(", ADD COLUMN l" + strings.Repeat("i", i) + " STRING PRIMARY KEY")
	}
	must(b.String())
	must(`INSERT INTO a (ts, val, liii) VALUES (5, 5, 'wide')`)
	if got := n.dump("a"); !strings.Contains(got, `"wide"`) || strings.Count(got, "\n") != 5 {
		t.Errorf("a is\n%s", got)
	}
	n.stop()
	n.start(nil)
	if got := n.dump("a"); !strings.Contains(got, `"wide"`) || strings.Count(got, "\n") != 5 {
		t.Errorf("after a restart a is\n%s", got)
	}
	must(`ALTER TABLE phy SET 'ttl'='1d'`)
	if got := n.dump("a"); strings.Count(got, "\n") != 1 {
		t.Errorf("with a ttl of the physical table, a is\n%s", got)
	}
}

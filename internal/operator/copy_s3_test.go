package operator

import (
	"fmt"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloudtest"
)

// Rows leave to a bucket, come back from it, and are read where they lie, all through statements.
func TestCopyThroughBucket(t *testing.T) {
	n := newSQLNode(t)
	s3 := cloudtest.NewS3(t)
	connection := fmt.Sprintf(" CONNECTION (endpoint = '%s', region = 'us-east-1', access_key_id = 'test', secret_access_key = 'hush-hush')", s3.URL)
	sess := model.NewSession("test")
	run := func(text string) []model.Output {
		t.Helper()
		out, err := n.Execute(t.Context(), sess, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return out
	}
	first := func(text string) string {
		t.Helper()
		out := run(text)
		defer out[0].Rows.Close()
		b, err := out[0].Rows.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var cells []string
		for _, c := range b.Cols {
			cells = append(cells, fmt.Sprint(c.At(0)))
		}
		return strings.Join(cells, " ")
	}
	run("CREATE TABLE t (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, v DOUBLE)")
	var rows []string
	for i := range 3000 {
		rows = append(rows, fmt.Sprintf("('h%d', %d, %d.5)", i%10, i, i))
	}
	run("INSERT INTO t VALUES " + strings.Join(rows, ","))
	const question = "SELECT count(*), sum(v), min(ts), count(DISTINCT h) FROM "
	want := first(question + "t")
	for _, format := range []string{"parquet", "csv", "json"} {
		place := fmt.Sprintf("'s3://%s/out/%s/t.%s'", cloudtest.Bucket, format, format)
		with := fmt.Sprintf(" WITH (format = '%s')", format)
		if out := run("COPY t TO " + place + with + connection); out[0].Affected != 3000 {
			t.Errorf("%s: %d rows left", format, out[0].Affected)
		}
		run("CREATE TABLE back_" + format + " LIKE t")
		if out := run("COPY back_" + format + " FROM " + place + with + connection); out[0].Affected != 3000 {
			t.Errorf("%s: %d rows came back", format, out[0].Affected)
		}
		if got := first(question + "back_" + format); got != want {
			t.Errorf("%s: %s, want %s", format, got, want)
		}
		run(fmt.Sprintf("CREATE EXTERNAL TABLE ext_%s (h STRING, ts TIMESTAMP TIME INDEX, v DOUBLE) WITH (location = 's3://%s/out/%s/', format = '%s', endpoint = '%s', region = 'us-east-1', access_key_id = 'test', secret_access_key = 'hush-hush')",
			format, cloudtest.Bucket, format, format, s3.URL))
		if got := first(question + "ext_" + format); got != want {
			t.Errorf("external %s: %s, want %s", format, got, want)
		}
		for cond, count := range map[string]string{"v > 2990": "10", "v > 5000": "0", "v BETWEEN 10 AND 20 AND h = 'h3'": "1", "ts < '1970-01-01 00:00:00.007'": "7"} {
			if got := first("SELECT count(*) FROM ext_" + format + " WHERE " + cond); got != count {
				t.Errorf("external %s, %s: %s rows, want %s", format, cond, got, count)
			}
		}
	}
	if got := first("SHOW CREATE TABLE ext_csv"); strings.Contains(got, "hush-hush") {
		t.Errorf("a secret is shown: %s", got)
	}
	if _, err := n.Execute(t.Context(), sess, fmt.Sprintf("COPY t TO 's3://no-such-bucket/t.csv' WITH (format = 'csv')%s", connection)); err == nil || strings.Contains(err.Error(), "hush-hush") {
		t.Errorf("a bucket that does not exist: %v", err)
	}
}

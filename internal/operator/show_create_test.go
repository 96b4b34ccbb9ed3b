package operator

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// TestShowCreateMakesTheSame: what SHOW CREATE TABLE prints of a random table makes, in the same dialect, one that cannot be told from it.
func TestShowCreateMakesTheSame(t *testing.T) {
	n := newNode(t, nil)
	ctx := t.Context()
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for seed := range uint64(300) {
		sess := model.NewSession("test")
		sess.Dialect = []model.Dialect{model.DialectGreptime, model.DialectMySQL, model.DialectPostgres}[seed%3]
		sess.Timezone = zone
		text := randomTable(rand.New(rand.NewPCG(seed, 1)), definition{dialect(sess)})
		do := func(text string) {
			t.Helper()
			_, err := n.Execute(ctx, sess, text)
			require.NoError(t, err, "seed %d:\n%s", seed, text)
		}
		shown := func() (string, *catalog.Table) {
			t.Helper()
			outs, err := n.Execute(ctx, sess, "SHOW CREATE TABLE the_table")
			require.NoError(t, err)
			b, err := outs[0].Rows.Next(ctx)
			require.NoError(t, err)
			table, err := n.catalog.Table("public", "the_table")
			require.NoError(t, err)
			return b.Cols[1].At(0).Bytes, table
		}
		do(text)
		first, was := shown()
		do("DROP TABLE the_table")
		do(first)
		second, is := shown()
		require.Equal(t, first, second, "seed %d", seed)
		require.Equal(t, was.Schema, is.Schema, "seed %d:\n%s", seed, first)
		require.Equal(t, was.Region, is.Region, "seed %d:\n%s", seed, first)
		require.Equal(t, was.Options, is.Options, "seed %d:\n%s", seed, first)
		require.Equal(t, was.Partition, is.Partition, "seed %d:\n%s", seed, first)
		require.Equal(t, was.Comment, is.Comment, "seed %d:\n%s", seed, first)
		do("CREATE TABLE another LIKE the_table")
		like, err := n.catalog.Table("public", "another")
		require.NoError(t, err)
		require.Equal(t, is.Schema, like.Schema, "seed %d", seed)
		require.Equal(t, is.Options, like.Options, "seed %d", seed)
		do("DROP TABLE the_table, another")
	}
}

// randomTable is the definition of a table with all that one may have.
func randomTable(r *rand.Rand, d definition) string {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	name := func() string {
		return pick("a", "host", "select", "Up Per", "a.b", "q\"q", "b`b", "it's", "ünï", "table", "with\\slash", "x-y") + fmt.Sprint(r.IntN(1000))
	}
	text := func() string {
		return d.text(pick("", "x", "it's", "a \"b\"", "back\\slash", "tick`s", "two\nlines", "ünï", "--", "/* x */", "2024-01-01 00:00:00") + pick("", "", "%"))
	}
	type column struct{ name, typ string }
	var columns []column
	used := map[string]bool{}
	for len(columns) < 1+r.IntN(8) {
		c := column{name(), pick("BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "TINYINT UNSIGNED", "SMALLINT UNSIGNED", "INT UNSIGNED", "BIGINT UNSIGNED", "FLOAT", "DOUBLE",
			"STRING", "STRING", "STRING", "VARBINARY", "DATE", "TIMESTAMP(0)", "TIMESTAMP(3)", "TIMESTAMP(6)", "TIMESTAMP(9)", "DECIMAL(10,2)", "DECIMAL(38,0)", "JSON", "VECTOR(3)")}
		if !used[c.name] {
			used[c.name] = true
			columns = append(columns, c)
		}
	}
	value := func(typ string) string {
		switch {
		case typ == "BOOLEAN":
			return pick("true", "false", "1", "0")
		case typ == "BIGINT UNSIGNED":
			return pick("0", "18446744073709551615")
		case strings.HasSuffix(typ, "UNSIGNED"):
			return pick("0", "7", "255")
		case strings.HasSuffix(typ, "INT"):
			return pick("0", "-128", "127", "+5")
		case typ == "FLOAT" || typ == "DOUBLE":
			return pick("0", "-0.5", "1e10", "1.25e-7", "16777217", "0.1")
		case typ == "STRING":
			return text()
		case typ == "VARBINARY":
			return pick("X'00ff'", "X''", "'abc'", "X'c3bc'")
		case typ == "DATE":
			return pick("'2024-02-29'", "'1969-12-31'")
		case strings.HasPrefix(typ, "TIMESTAMP"):
			return pick("'2024-01-01 00:00:00'", "'2024-07-01 12:34:56.123456789'", "'1969-12-31T23:59:59.5Z'", "-5", "0", "now()", "current_timestamp()", "CURRENT_TIMESTAMP")
		case strings.HasPrefix(typ, "DECIMAL"):
			return pick("0", "-12", "99999999")
		}
		return "NULL"
	}
	var lines, tags []string
	var rule string
	for _, c := range columns {
		line := d.quote(c.name) + " " + c.typ
		null := r.IntN(3)
		line += [...]string{"", " NULL", " NOT NULL"}[null]
		if r.IntN(2) == 0 && c.typ != "JSON" && c.typ != "VECTOR(3)" {
			line += " DEFAULT " + value(c.typ)
		} else if null == 1 && r.IntN(3) == 0 && c.typ != "JSON" {
			line += " DEFAULT NULL"
		}
		if r.IntN(3) == 0 {
			line += " COMMENT " + text()
		}
		tag := r.IntN(3) == 0 && c.typ != "JSON" && c.typ != "VECTOR(3)" && c.typ != "FLOAT" && c.typ != "DOUBLE"
		if c.typ == "STRING" && r.IntN(4) == 0 && !tag {
			line += " FULLTEXT INDEX" + pick("", " WITH (analyzer = 'Chinese', case_sensitive = 'true')", " WITH (backend = 'tantivy')")
		}
		if r.IntN(4) == 0 && c.typ != "JSON" && c.typ != "VECTOR(3)" {
			line += " SKIPPING INDEX" + pick("", " WITH (granularity = 64, false_positive_rate = '0.5')")
		}
		if r.IntN(4) == 0 && c.typ != "JSON" && c.typ != "VECTOR(3)" {
			line += " INVERTED INDEX"
		}
		if c.typ == "VECTOR(3)" && r.IntN(2) == 0 {
			line += " VECTOR INDEX" + pick("", " WITH (metric = 'inner_product', connectivity = 32)")
		}
		lines = append(lines, line)
		if tag {
			tags = append(tags, c.name)
			if c.typ == "STRING" && rule == "" {
				bound := text()
				rule = d.name(c.name) + " < " + bound + ", " + d.name(c.name) + " >= " + bound
				rule = "PARTITION ON COLUMNS (" + d.name(c.name) + ") (" + rule + ")"
			}
		}
	}
	slices.Reverse(tags)
	at := r.IntN(len(lines) + 1)
	lines = slices.Insert(lines, at, d.quote("the time")+" "+pick("TIMESTAMP(0)", "TIMESTAMP(3)", "TIMESTAMP(6)", "TIMESTAMP(9)")+" TIME INDEX"+pick("", " DEFAULT now()", " COMMENT 'when'"))
	if len(tags) > 0 {
		for i := range tags {
			tags[i] = d.quote(tags[i])
		}
		lines = append(lines, "PRIMARY KEY ("+strings.Join(tags, ", ")+")")
	}
	options := map[string]string{}
	for range r.IntN(5) {
		k := pick("ttl", "append_mode", "comment", "compaction.twcs.time_window", "compaction.twcs.trigger_file_num", "compaction.twcs.max_output_file_size",
			"write_buffer_size", "skip_wal", "sst_format", "memtable.type", "max_row_group_row_count", "greptime.semantic.source")
		options[k] = map[string]string{"ttl": pick("7d", "1 second", "forever", "1h 30m", "instant"), "append_mode": "true", "comment": pick("x", "it''s"), "compaction.twcs.time_window": "2h",
			"compaction.twcs.trigger_file_num": "5", "compaction.twcs.max_output_file_size": "1GB", "write_buffer_size": pick("1KB", "1500000", "3MiB", "0"), "skip_wal": "true", "sst_format": "flat",
			"memtable.type": "bulk", "max_row_group_row_count": "1000", "greptime.semantic.source": "otlp"}[k]
	}
	var with []string
	for _, k := range slices.Sorted(maps.Keys(options)) {
		with = append(with, "'"+k+"' = '"+options[k]+"'")
	}
	out := "CREATE TABLE the_table (\n" + strings.Join(lines, ",\n") + "\n)"
	if rule != "" && r.IntN(2) == 0 {
		out += "\n" + rule
	}
	if len(with) > 0 {
		out += "\nWITH (" + strings.Join(with, ", ") + ")"
	}
	return out
}

// TestShowForeignTable: the names of types as PostgreSQL has them.
func TestShowForeignTable(t *testing.T) {
	s := &model.Schema{Columns: []model.Column{{Name: "Host", Type: model.String}, {Name: "ts", Type: model.Timestamp(model.Nanosecond)}, {Name: "n", Type: model.Uint64},
		{Name: "v", Type: model.Float64}, {Name: "d", Type: model.Decimal(5, 2)}}}
	require.Equal(t, `CREATE FOREIGN TABLE "ft_My table" (
  "Host" VARCHAR,
  "ts" TIMESTAMP,
  "n" NUMERIC,
  "v" FLOAT8,
  "d" NUMERIC
)
SERVER greptimedb
OPTIONS (table_name 'My table')`, definition{sql.MySQL}.foreignTable("My table", s))
}

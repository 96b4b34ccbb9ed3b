package operator

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// TestReconcile: regions with schemas, options and states that the catalog does not know of are brought together, by each strategy.
func TestReconcile(t *testing.T) {
	n := newNode(t, nil)
	ctx := t.Context()
	sess := model.NewSession("test")
	do := func(text string) {
		t.Helper()
		_, err := n.Execute(ctx, sess, text)
		require.NoError(t, err, text)
	}
	do("CREATE TABLE t (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, v INT) PARTITION ON COLUMNS (h) (h < 'm', h >= 'm')")
	// ahead lets a region have a column that neither the catalog nor the other region has.
	ahead := func(name string) {
		t.Helper()
		table, err := n.catalog.Table("public", "t")
		require.NoError(t, err)
		s := table.Schema.Clone()
		s.Add(model.Column{Name: name, Type: model.Int64, Nullable: true, Semantic: model.FieldColumn}, len(s.Columns))
		s.Version++
		require.NoError(t, n.regions.Alter(ctx, contract.AlterRegion{ID: table.Regions[1], Schema: s}))
	}
	// reconcile gives the state of the procedure and the columns of the table, which all regions then have.
	reconcile := func(call ...string) (state, columns string) {
		t.Helper()
		f := adminFunction(call[0])
		id, err := f.call(n.Operator, ctx, sess, call[1:])
		require.NoError(t, err)
		state, err = n.procedures.state(id.Bytes)
		require.NoError(t, err)
		table, err := n.catalog.Table("public", "t")
		require.NoError(t, err)
		for i := range table.Schema.Columns {
			columns += " " + table.Schema.Columns[i].Name
		}
		if strings.Contains(state, "Done") {
			for _, id := range table.Regions {
				m, err := n.regions.Meta(ctx, id)
				require.NoError(t, err)
				require.Equal(t, table.Schema, m.Schema)
				require.Equal(t, table.Region, m.Options)
			}
		}
		return state, columns
	}
	check := func(wantState, wantColumns string, call ...string) {
		t.Helper()
		state, columns := reconcile(call...)
		require.Contains(t, state, wantState)
		require.Equal(t, wantColumns, columns)
	}
	check(`{"status":"Done"}`, " h ts v", "reconcile_table", "t", "abort_on_conflict")
	ahead("x")
	check(`{"status":"Failed","error":"reconcile table`, " h ts v", "reconcile_table", "t", "abort_on_conflict")
	check(`{"status":"Done"}`, " h ts v", "reconcile_database", "public", "use_metasrv", "2")
	ahead("y")
	check(`{"status":"Done"}`, " h ts v y", "reconcile_catalog")
	table, err := n.catalog.Table("public", "t")
	require.NoError(t, err)
	require.NoError(t, n.regions.Alter(ctx, contract.AlterRegion{ID: table.Regions[0], Options: &contract.RegionOptions{TriggerFileNum: 9}}))
	require.NoError(t, n.regions.Close(ctx, table.Regions[1]))
	check(`{"status":"Done"}`, " h ts v y", "reconcile_table", "public.t")
	do("INSERT INTO t VALUES ('a', 1, 1, 2), ('z', 1, 1, 2)")
	for range keptProcedures { // the oldest are forgotten
		reconcile("reconcile_table", "t")
	}
	require.Len(t, n.procedures.ends, keptProcedures)
	require.Len(t, n.procedures.ids, keptProcedures)
}

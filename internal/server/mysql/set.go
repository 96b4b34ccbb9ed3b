package mysql

import (
	"context"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
)

// ignored are variables that clients set and that change nothing here. It is never changed.
var ignored = map[string]bool{
	"names": true, "character set": true, "character_set_client": true, "character_set_connection": true, "character_set_results": true,
	"collation_connection": true, "autocommit": true, "foreign_key_checks": true, "unique_checks": true, "net_write_timeout": true,
	"net_read_timeout": true, "sql_log_bin": true, "sql_mode": true, "sql_select_limit": true, "sql_quote_show_create": true,
	"sql_safe_updates": true, "sql_notes": true, "profiling": true, "transaction_isolation": true, "tx_isolation": true,
	"transaction_read_only": true, "wait_timeout": true, "interactive_timeout": true, "lock_wait_timeout": true,
	"innodb_lock_wait_timeout": true, "group_concat_max_len": true, "optimizer_switch": true, "query_cache_type": true,
	"information_schema_stats_expiry": true, "sql_auto_is_null": true, "default_storage_engine": true,
}

// maxVars bounds the variables that a client makes.
const maxVars = 10000

// set does the assignments of a SET one after the other.
func (c *conn) set(ctx context.Context, st *sql.Set) error {
	for _, a := range st.Vars {
		if err := c.assign(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) assign(ctx context.Context, a sql.Assignment) error {
	name := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(a.Name, "session."), "global."), "local.")
	switch {
	case ignored[name] || len(a.Values) == 0:
		return nil
	case strings.HasPrefix(name, "@"):
		v, err := c.constant(a.Values[0])
		if err != nil {
			return err
		}
		if c.vars == nil {
			c.vars = map[string]*sql.Literal{}
		}
		if _, there := c.vars[name]; !there && len(c.vars) >= maxVars {
			return errs.New(errs.RuntimeResourcesExhausted, "more than %d variables", maxVars)
		}
		c.vars[name] = v
		return nil
	case name == "time_zone" && isDefault(a.Values[0]):
		c.sess.Timezone = c.s.opt.Zone
		return nil
	case name == "max_execution_time" && isDefault(a.Values[0]):
		c.sess.Timeout = 0
		return nil
	case !engineKnows[name]:
		c.warnings = append(c.warnings, "Unsupported set variable "+strings.ToUpper(name)) // clients set many: not an error
		return nil
	}
	return c.assignInEngine(ctx, a, name)
}

// isDefault reports the word DEFAULT.
func isDefault(x sql.Expr) bool {
	if _, ok := x.(*sql.Default); ok {
		return true
	}
	ref, ok := x.(*sql.ColumnRef)
	return ok && strings.EqualFold(ref.Name.Base(), "default")
}

// engineKnows are the variables that the engine keeps in the session. It is never changed.
var engineKnows = map[string]bool{"time_zone": true, "timezone": true, "time zone": true, "max_execution_time": true, "read_preference": true,
	"datestyle": true, "intervalstyle": true, "bytea_output": true, "allow_query_fallback": true, "client_encoding": true}

// assignInEngine has the engine change the session. Variables of this connection are written out before.
func (c *conn) assignInEngine(ctx context.Context, a sql.Assignment, name string) error {
	p := sql.Printer{Dialect: sql.MySQL}
	p.Text("SET " + strings.ReplaceAll(name, "time zone", "time_zone") + " = ")
	for i, x := range a.Values {
		if i > 0 {
			p.Text(", ")
		}
		v, err := c.constant(x)
		if err != nil {
			return err
		}
		p.Node(v)
	}
	outs, err := c.s.opt.SQL.Execute(ctx, c.sess, p.String())
	c.closeAll(outs)
	return err
}

package mysql

import (
	"context"
	"strconv"
	"strings"
	"time"

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
	case name == "time_zone" || name == "timezone" || name == "time zone":
		v, err := c.constant(a.Values[0])
		if err != nil {
			return err
		}
		zone, err := c.parseZone(v.Text)
		if err == nil {
			c.sess.Timezone = zone
		}
		return err
	case name == "max_execution_time":
		v, err := c.constant(a.Values[0])
		if err != nil {
			return err
		}
		ms, err := strconv.ParseUint(v.Text, 10, 31)
		if err != nil && !strings.EqualFold(v.Text, "default") {
			return errs.New(errs.InvalidArguments, "max_execution_time: %q is not a number of milliseconds", v.Text)
		}
		c.sess.Timeout = time.Duration(ms) * time.Millisecond
		return nil
	}
	return c.assignInEngine(ctx, a, name)
}

// assignInEngine leaves a variable to the engine. One that it does not know is a warning, as clients set many.
func (c *conn) assignInEngine(ctx context.Context, a sql.Assignment, name string) error {
	p := sql.Printer{Dialect: sql.MySQL}
	p.Text("SET " + name + " = ").Exprs(a.Values)
	outs, err := c.s.opt.SQL.Execute(ctx, c.sess, p.String())
	for _, out := range outs {
		if out.Rows != nil {
			out.Rows.Close()
		}
	}
	if errs.Is(err, errs.Unsupported) {
		c.warnings = append(c.warnings, "Unsupported set variable "+strings.ToUpper(name))
		return nil
	}
	return err
}

package postgres

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/catalog/pgcatalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
)

// variables are the names, in lower case, of what SHOW ALL and pg_settings list.
func (c *conn) variables() []string {
	names := constants()
	for _, n := range []string{"server_version", "server_version_num", "timezone", "datestyle", "intervalstyle", "search_path", "statement_timeout"} {
		names[n] = ""
	}
	for n := range c.vars {
		names[n] = ""
	}
	return slices.Sorted(maps.Keys(names))
}

// settings stands for pg_settings: what the session's variables are now. Its columns are those of pgcatalog's table.
func (c *conn) settings(as sql.Ident) *sql.Derived {
	v := &sql.Values{}
	columns := []string{"name", "setting", "unit", "category", "short_desc", "extra_desc", "context", "vartype", "source", "min_val", "max_val", "enumvals",
		"boot_val", "reset_val", "sourcefile", "sourceline", "pending_restart"}
	standard := constants()
	for _, name := range c.variables() {
		value, _ := c.variable(name)
		unit, kind, context, category, source := nullText(), "string", "user", "Client Connection Defaults", "default"
		if name == "statement_timeout" { // in its unit, where SHOW chooses one
			unit, value = textLit("ms"), strconv.FormatInt(c.sess.Timeout.Milliseconds(), 10)
		}
		if _, err := strconv.Atoi(value); err == nil {
			kind = "integer"
		} else if value == "on" || value == "off" {
			kind = "bool"
		}
		if fixed(name) {
			context, category = "internal", "Preset Options"
		}
		boot := value
		if set, ok := c.vars[name]; ok {
			source = "session"
			if was, ok := standard[name]; ok && was != set {
				boot = was
			}
		}
		v.Rows = append(v.Rows, []sql.Expr{textLit(showName(name)), textLit(value), unit, textLit(category), textLit(""), nullText(), textLit(context), textLit(kind),
			textLit(source), nullText(), nullText(), nullText(), textLit(boot), textLit(boot), nullText(), castTo(&sql.Literal{Kind: sql.LitNull}, "INT"), boolLit(false)})
	}
	d := &sql.Derived{Query: &sql.Query{Body: v}, Alias: &sql.Alias{Name: as}}
	for _, name := range columns {
		d.Alias.Columns = append(d.Alias.Columns, sql.Ident{Name: name})
	}
	return d
}

// isSettings reports the name of pg_settings.
func isSettings(name sql.ObjectName) bool {
	return strings.EqualFold(name.Base(), "pg_settings") && (len(name) == 1 || name[len(name)-2].Name == pgcatalog.Name)
}

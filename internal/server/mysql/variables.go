package mysql

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// fixed are variables that nobody can change, as clients expect them of MySQL. It is never changed.
var fixed = map[string]string{
	"auto_increment_increment": "1",
	"autocommit":               "1",
	"character_set_client":     "utf8mb4",
	"character_set_connection": "utf8mb4",
	"character_set_database":   "utf8mb4",
	"character_set_results":    "utf8mb4",
	"character_set_server":     "utf8mb4",
	"character_set_system":     "utf8mb3",
	"collation_connection":     "utf8mb4_bin",
	"collation_database":       "utf8mb4_bin",
	"collation_server":         "utf8mb4_bin",
	"default_storage_engine":   "mito",
	"foreign_key_checks":       "1",
	"init_connect":             "",
	"interactive_timeout":      "31536000",
	"license":                  "",
	"lower_case_table_names":   "0",
	"net_buffer_length":        "16384",
	"net_read_timeout":         "31536000",
	"net_write_timeout":        "31536000",
	"performance_schema":       "0",
	"protocol_version":         "10",
	"query_cache_size":         "0",
	"query_cache_type":         "OFF",
	"read_only":                "0",
	"sql_mode":                 "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
	"sql_notes":                "1",
	"sql_quote_show_create":    "1",
	"sql_select_limit":         "18446744073709551615",
	"transaction_isolation":    "REPEATABLE-READ",
	"transaction_read_only":    "0",
	"tx_isolation":             "REPEATABLE-READ",
	"tx_read_only":             "0",
	"unique_checks":            "1",
	"wait_timeout":             "31536000",
}

// changing are the names of variables whose value depends on the session or the server.
var changing = []string{"have_ssl", "max_allowed_packet", "max_execution_time", "system_time_zone", "time_zone", "version", "version_comment"}

// system gives a system variable by its name, without @@ and scope.
func (c *conn) system(name string) (string, bool) {
	switch name {
	case "max_allowed_packet":
		return strconv.Itoa(c.s.opt.MaxPacket), true
	case "have_ssl":
		if c.s.opt.TLS == nil {
			return "DISABLED", true
		}
		return "YES", true
	case "max_execution_time":
		return strconv.FormatInt(c.sess.Timeout.Milliseconds(), 10), true
	case "time_zone":
		return c.sess.Timezone.String(), true
	case "system_time_zone":
		return c.s.opt.Zone.String(), true
	case "version":
		return c.version(), true
	case "version_comment":
		return c.s.opt.Product, true
	}
	v, ok := fixed[name]
	return v, ok
}

// version is what version() gives: the MySQL version that clients adapt to, then who we are.
func (c *conn) version() string {
	v := c.s.opt.Version + "-" + c.s.opt.Product
	if c.s.opt.Build != "" {
		v += "-" + c.s.opt.Build
	}
	return v
}

// variable gives the value of @@name, @@scope.name or @name, or of a function that tells about the connection. A system variable that
// is not known is 0, as clients ask for ones of later versions.
func (c *conn) variable(name string) (*sql.Literal, bool) {
	text := func(s string) (*sql.Literal, bool) { return &sql.Literal{Kind: sql.LitString, Text: s}, true }
	name = strings.ToLower(name)
	switch {
	case name == "connection_id()":
		return &sql.Literal{Kind: sql.LitInt, Text: strconv.FormatUint(uint64(c.id), 10)}, true
	case name == "version()":
		return text(c.version())
	case name == "schema()":
		return text(c.sess.Database)
	case name == "last_insert_id()": // no table numbers its rows
		return &sql.Literal{Kind: sql.LitInt, Text: "0"}, true
	case strings.HasPrefix(name, "@@"):
		name = strings.ReplaceAll(name[2:], "`", "")
		for _, scope := range []string{"session.", "global.", "local."} {
			name = strings.TrimPrefix(name, scope)
		}
		if name == "max_allowed_packet" {
			return &sql.Literal{Kind: sql.LitInt, Text: strconv.Itoa(c.s.opt.MaxPacket)}, true
		}
		if v, ok := c.system(name); ok {
			return text(v)
		}
		return text("0")
	}
	v, ok := c.vars[name]
	return v, ok
}

// showVariables is SHOW VARIABLES [LIKE …|WHERE …].
func (c *conn) showVariables(st *sql.Show) (*model.Output, error) {
	names := slices.Clone(changing)
	for n := range fixed {
		names = append(names, n)
	}
	slices.Sort(names)
	t := &table{}
	t.column("Variable_name", model.String)
	t.column("Value", model.String)
	for _, n := range names {
		v, _ := c.system(n)
		keep := !st.HasLike || like(strings.ToLower(st.Like), n)
		if st.Where != nil {
			var err error
			if keep, err = matches(st.Where, n, v); err != nil {
				return nil, err
			}
		}
		if keep {
			t.row(n, v)
		}
	}
	return t.output(), nil
}

// matches evaluates the conditions that clients put on the names of variables.
func matches(x sql.Expr, name, value string) (bool, error) {
	bad := func() (bool, error) {
		return false, errs.New(errs.Unsupported, "SHOW VARIABLES cannot be filtered by %s", sql.FormatFor(x, sql.MySQL))
	}
	operand := func(l, r sql.Expr) (column, text string, ok bool) {
		ref, isRef := l.(*sql.ColumnRef)
		lit, isLit := r.(*sql.Literal)
		if !isRef || !isLit {
			return "", "", false
		}
		switch strings.ToLower(ref.Name.Base()) {
		case "variable_name":
			return name, strings.ToLower(lit.Text), true
		case "value":
			return value, lit.Text, true
		}
		return "", "", false
	}
	switch e := x.(type) {
	case *sql.Binary:
		switch e.Op {
		case sql.OpAnd, sql.OpOr:
			l, err := matches(e.L, name, value)
			if err != nil || l == (e.Op == sql.OpOr) {
				return l, err
			}
			return matches(e.R, name, value)
		case sql.OpEq:
			if have, want, ok := operand(e.L, e.R); ok {
				return have == want, nil
			}
		}
	case *sql.InList:
		in := false
		for _, item := range e.List {
			have, want, ok := operand(e.X, item)
			if !ok {
				return bad()
			}
			in = in || have == want
		}
		return in != e.Not, nil
	case *sql.Like:
		if have, want, ok := operand(e.X, e.Pattern); ok {
			return like(want, have) != e.Not, nil
		}
	}
	return bad()
}

// like matches % and _ and backslash escapes. After a mismatch it goes on from the last % alone, so that it takes no more than
// len(pattern) × len(s) steps.
func like(pattern, s string) bool {
	p, i := 0, 0
	star, mark := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '%':
			star, mark = p, i
			p++
			continue
		case p < len(pattern) && pattern[p] == '_':
			p++
			i++
			continue
		case p+1 < len(pattern) && pattern[p] == '\\' && pattern[p+1] == s[i]:
			p += 2
			i++
			continue
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
			continue
		case star < 0:
			return false
		}
		mark++
		p, i = star+1, mark
	}
	return strings.Trim(pattern[p:], "%") == ""
}

// warningCode is the number that all warnings have.
const warningCode = 1000

func (c *conn) showWarnings() *model.Output {
	t := &table{}
	level, code, msg := t.column("Level", model.String), t.column("Code", model.Uint16), t.column("Message", model.String)
	for _, w := range c.warnings {
		level.AppendString("Warning")
		code.AppendInt(warningCode)
		msg.AppendString(w)
		t.batch.Len++
	}
	return t.output()
}

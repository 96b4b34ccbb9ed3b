package postgres

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// constants are variables that clients ask for and cannot change the meaning of: what they set is remembered and shown.
func constants() map[string]string {
	return map[string]string{
		"allow_query_fallback": "off", "bytea_output": "hex", "client_min_messages": "notice", "default_transaction_isolation": "read committed",
		"default_transaction_read_only": "off", "extra_float_digits": "1", "idle_in_transaction_session_timeout": "0",
		"in_hot_standby": "off", "integer_datetimes": "on", "is_superuser": "on", "jit": "off", "lc_collate": "C", "lc_ctype": "C.UTF-8",
		"lc_messages": "C", "lc_monetary": "C", "lc_numeric": "C", "lc_time": "C", "lock_timeout": "0", "max_identifier_length": "63",
		"max_index_keys": "32", "role": "none", "row_security": "on", "server_encoding": "UTF8", "standard_conforming_strings": "on",
		"synchronous_commit": "on", "transaction_isolation": "read committed", "transaction_read_only": "off", "default_tablespace": "",
		"escape_string_warning": "on", "block_size": "8192", "wal_level": "replica", "ssl": "on", "application_name": "",
		"client_encoding": "UTF8", "xmloption": "content", "session_replication_role": "origin", "work_mem": "4MB",
		"default_transaction_deferrable": "off", "transaction_deferrable": "off", "password_encryption": "scram-sha-256",
	}
}

// fixed cannot be set.
func fixed(name string) bool {
	switch name {
	case "server_version", "server_version_num", "server_encoding", "integer_datetimes", "max_identifier_length", "max_index_keys", "block_size",
		"lc_collate", "lc_ctype", "in_hot_standby", "is_superuser", "session_authorization":
		return true
	}
	return false
}

// reported are variables of which clients are told when they change, as PostgreSQL spells them.
var reported = []string{"application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby",
	"integer_datetimes", "IntervalStyle", "is_superuser", "server_encoding", "server_version", "session_authorization",
	"standard_conforming_strings", "TimeZone"}

// versionText is what server_version says: 16.3-GoptimeDB-1.2.
func (c *conn) versionText() string {
	v := c.s.opt.Version + "-" + c.s.opt.Product
	if c.s.opt.Build != "" {
		v += "-" + c.s.opt.Build
	}
	return v
}

// variable gives the value of a variable by its lower-case name.
func (c *conn) variable(name string) (string, bool) {
	switch name {
	case "server_version":
		return c.versionText(), true
	case "server_version_num":
		major, minor, _ := strings.Cut(c.s.opt.Version, ".")
		a, _ := strconv.Atoi(major)
		b, _ := strconv.Atoi(minor)
		return strconv.Itoa(a*10000 + b), true
	case "timezone", "time zone", "time_zone":
		if v, ok := c.vars["timezone"]; ok {
			return v, true
		}
		return c.sess.Timezone.String(), true
	case "system_time_zone", "system_timezone":
		return "UTC", true
	case "datestyle":
		return c.style.Date.String() + ", " + c.style.Order.String(), true
	case "intervalstyle":
		return c.style.Interval.String(), true
	case "session_authorization":
		return c.sess.User, true
	case "search_path":
		if v, ok := c.vars[name]; ok {
			return v, true
		}
		return c.sess.Database, true
	case "statement_timeout", "max_execution_time":
		return timeoutText(c.sess.Timeout), true
	case "transaction isolation level":
		name = "transaction_isolation"
	case "read_preference":
		return "LEADER", true
	}
	if v, ok := c.vars[name]; ok {
		return v, true
	}
	v, ok := constants()[name]
	return v, ok
}

// timeoutText writes a time limit as PostgreSQL does: in the largest unit without a rest.
func timeoutText(d time.Duration) string {
	for _, u := range []struct {
		d    time.Duration
		unit string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if d >= u.d && d%u.d == 0 {
			return strconv.FormatInt(int64(d/u.d), 10) + u.unit
		}
	}
	return "0"
}

// parameters are what is told of the session at its start.
func (c *conn) parameters() []pgproto3.ParameterStatus {
	var out []pgproto3.ParameterStatus
	for _, name := range reported {
		v, _ := c.variable(strings.ToLower(name))
		out = append(out, pgproto3.ParameterStatus{Name: name, Value: v})
	}
	return out
}

// textStyle is how values are written as text.
func (c *conn) textStyle() wire.Style {
	s := c.style
	s.Zone = c.sess.Timezone
	return s
}

// choose takes the variables of a startup message.
func (c *conn) choose(ctx context.Context, params map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		var err error
		switch low := strings.ToLower(name); low {
		case "user", "database", "replication":
		case "options":
			err = c.options(ctx, params[name])
		default:
			if strings.HasPrefix(low, "_pq_.") || fixed(low) {
				continue
			}
			err = c.assign(ctx, low, []string{params[name]})
		}
		if err != nil {
			return err
		}
	}
	c.notices = nil // of names that nobody knows
	return nil
}

// options reads the command line that clients may send: -c name=value, --name=value.
func (c *conn) options(ctx context.Context, text string) error {
	words := strings.Fields(strings.ReplaceAll(text, `\ `, "\x00"))
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "-c" && i+1 < len(words):
			i++
			w = words[i]
		case strings.HasPrefix(w, "-c"):
			w = w[2:]
		case strings.HasPrefix(w, "--"):
			w = strings.ReplaceAll(w[2:], "-", "_")
		default:
			continue
		}
		if name, value, ok := strings.Cut(strings.ReplaceAll(w, "\x00", " "), "="); ok && !fixed(strings.ToLower(name)) {
			if err := c.assign(ctx, strings.ToLower(name), []string{value}); err != nil {
				return err
			}
		}
	}
	return nil
}

// set is SET.
func (c *conn) set(ctx context.Context, st *sql.Set) (*result, error) {
	before := c.parameters()
	for _, a := range st.Vars {
		name := strings.TrimPrefix(a.Name, "session.")
		values := make([]string, len(a.Values))
		for i, x := range a.Values {
			v, ok := word(x)
			if !ok {
				return nil, state("22023", "invalid value for parameter %q: %s", name, sql.FormatFor(x, sql.Postgres))
			}
			values[i] = v
		}
		if len(values) == 1 {
			if ref, ok := a.Values[0].(*sql.ColumnRef); ok && strings.EqualFold(ref.Name.Base(), "default") {
				if _, err := c.reset(ctx, &sql.Reset{Name: name}); err != nil {
					return nil, err
				}
				continue
			}
		}
		if err := c.assign(ctx, name, values); err != nil {
			return nil, err
		}
	}
	return &result{tag: "SET", params: c.changed(before)}, nil
}

// changed are the parameters that are no longer as they were.
func (c *conn) changed(before []pgproto3.ParameterStatus) (out []pgproto3.ParameterStatus) {
	for i, p := range c.parameters() {
		if p.Value != before[i].Value {
			out = append(out, p)
		}
	}
	return out
}

// word is the text of a value of SET: a literal or a bare word.
func word(x sql.Expr) (string, bool) {
	switch x := x.(type) {
	case *sql.Literal:
		return x.Text, x.Kind != sql.LitNull
	case *sql.ColumnRef:
		return x.Name.Base(), true
	case *sql.IntervalLit: // SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE
		return word(x.Value)
	case *sql.Cast:
		return word(x.X)
	case *sql.Unary:
		if v, ok := word(x.X); ok && x.Op == sql.OpNeg {
			return "-" + v, true
		}
	}
	return "", false
}

func invalidValue(name, value string) error {
	return state("22023", "invalid value for parameter %q: %q", name, value)
}

// assign sets a variable.
func (c *conn) assign(ctx context.Context, name string, values []string) error {
	value := strings.Join(values, ", ")
	if fixed(name) && name != "session_authorization" {
		return state("55P02", "parameter %q cannot be changed", name)
	}
	switch name {
	case "datestyle":
		if !c.style.ParseDateStyle(strings.Split(value, ",")) {
			return invalidValue("DateStyle", value)
		}
	case "intervalstyle":
		if !c.style.ParseIntervalStyle(value) {
			return invalidValue("IntervalStyle", value)
		}
	case "bytea_output":
		low := strings.ToLower(value)
		if low != "hex" && low != "escape" {
			return invalidValue(name, value)
		}
		c.style.ByteaEscape = low == "escape"
		c.vars[name] = low
	case "timezone", "time zone", "time_zone":
		return c.timezone(ctx, value)
	case "client_encoding", "names":
		switch strings.ToLower(strings.Trim(value, "'\"")) {
		case "utf8", "utf-8", "unicode":
			return nil
		case "sql_ascii":
			return nil
		}
		return invalidValue("client_encoding", value)
	case "search_path":
		return c.searchPath(ctx, values)
	case "statement_timeout", "max_execution_time":
		if err := c.engineSet(ctx, "statement_timeout", strings.ReplaceAll(value, " ", "")); err != nil {
			return invalidValue(name, value)
		}
	case "standard_conforming_strings":
		if low := strings.ToLower(value); low != "on" && low != "true" && low != "1" {
			return state("0A000", "standard_conforming_strings is always on")
		}
	case "read_preference":
		return c.engineSet(ctx, name, value)
	default:
		if _, ok := constants()[name]; !ok && !strings.Contains(name, ".") {
			c.notice("01000", "Unsupported set variable "+name)
		}
		if len(c.vars) >= maxVariables && c.vars[name] == "" {
			return state("53400", "more than %d variables are set", maxVariables)
		}
		if len(value) > 1<<16 {
			return invalidValue(name, value[:64]+"…")
		}
		c.vars[name] = value
	}
	return nil
}

// maxVariables bounds what a session can have us remember.
const maxVariables = 1000

// engineSet has the engine change the session.
func (c *conn) engineSet(ctx context.Context, name, value string) error {
	p := sql.Printer{Dialect: sql.Postgres}
	text := p.Text("SET " + name + " = ").Quote(value).String()
	_, err := c.s.opt.SQL.Statement(ctx, c.sess, &sql.Set{Stmt: sql.Stmt{Src: text},
		Vars: []sql.Assignment{{Name: name, Raw: name, Values: []sql.Expr{&sql.Literal{Kind: sql.LitString, Text: value}}}}})
	return err
}

// timezone sets the zone: a name, or hours east of Greenwich.
func (c *conn) timezone(ctx context.Context, value string) error {
	at := value
	switch low := strings.ToLower(value); {
	case low == "local", low == "default":
		c.sess.Timezone = c.s.opt.Zone
		delete(c.vars, "timezone")
		return nil
	case low == "gmt", low == "z", low == "zulu":
		at = "UTC"
	default:
		if h, err := strconv.ParseFloat(value, 64); err == nil && h > -15 && h < 15 {
			sign, minutes := "+", int(h*60)
			if minutes < 0 {
				sign, minutes = "-", -minutes
			}
			at = sign + two(minutes/60) + ":" + two(minutes%60)
		} else if rest, ok := strings.CutPrefix(low, "utc"); ok && rest != "" {
			at = rest
		} else if rest, ok := strings.CutPrefix(low, "gmt"); ok && rest != "" {
			at = rest
		}
	}
	if n := len(at); n == 3 && (at[0] == '+' || at[0] == '-') {
		at += ":00"
	}
	if err := c.engineSet(ctx, "timezone", at); err != nil {
		return invalidValue("TimeZone", value)
	}
	c.vars["timezone"] = value
	if c.sess.Timezone == time.UTC || strings.Contains(c.sess.Timezone.String(), "/") {
		c.vars["timezone"] = c.sess.Timezone.String()
	}
	return nil
}

func two(n int) string { return string([]byte{'0' + byte(n/10), '0' + byte(n%10)}) }

// searchPath turns the session to the first database of the path that is there.
func (c *conn) searchPath(ctx context.Context, values []string) error {
	var path []string
	for _, v := range values {
		for _, name := range strings.Split(v, ",") {
			path = append(path, trimQuotes(name))
		}
	}
	var first error
	for _, name := range path {
		if name == "" || name == "$user" || name == "pg_catalog" && len(path) > 1 || strings.HasPrefix(name, "pg_temp") {
			continue
		}
		err := c.use(ctx, name)
		if err == nil {
			first = nil
			break
		}
		if first == nil {
			first = err
		}
	}
	if first != nil {
		return first
	}
	shown := make([]string, len(path))
	for i, name := range path {
		if shown[i] = name; name == "" || strings.ContainsAny(name, "$ \"-") {
			shown[i] = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	c.vars["search_path"] = strings.Join(shown, ", ")
	return nil
}

// reset is RESET.
func (c *conn) reset(ctx context.Context, st *sql.Reset) (*result, error) {
	before := c.parameters()
	name := st.Name
	if name == "time zone" {
		name = "timezone"
	}
	all := name == "all"
	if all || name == "datestyle" {
		c.style.Date, c.style.Order = wire.DateISO, wire.MDY
	}
	if all || name == "intervalstyle" {
		c.style.Interval = wire.IntervalPostgres
	}
	if all || name == "bytea_output" {
		c.style.ByteaEscape = false
	}
	if all || name == "timezone" {
		c.sess.Timezone = c.s.opt.Zone
	}
	if all || name == "statement_timeout" {
		c.sess.Timeout = 0
	}
	if all || name == "search_path" {
		if _, ok := c.vars["search_path"]; ok {
			if err := c.use(ctx, model.DefaultDatabase); err != nil {
				return nil, err
			}
		}
	}
	if all {
		app := c.vars["application_name"]
		clear(c.vars)
		if app != "" {
			c.vars["application_name"] = app
		}
	} else if _, ok := c.variable(name); !ok {
		return nil, unrecognized(name)
	} else {
		delete(c.vars, name)
	}
	return &result{tag: "RESET", params: c.changed(before)}, nil
}

func unrecognized(name string) error {
	return state("42704", "unrecognized configuration parameter %q", name)
}

// showName is the header of SHOW: the name as PostgreSQL spells it.
func showName(name string) string {
	low := strings.ToLower(strings.TrimPrefix(name, "@@"))
	for _, r := range reported {
		if strings.EqualFold(r, low) {
			return r
		}
	}
	switch low {
	case "time zone", "time_zone":
		return "TimeZone"
	case "transaction isolation level":
		return "transaction_isolation"
	}
	return low
}

func (c *conn) showVariable(st *sql.ShowVariable) (*result, error) {
	if strings.EqualFold(st.Name, "all") {
		return c.showAll(nil), nil
	}
	return c.showOne(st.Name)
}

func (c *conn) showOne(name string) (*result, error) {
	v, ok := c.variable(strings.ToLower(strings.TrimPrefix(name, "@@")))
	if !ok {
		return nil, unrecognized(name)
	}
	t := newTable(showName(name))
	t.row(v)
	return &result{rows: t, tag: "SHOW"}, nil
}

// showAll lists all variables.
func (c *conn) showAll(_ *sql.Show) *result {
	t := newTable("name", "setting", "description")
	for _, n := range c.variables() {
		v, _ := c.variable(n)
		t.row(showName(n), v, "")
	}
	return &result{rows: t, tag: "SHOW"}
}

package operator

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// ParseTimezone reads "UTC", "SYSTEM", an IANA name in any case, or an offset such as "+08:00" or "-3:30".
func ParseTimezone(name string) (*time.Location, error) {
	switch strings.ToLower(name) {
	case "utc":
		return time.UTC, nil
	case "system":
		return time.Local, nil
	}
	bad := errs.New(errs.InvalidArguments, "Invalid timezone string: %s", name)
	if name == "" {
		return nil, bad
	}
	if name[0] == '+' || name[0] == '-' {
		h, m, ok := strings.Cut(name[1:], ":")
		hours, err1 := strconv.Atoi(h)
		minutes, err2 := strconv.Atoi(m)
		if !ok || err1 != nil || err2 != nil || hours < 0 || hours > 14 || minutes < 0 || minutes > 59 {
			return nil, bad
		}
		seconds := hours*3600 + minutes*60
		if name[0] == '-' {
			seconds = -seconds
		}
		return time.FixedZone(name, seconds), nil
	}
	if strings.EqualFold(name, "local") { // Go's word, not ours
		return nil, bad
	}
	if at, err := time.LoadLocation(name); err == nil {
		return at, nil
	}
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '/' })
	for i, p := range parts {
		words := strings.Split(p, "_")
		for j, w := range words {
			if w != "" {
				words[j] = strings.ToUpper(w[:1]) + w[1:]
			}
		}
		parts[i] = strings.Join(words, "_")
	}
	if at, err := time.LoadLocation(strings.Join(parts, "/")); err == nil {
		return at, nil
	}
	if at, err := time.LoadLocation(strings.ToUpper(name)); err == nil {
		return at, nil
	}
	return nil, bad
}

func (o *Operator) set(ctx context.Context, sess *model.Session, s *sql.Set) error {
	for _, a := range s.Vars {
		if err := o.assign(ctx, sess, a); err != nil {
			return err
		}
	}
	return nil
}

// word is the text of a value of SET: a literal or a bare word.
func word(x sql.Expr) (string, bool) {
	switch x := x.(type) {
	case *sql.Literal:
		return x.Text, true
	case *sql.ColumnRef:
		return objectText(x.Name), true
	}
	return "", false
}

func (o *Operator) assign(ctx context.Context, sess *model.Session, a sql.Assignment) error {
	value, plain := "", false
	if len(a.Values) > 0 {
		value, plain = word(a.Values[0])
	}
	bad := func(what string) error {
		return errs.New(errs.Unsupported, "Not supported: Invalid %s expr %s in set variable statement", what, sql.Format(a.Values[0]))
	}
	switch a.Name {
	case "time zone", "time_zone", "timezone":
		zone, err := ParseTimezone(value)
		if !plain || err != nil {
			return bad("timezone")
		}
		sess.Timezone = zone
		return nil
	case "read_preference":
		if !strings.EqualFold(value, "leader") {
			return bad("read preference")
		}
		return nil
	case "search_path":
		if _, err := o.catalog.Database(value); err != nil && !systemDatabase(value) {
			return schemaNotFound(value)
		}
		sess.Database = value
		return nil
	case "client_encoding":
		if v := strings.ToUpper(value); v != "UTF8" && v != "UTF-8" && v != "UNICODE" {
			return bad("client encoding")
		}
		return nil
	case "max_execution_time", "statement_timeout":
		d, ok := statementTimeout(value)
		if !plain || !ok {
			return bad("timeout")
		}
		sess.Timeout = d
		return nil
	case "intervalstyle":
		switch v := strings.ToLower(value); v {
		case "postgres", "postgres_verbose", "sql_standard", "iso_8601":
			remember(sess, a.Name, v)
			return nil
		}
		return bad("interval style")
	case "bytea_output":
		switch v := strings.ToLower(value); v {
		case "hex", "escape":
			remember(sess, a.Name, v)
			return nil
		}
		return bad("bytea output")
	case "allow_query_fallback":
		switch v := strings.ToLower(value); v {
		case "true", "false", "on", "off", "1", "0":
			remember(sess, a.Name, v)
			return nil
		}
		return bad("allow query fallback")
	case "datestyle":
		style, ok := dateStyle(sess, a.Values)
		if !ok {
			return bad("date style")
		}
		remember(sess, a.Name, style)
		return nil
	case "names", "character set":
		return nil
	}
	if sess.Dialect != model.DialectGreptime { // drivers set all sorts of things before they ask the first question
		return nil
	}
	return errs.New(errs.Unsupported, "Not supported: Unsupported set variable %s", a.Raw)
}

func remember(sess *model.Session, name, value string) {
	if sess.Vars == nil {
		sess.Vars = map[string]string{}
	}
	sess.Vars[name] = value
}

// The date style of a new session: how dates are printed, and in which order their parts are.
const defaultDateStyle = "ISO, MDY"

// dateStyle reads the words of SET datestyle, each of which changes one of the style's two parts.
func dateStyle(sess *model.Session, values []sql.Expr) (string, bool) {
	style, order, _ := strings.Cut(variable(sess, "datestyle", defaultDateStyle), ", ")
	for _, x := range values {
		text, ok := word(x)
		if !ok {
			return "", false
		}
		for w := range strings.SplitSeq(text, ",") {
			switch w = strings.ToUpper(strings.TrimSpace(w)); w {
			case "ISO", "SQL", "GERMAN":
				style = w
			case "POSTGRES":
				style = "Postgres"
			case "MDY", "DMY", "YMD":
				order = w
			case "US", "NONEURO", "NONEUROPEAN":
				order = "MDY"
			case "EURO", "EUROPEAN":
				order = "DMY"
			case "DEFAULT":
				style, order, _ = strings.Cut(defaultDateStyle, ", ")
			default:
				return "", false
			}
		}
	}
	if style == "GERMAN" {
		style = "German"
	}
	return style + ", " + order, true
}

// variable is what SET wrote, or a default.
func variable(sess *model.Session, name, otherwise string) string {
	if v, ok := sess.Vars[name]; ok {
		return v
	}
	return otherwise
}

// statementTimeout reads milliseconds, or a number with ms, s, min, h or d.
func statementTimeout(s string) (time.Duration, bool) {
	unit, number := time.Millisecond, s
	for _, u := range []struct {
		suffix string
		unit   time.Duration
	}{{"ms", time.Millisecond}, {"min", time.Minute}, {"s", time.Second}, {"h", time.Hour}, {"d", 24 * time.Hour}} {
		if n, ok := strings.CutSuffix(s, u.suffix); ok {
			unit, number = u.unit, n
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 32)
	return time.Duration(n) * unit, err == nil && n >= 0
}

func (o *Operator) showVariable(sess *model.Session, s *sql.ShowVariable) (model.RowStream, error) {
	name := strings.ToUpper(strings.TrimPrefix(strings.ToUpper(s.Name), "@@"))
	value := ""
	switch name {
	case "SYSTEM_TIME_ZONE", "SYSTEM_TIMEZONE":
		value = "UTC"
	case "TIME_ZONE", "TIMEZONE", "TIME ZONE":
		value = sess.Timezone.String()
	case "READ_PREFERENCE":
		value = "LEADER"
	case "DATESTYLE":
		value = variable(sess, "datestyle", defaultDateStyle)
	case "INTERVALSTYLE":
		value = variable(sess, "intervalstyle", "postgres")
	case "BYTEA_OUTPUT":
		value = variable(sess, "bytea_output", "hex")
	case "MAX_EXECUTION_TIME":
		value = strconv.FormatInt(sess.Timeout.Milliseconds(), 10)
	case "STATEMENT_TIMEOUT":
		value = strconv.FormatInt(sess.Timeout.Milliseconds(), 10) + "ms"
	default:
		return nil, errs.New(errs.Unsupported, "Not supported: Unsupported show variable: %s", s.Name)
	}
	return textRows([]string{name}, []any{value}), nil
}

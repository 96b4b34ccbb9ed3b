package sql

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	lang "github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/tests/sql/scripttest"
)

// overMySQL sends scripts with go-sql-driver: each as text, and what only reads as a prepared statement too. Booleans are 1 and 0 there,
// times are text in the zone of the session (of which prepared statements keep microseconds), SHOW CREATE quotes with backticks, errors
// have MySQL's numbers, and the driver hides counts that stand between rows.
var overMySQL = scripttest.Protocol{Name: "mysql", Dialect: model.DialectMySQL, Open: func(t *testing.T) (scripttest.Database, scripttest.Conn) {
	p := start(t)
	c := &mysqlConn{process: p}
	c.Reconnect()
	t.Cleanup(func() { c.db.Close() })
	return p, c
}}

type mysqlConn struct {
	*process
	db   *sql.DB
	conn *sql.Conn
}

func (c *mysqlConn) Reconnect() {
	if c.db != nil {
		c.db.Close()
	}
	cfg := driver.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.DBName, cfg.MultiStatements = "tcp", c.node.MySQLAddr(), "root", "public", true
	cfg.Logger = &driver.NopLogger{}
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	c.db = sql.OpenDB(connector)
	if c.conn, err = c.db.Conn(context.Background()); err != nil {
		c.t.Fatal(err)
	}
}

func (c *mysqlConn) Ask(ctx context.Context, sess *model.Session, text string, want scripttest.Answer) (got scripttest.Answer, err error) {
	err = c.conn.Raw(func(dc any) error {
		var aerr error
		got, aerr = c.ask(ctx, dc.(rawConn), sess, text, want)
		if aerr != nil || got.Err != nil || got.String() != want.String() || !readsOnly(text) {
			return aerr
		}
		prepared, aerr := c.prepared(ctx, dc.(rawConn), sess, text, want)
		if aerr == nil && prepared.String() != want.String() {
			aerr = fmt.Errorf("as a prepared statement it gives\n%s", prepared)
		}
		return aerr
	})
	return got, err
}

type rawConn interface {
	sqldriver.QueryerContext
	sqldriver.ExecerContext
	sqldriver.ConnPrepareContext
}

func (c *mysqlConn) ask(ctx context.Context, dc rawConn, sess *model.Session, text string, want scripttest.Answer) (got scripttest.Answer, err error) {
	rows := false
	for _, o := range want.Outputs {
		rows = rows || o.Fields != nil
	}
	if !rows {
		res, err := dc.ExecContext(ctx, text, nil)
		if err != nil {
			return got, mysqlError(&got, err, want)
		}
		for _, n := range res.(driver.Result).AllRowsAffected() {
			got.Outputs = append(got.Outputs, scripttest.Output{Affected: uint64(n)})
		}
		return got, nil
	}
	res, err := dc.QueryContext(ctx, text, nil)
	if err != nil {
		return got, mysqlError(&got, err, want)
	}
	defer res.Close()
	for {
		for len(got.Outputs) < len(want.Outputs) && want.Outputs[len(got.Outputs)].Fields == nil {
			got.Outputs = append(got.Outputs, want.Outputs[len(got.Outputs)]) // the driver hides it
		}
		out, rerr := mysqlRows(res, false, sess, want, len(got.Outputs), backticks(text, want))
		if rerr != nil {
			return got, mysqlError(&got, rerr, want)
		}
		got.Outputs = append(got.Outputs, out)
		next, ok := res.(sqldriver.RowsNextResultSet)
		if !ok || !next.HasNextResultSet() {
			break
		}
		if err := next.NextResultSet(); err == io.EOF {
			break
		} else if err != nil {
			return got, mysqlError(&got, err, want)
		}
	}
	for len(got.Outputs) < len(want.Outputs) && want.Outputs[len(got.Outputs)].Fields == nil {
		got.Outputs = append(got.Outputs, want.Outputs[len(got.Outputs)])
	}
	return got, nil
}

func (c *mysqlConn) prepared(ctx context.Context, dc rawConn, sess *model.Session, text string, want scripttest.Answer) (got scripttest.Answer, err error) {
	st, err := dc.PrepareContext(ctx, text)
	if err != nil {
		return got, fmt.Errorf("prepare: %w", err)
	}
	defer st.Close()
	rows, err := st.(sqldriver.StmtQueryContext).QueryContext(ctx, nil)
	if err != nil {
		return got, fmt.Errorf("execute: %w", err)
	}
	defer rows.Close()
	out, err := mysqlRows(rows, true, sess, want, 0, backticks(text, want))
	got.Outputs = []scripttest.Output{out}
	return got, err
}

// readsOnly reports whether a text can be run twice, and prepared: one statement that reads.
func readsOnly(text string) bool {
	stmts, err := lang.Parse(text, lang.MySQL)
	if err != nil || len(stmts) != 1 {
		return false
	}
	switch stmts[0].(type) {
	case *lang.QueryStmt, *lang.Show, *lang.ShowCreate, *lang.Describe, *lang.TQL:
		return true
	}
	return false
}

// backticks reports whether names are quoted in another way than in want.
func backticks(text string, want scripttest.Answer) bool {
	return strings.Contains(strings.ToUpper(text), "SHOW CREATE") && !strings.Contains(want.String(), "`")
}

// mysqlRows reads a result set, output i of want.
func mysqlRows(rows sqldriver.Rows, binary bool, sess *model.Session, want scripttest.Answer, i int, backticks bool) (scripttest.Output, error) {
	out := scripttest.Output{Fields: []model.Field{}}
	types := rows.(sqldriver.RowsColumnTypeDatabaseTypeName)
	for j, name := range rows.Columns() {
		t := wantType(want, i, j)
		if got, should := types.ColumnTypeDatabaseTypeName(j), mysqlType(t); got != should {
			return out, fmt.Errorf("column %s of type %s is said to be %s, not %s", name, t, got, should)
		}
		out.Fields = append(out.Fields, model.Field{Name: name, Type: t})
	}
	dest := make([]sqldriver.Value, len(out.Fields))
	for r := 0; ; r++ {
		if err := rows.Next(dest); err == io.EOF {
			return out, nil
		} else if err != nil {
			return out, err
		}
		cells := make([]string, len(dest))
		for j, v := range dest {
			cells[j] = mysqlCell(out.Fields[j].Type, v, binary, sess, wantCell(want, i, r, j))
			if backticks {
				cells[j] = strings.ReplaceAll(cells[j], "`", `"`)
			}
		}
		out.Rows = append(out.Rows, cells)
	}
}

// mysqlType is what the driver calls a column of type t.
func mysqlType(t model.Type) string {
	unsigned := func(name string) string {
		if t.Unsigned() {
			return "UNSIGNED " + name
		}
		return name
	}
	switch t.Kind {
	case model.KindNull:
		return "NULL"
	case model.KindBool, model.KindInt8, model.KindUint8:
		return unsigned("TINYINT")
	case model.KindInt16, model.KindUint16:
		return unsigned("SMALLINT")
	case model.KindInt32, model.KindUint32:
		return unsigned("INT")
	case model.KindInt64, model.KindUint64:
		return unsigned("BIGINT")
	case model.KindFloat32:
		return "FLOAT"
	case model.KindFloat64:
		return "DOUBLE"
	case model.KindDate:
		return "DATE"
	case model.KindTimestamp:
		return "TIMESTAMP"
	case model.KindDuration, model.KindTime:
		return "TIME"
	case model.KindDecimal:
		return "DECIMAL"
	case model.KindJSON:
		return "JSON"
	case model.KindBinary:
		return "VARBINARY"
	case model.KindVector:
		return "BLOB"
	}
	return "VARCHAR"
}

// mysqlCell reads a cell of type t; want is what it should turn out to be.
func mysqlCell(t model.Type, v sqldriver.Value, binary bool, sess *model.Session, want string) string {
	var text string
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		text = string(v)
	case float32:
		text = strconv.FormatFloat(float64(v), 'g', -1, 32)
	case time.Time:
		return "a time, though none was asked for"
	default:
		text = fmt.Sprint(v)
	}
	switch t.Kind {
	case model.KindBool:
		return map[string]string{"0": "false", "1": "true"}[text]
	case model.KindFloat32:
		return float32Of(text)
	case model.KindFloat64:
		return float(text)
	case model.KindTimestamp:
		got := unixOf(text, t.Unit, sess.Timezone)
		w, err := strconv.ParseInt(want, 10, 64)
		if t.Unit == model.Nanosecond && binary && err == nil && got == strconv.FormatInt(w-(w%1000+1000)%1000, 10) {
			return want // the binary protocol holds no more than microseconds
		}
		return got
	case model.KindDate:
		return daysOf(text)
	case model.KindDuration, model.KindTime:
		return clockOf(text, t.Unit)
	case model.KindBinary, model.KindVector:
		return hexOf([]byte(text))
	case model.KindJSON, model.KindList, model.KindStruct, model.KindMap:
		if sameJSON(text, want) {
			return want
		}
	}
	return text
}

// mysqlErrors are MySQL's numbers of status codes; what is not among them is 1815.
var mysqlErrors = map[errs.Code]uint16{
	errs.Unknown: 1105, errs.External: 1105, errs.Unsupported: 1235, errs.Cancelled: 1317, errs.DeadlineExceeded: 1317,
	errs.RuntimeResourcesExhausted: 1041, errs.InvalidSyntax: 1149, errs.TableAlreadyExists: 1050, errs.RegionAlreadyExists: 1050,
	errs.FlowAlreadyExists: 1050, errs.TriggerAlreadyExists: 1050, errs.TableNotFound: 1146, errs.RegionNotFound: 1146, errs.FlowNotFound: 1146,
	errs.TriggerNotFound: 1146, errs.RegionReadonly: 1836, errs.DatabaseNotFound: 1102, errs.DatabaseAlreadyExists: 1007,
	errs.UserNotFound: 1449, errs.UnsupportedPasswordType: 1827, errs.AccessDenied: 1045, errs.PermissionDenied: 1045,
	errs.UserPasswordMismatch: 1044, errs.AuthHeaderNotFound: 1251, errs.InvalidAuthHeader: 1251, errs.InvalidArguments: 1210,
	errs.TableColumnNotFound: 1054, errs.TableColumnExists: 1060, errs.RateLimited: 1637, errs.Suspended: 1053,
}

// mysqlError turns an error of the driver into the answer's, or gives it back if the server did not say it.
func mysqlError(a *scripttest.Answer, err error, want scripttest.Answer) error {
	var e *driver.MySQLError
	if !errors.As(err, &e) {
		return err
	}
	name, text, ok := strings.Cut(strings.TrimPrefix(e.Message, "("), "): ")
	code, known := scripttest.CodeNamed(name)
	if !ok || !known {
		return err
	}
	number, listed := mysqlErrors[code]
	if !listed {
		number = 1815
	}
	if e.Number != number {
		return fmt.Errorf("%s has the number %d, not %d", name, e.Number, number)
	}
	a.Outputs, a.Err = nil, &scripttest.Error{Code: code, Text: text}
	if m := masked(want.Err); m != nil && *m == *a.Err {
		a.Err = want.Err
	}
	return nil
}

package mysql

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// front looks whether a statement is ours to answer. It gives an output; or a text to run in place of the statement's own; or neither:
// the engine does the statement as it is.
func (c *conn) front(ctx context.Context, st sql.Statement) (text string, out *model.Output, err error) {
	done := func(err error) (string, *model.Output, error) { return "", &model.Output{}, err }
	switch st := st.(type) {
	case *sql.QueryStmt:
		return c.query(st)
	case *sql.Set:
		return done(c.set(ctx, st))
	case *sql.SetTransaction, *sql.Transaction:
		return done(nil) // there are no transactions: every statement stands on its own
	case *sql.Use:
		return done(c.useDatabase(ctx, st.Database.Base()))
	case *sql.Show:
		switch st.Kind {
		case sql.ShowVariables:
			out, err := c.showVariables(st)
			return "", out, err
		case sql.ShowWarnings:
			return "", c.showWarnings(), nil
		}
	case *sql.ShowVariable:
		if out, ok := answerByWords(st.Source()); ok {
			return "", &out, nil
		}
	case *sql.Kill:
		return c.killStatement(st)
	case *sql.Prepare:
		if st.Body != nil {
			return "", nil, nil // the form of another dialect: the engine says what it thinks of it
		}
		return done(c.prepareNamed(st))
	case *sql.Execute:
		text, err := c.executeNamed(st)
		if err != nil {
			return "", nil, err
		}
		inner, err := sql.ParseOne(text, sql.MySQL)
		if err != nil {
			return "", nil, err
		}
		over, out, err := c.front(ctx, inner) // no EXECUTE again: prepareNamed refuses it
		if over == "" {
			over = text
		}
		return over, out, err
	case *sql.Deallocate:
		if st.Name.Name == "" {
			c.named = nil
		} else if c.named[st.Name.Name] == nil {
			return "", nil, unknownStatement(st.Name.Name, "DEALLOCATE PREPARE")
		}
		delete(c.named, st.Name.Name)
		return done(nil)
	}
	return "", nil, nil
}

// killStatement ends a statement or a connection of this server; ids of other forms are the engine's.
func (c *conn) killStatement(st *sql.Kill) (string, *model.Output, error) {
	id, err := strconv.ParseUint(st.ID, 10, 32)
	if err != nil {
		return "", nil, nil
	}
	victim := c.s.find(uint32(id))
	if victim == nil {
		return "", nil, nil
	}
	if err := c.mayKill(victim); err != nil {
		return "", nil, err
	}
	victim.kill(st.Query)
	return "", &model.Output{Affected: 1}, nil
}

// mayKill refuses users who may not do everything to end what is another's.
func (c *conn) mayKill(victim *conn) error {
	if user, _ := c.s.conns.User(victim.id); c.sess.Rights != model.ReadWrite && user != c.sess.User {
		return &numbered{errorNumber{1095, "HY000"}, fmt.Sprintf("You are not owner of thread %d", victim.id)}
	}
	return nil
}

func unknownStatement(name, verb string) error {
	return &numbered{errorNumber{1243, "HY000"}, fmt.Sprintf("Unknown prepared statement handler (%s) given to %s", name, verb)}
}

// prepareNamed is PREPARE name FROM 'text'.
func (c *conn) prepareNamed(st *sql.Prepare) error {
	if len(c.named) >= c.s.opt.MaxStatements {
		return &numbered{errorNumber{1461, "42000"}, fmt.Sprintf("Prepared statement cache is full, max capacity: %d", c.s.opt.MaxStatements)}
	}
	inner, err := sql.ParseOne(st.Text, sql.MySQL)
	if err != nil {
		return &numbered{errorNumber{1064, "42000"}, err.Error()}
	}
	switch inner.(type) {
	case *sql.Prepare, *sql.Execute, *sql.Deallocate:
		return &numbered{errorNumber{1295, "HY000"}, "This command is not supported in the prepared statement protocol yet"}
	}
	p, err := newPrepared(st.Text)
	if err != nil {
		return err
	}
	if c.named == nil {
		c.named = map[string]*prepared{}
	}
	c.named[st.Name.Name] = p
	return nil
}

// executeNamed gives the text that EXECUTE name [USING …] means.
func (c *conn) executeNamed(st *sql.Execute) (string, error) {
	p := c.named[st.Name.Name]
	if p == nil {
		return "", unknownStatement(st.Name.Name, "EXECUTE")
	}
	if len(st.Args) != p.params() {
		return "", errs.New(errs.InvalidArguments, "Incorrect arguments to EXECUTE: %d where the statement has %d", len(st.Args), p.params())
	}
	literals := make([]string, len(st.Args))
	for i, a := range st.Args {
		l, err := c.constant(a)
		if err != nil {
			return "", err
		}
		literals[i] = sql.FormatFor(l, sql.MySQL)
		if literals[i][0] == '-' {
			literals[i] = " " + literals[i]
		}
	}
	return p.bind(literals), nil
}

// constant is the value of a literal or variable.
func (c *conn) constant(x sql.Expr) (*sql.Literal, error) {
	switch x := x.(type) {
	case *sql.Literal:
		return x, nil
	case *sql.Variable:
		if v, ok := c.variable(x.Name); ok {
			return v, nil
		}
		return &sql.Literal{Kind: sql.LitNull}, nil
	case *sql.ColumnRef: // a bare word of SET
		return &sql.Literal{Kind: sql.LitString, Text: x.Name.Base()}, nil
	}
	return nil, errs.New(errs.Unsupported, "only literals and variables may stand here, not %s", sql.FormatFor(x, sql.MySQL))
}

// query answers queries that ask for variables only, and writes the values of variables into others.
func (c *conn) query(st *sql.QueryStmt) (string, *model.Output, error) {
	if contains(st.Src, "information_schema.files") && contains(st.Src, "logfile_group_name") {
		if out := noFiles(st.Query); out != nil {
			return "", out, nil
		}
	}
	if !strings.Contains(st.Src, "@") && !slices.ContainsFunc(ownWords, func(w string) bool { return contains(st.Src, w) }) {
		return "", nil, nil
	}
	if strings.EqualFold(squeeze(st.Src), "selecttimediff(now(),utc_timestamp())") {
		return "", one(st.Src[len("SELECT "):], "00:00:00"), nil
	}
	// Names of columns that are computed from variables are the texts they were written as.
	sel, _ := st.Query.Body.(*sql.Select)
	only := sel != nil && len(sel.From) == 0 && sel.Where == nil && len(st.Query.With) == 0
	if sel != nil {
		for i := range sel.Items {
			it := &sel.Items[i]
			name, ok := ownName(it.Expr)
			if only = only && ok; ok && it.Alias.Name == "" {
				it.Alias = sql.Ident{Name: name, Quoted: true}
			}
		}
	}
	found := false
	err := sql.Rewrite(st, func(x sql.Expr) (sql.Expr, error) {
		name, ok := ownName(x)
		if !ok {
			return x, nil
		}
		found = true
		if v, ok := c.variable(name); ok {
			return v, nil
		}
		return &sql.Literal{Kind: sql.LitNull}, nil
	}, nil)
	switch {
	case err != nil || !found:
		return "", nil, err
	case only:
		r := &table{}
		for _, it := range sel.Items {
			r.literal(it.Alias.Name, it.Expr.(*sql.Literal))
		}
		return "", r.output(), nil
	}
	p := sql.Printer{Dialect: sql.MySQL, Secrets: true}
	return p.Node(st).String(), nil, nil
}

// ownFunctions tell about the connection, ownWords are what queries hold that something here may know.
var (
	ownFunctions = []string{"connection_id", "last_insert_id", "schema", "version"}
	ownWords     = append([]string{"timediff"}, ownFunctions...)
)

// noFiles answers what dumps ask of information_schema.files, a table of tablespaces, which there are none of. Other queries give nil.
func noFiles(q *sql.Query) *model.Output {
	sel, ok := q.Body.(*sql.Select)
	if !ok || len(sel.From) != 1 {
		return nil
	}
	from, ok := sel.From[0].(*sql.TableRef)
	if !ok || len(from.Name) != 2 || !strings.EqualFold(from.Name[0].Name, "information_schema") || !strings.EqualFold(from.Name.Base(), "files") {
		return nil
	}
	t := &table{}
	for _, it := range sel.Items {
		name := it.Alias.Name
		if name == "" {
			name = sql.FormatFor(it.Expr, sql.MySQL)
		}
		t.column(name, model.String)
	}
	return t.output()
}

// ownName gives the name of an expression whose value is known here: a variable, or a function that tells about the connection.
func ownName(x sql.Expr) (string, bool) {
	switch x := x.(type) {
	case *sql.Variable:
		return x.Name, true
	case *sql.FuncCall:
		if n := strings.ToLower(x.FuncName()); len(x.Name) == 1 && len(x.Args) == 0 && x.Over == nil && slices.Contains(ownFunctions, n) {
			return n + "()", true
		}
	}
	return "", false
}

// answerByWords answers statements that are not of our dialect and mean nothing here, by the words they begin with.
func answerByWords(text string) (model.Output, bool) {
	text = trimComment(text)
	words := strings.ToLower(strings.Join(strings.Fields(strings.TrimRight(text, "; \t\r\n")), " "))
	for _, a := range wordAnswers {
		if rest, ok := strings.CutPrefix(words, a.words); ok && (rest == "" || !isWord(rest[0])) {
			if a.columns == nil {
				return model.Output{}, true
			}
			t := &table{}
			for _, name := range a.columns {
				t.column(name, model.String)
			}
			return *t.output(), true
		}
	}
	return model.Output{}, false
}

// wordAnswers are statements of MySQL with what they answer here: an OK, or columns without rows. It is never changed.
var wordAnswers = []struct {
	words   string
	columns []string
}{
	{"lock tables", nil}, {"unlock tables", nil}, {"lock binlog for backup", nil}, {"unlock binlog", nil}, {"flush", nil},
	{"savepoint", nil}, {"release savepoint", nil}, {"rollback", nil}, {"commit", nil}, {"begin", nil}, {"start transaction", nil},
	{"select $$", nil},
	{"show master status", []string{"File", "Position", "Binlog_Do_DB", "Binlog_Ignore_DB", "Executed_Gtid_Set"}},
	{"show binary log status", []string{"File", "Position", "Binlog_Do_DB", "Binlog_Ignore_DB", "Executed_Gtid_Set"}},
	{"show slave status", []string{"Slave_IO_State"}}, {"show all slaves status", []string{"Slave_IO_State"}},
	{"show replica status", []string{"Replica_IO_State"}},
	{"show plugins", []string{"Name", "Status", "Type", "Library", "License"}},
	{"show engines", []string{"Engine", "Support", "Comment", "Transactions", "XA", "Savepoints"}},
	{"show storage engines", []string{"Engine", "Support", "Comment", "Transactions", "XA", "Savepoints"}},
	{"show triggers", []string{"Trigger", "Event", "Table", "Statement", "Timing", "Created", "sql_mode", "Definer"}},
	{"show events", []string{"Db", "Name", "Definer", "Time zone", "Type", "Status"}},
	{"show procedure status", []string{"Db", "Name", "Type", "Definer", "Modified", "Created"}},
	{"show function status", []string{"Db", "Name", "Type", "Definer", "Modified", "Created"}},
	{"show grants", []string{"Grants"}}, {"show privileges", []string{"Privilege", "Context", "Comment"}},
	{"show profiles", []string{"Query_ID", "Duration", "Query"}}, {"show errors", []string{"Level", "Code", "Message"}},
}

// trimComment leaves out comments that a text begins with: /* ApplicationName=… */.
func trimComment(text string) string {
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if !strings.HasPrefix(text, "/*") {
			return text
		}
		_, rest, ok := strings.Cut(text, "*/")
		if !ok {
			return text
		}
		text = rest
	}
}

// squeeze leaves out blanks.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

// contains looks for a lower-case ASCII word whatever the text's case.
func contains(text, word string) bool {
	for i := 0; i+len(word) <= len(text); i++ {
		if text[i]|0x20 == word[0] && strings.EqualFold(text[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// table is a small result made here. It is its own stream.
type table struct {
	fields []model.Field
	batch  model.Batch
	done   bool
}

func (t *table) column(name string, typ model.Type) *model.Vector {
	v := model.NewVector(typ, 1)
	t.fields = append(t.fields, model.Field{Name: name, Type: typ})
	t.batch.Cols = append(t.batch.Cols, v)
	return v
}

// literal adds a column with one value; the table has that one row.
func (t *table) literal(name string, l *sql.Literal) {
	switch n, isInt := l.Int64(); {
	case l.Kind == sql.LitNull:
		t.column(name, model.String).AppendNull()
	case isInt:
		t.column(name, model.Int64).AppendInt(n)
	default:
		t.column(name, model.String).AppendString(l.Text)
	}
	t.batch.Len = 1
}

func (t *table) row(values ...string) {
	for i, v := range values {
		t.batch.Cols[i].AppendString(v)
	}
	t.batch.Len++
}

func (t *table) output() *model.Output { return &model.Output{Rows: t} }

// one is a result of one string.
func one(name, value string) *model.Output {
	t := &table{}
	t.column(name, model.String)
	t.row(value)
	return t.output()
}

// Fields implements model.RowStream.
func (t *table) Fields() []model.Field { return t.fields }

// Next implements model.RowStream.
func (t *table) Next(context.Context) (*model.Batch, error) {
	if t.done || t.batch.Len == 0 {
		return nil, io.EOF
	}
	t.done = true
	return &t.batch, nil
}

// Close implements model.RowStream.
func (t *table) Close() error { return nil }

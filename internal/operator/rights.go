package operator

import (
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// allow refuses statements that the session's user has no right to.
func allow(sess *model.Session, st sql.Statement) error {
	if sess.Rights == model.ReadWrite {
		return nil
	}
	read, write := needs(st)
	if read && !sess.Rights.CanRead() {
		return denied(sess, "read")
	}
	if write && !sess.Rights.CanWrite() {
		return denied(sess, "write")
	}
	return nil
}

func denied(sess *model.Session, what string) error {
	return errs.New(errs.PermissionDenied, "Permission denied: user %s is not allowed to %s", sess.User, what)
}

// needs tells whether a statement reads data or what describes it, and whether it changes anything. Those that only concern the session
// do neither; what is not named here is taken for a change.
func needs(st sql.Statement) (read, write bool) {
	switch s := st.(type) {
	case *sql.QueryStmt:
		return true, len(adminItems(s.Query)) > 0
	case *sql.DeclareCursor:
		return needs(s.Body)
	case *sql.CopyQuery:
		return needs(s.Body)
	case *sql.TQL, *sql.Explain, *sql.Show, *sql.ShowCreate, *sql.Describe, *sql.FetchCursor:
		return true, false
	case *sql.Insert:
		return s.Query != nil, true
	case *sql.Delete:
		return false, true
	case *sql.CopyTable:
		return !s.From, s.From
	case *sql.CopyDatabase:
		return !s.From, s.From
	case *sql.Prepare, *sql.Execute: // what they run is judged when it runs
		return false, false
	case *sql.ShowVariable, *sql.Use, *sql.Set, *sql.SetTransaction, *sql.Transaction, *sql.Deallocate, *sql.CloseCursor:
		return false, false
	}
	return false, true
}

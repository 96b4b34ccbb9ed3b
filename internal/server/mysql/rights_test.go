package mysql

import (
	"context"
	"sync/atomic"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// fickle is an Authenticator whose one user's rights change, and who may be taken away.
type fickle struct {
	rights atomic.Uint32
	gone   atomic.Bool
}

func (f *fickle) Account(context.Context, string) (Account, error) {
	return Account{Password: []byte("pw"), Rights: model.Rights(f.rights.Load())}, nil
}

func (f *fickle) Rights(_ context.Context, name string) (model.Rights, error) {
	if f.gone.Load() {
		return 0, errs.New(errs.UserNotFound, "User not found, username: %s", name)
	}
	return model.Rights(f.rights.Load()), nil
}

// TestRightsOfTheMoment: what a user may do is looked up for each statement, in text and prepared, and a user who is gone is sent away.
func TestRightsOfTheMoment(t *testing.T) {
	f := &fickle{}
	h := start(t, Options{Auth: f})
	h.on("SELECT rights", func(_ context.Context, sess *model.Session) ([]model.Output, error) {
		fields := []model.Field{{Name: "r", Type: model.String}}
		return []model.Output{{Rows: h.stream(fields, batch(fields, []any{sess.Rights.String()}))}}, nil
	})
	db := h.db(func(c *driver.Config) { c.User, c.Passwd = "ann", "pw" })
	db.SetMaxOpenConns(1)
	stmt, err := db.Prepare("SELECT rights")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []model.Rights{model.ReadWrite, model.ReadOnly, model.WriteOnly, model.ReadWrite} {
		f.rights.Store(uint32(r))
		var text, prepared string
		if err := db.QueryRow("SELECT rights").Scan(&text); err != nil || text != r.String() {
			t.Errorf("%s %v, want %s", text, err, r)
		}
		if err := stmt.QueryRow().Scan(&prepared); err != nil || prepared != r.String() {
			t.Errorf("prepared: %s %v, want %s", prepared, err, r)
		}
	}
	f.gone.Store(true)
	if err := db.QueryRow("SELECT rights").Err(); number(err) != 1449 {
		t.Errorf("a user who is gone: %v", err)
	}
}

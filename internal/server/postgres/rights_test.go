package postgres

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// fickle is an Authenticator whose one user's rights change, and who may be taken away.
type fickle struct {
	rights atomic.Uint32
	gone   atomic.Bool
}

func (f *fickle) AllSCRAM() bool { return false }

func (f *fickle) SCRAM(context.Context, string) (wire.ScramKeys, model.Rights, bool) {
	return wire.ScramKeys{}, 0, false
}

func (f *fickle) Check(ctx context.Context, user, _ string) (model.Rights, error) {
	return f.Rights(ctx, user)
}

func (f *fickle) Rights(_ context.Context, name string) (model.Rights, error) {
	if f.gone.Load() {
		return 0, errs.New(errs.UserNotFound, "User not found, username: %s", name)
	}
	return model.Rights(f.rights.Load()), nil
}

// TestRightsOfTheMoment: what a user may do is looked up for each statement, and a user who is gone is sent away.
func TestRightsOfTheMoment(t *testing.T) {
	f := &fickle{}
	addr, e := serve(t, Options{Auth: f})
	c := dial(t, addr, map[string]string{"user": "ann", "database": "public"})
	if _, err := c.f.Receive(); err != nil {
		t.Fatal(err)
	}
	c.send(&pgproto3.PasswordMessage{Password: "pw"})
	if got := c.until(); got != "ready I" {
		t.Fatal(got)
	}
	for _, r := range []model.Rights{model.ReadWrite, model.ReadOnly, model.WriteOnly, model.ReadWrite} {
		for way, say := range map[string][]pgproto3.FrontendMessage{"simple": {&pgproto3.Query{String: "select 1"}},
			"extended": {&pgproto3.Parse{Query: "select 1"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{}}} {
			f.rights.Store(uint32(r))
			c.send(say...)
			c.until()
			if got := model.Rights(e.rights.Load()); got != r {
				t.Errorf("%s: rights %s, want %s", way, got, r)
			}
		}
	}
	f.gone.Store(true)
	c.send(&pgproto3.Query{String: "select 1"})
	if got := c.until(); got != "error 28000, end" {
		t.Errorf("a user who is gone: %s", got)
	}
}

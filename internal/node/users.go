package node

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"

	"github.com/goptimedb/goptimedb/internal/auth"
	"github.com/goptimedb/goptimedb/internal/kv"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server/mysql"
	"github.com/goptimedb/goptimedb/internal/server/postgres"
	wirepostgres "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// secretKey is where the metadata keeps what salts are made from.
const secretKey = "auth/secret"

// openUsers gives the users of the configuration; nil where everybody is let in.
func openUsers(ctx context.Context, provider string, meta kv.Store, log *slog.Logger) (*auth.Users, error) {
	if provider == "" {
		return nil, nil
	}
	fresh := make([]byte, 32)
	rand.Read(fresh)
	made, secret, err := meta.CompareAndPut(ctx, secretKey, nil, fresh) // the first start makes it, and all others find it
	if err != nil {
		return nil, fmt.Errorf("secret of logins: %w", err)
	}
	if made {
		secret = fresh
	}
	return auth.Open(provider, auth.Options{Log: log, Secret: secret})
}

// rightsNow gives what a user may do who has logged in before; errs.UserNotFound where the user has been taken away since.
func rightsNow(u *auth.Users, name string) (model.Rights, error) {
	user, err := u.Find(name)
	if err != nil {
		return 0, err
	}
	return user.Rights, nil
}

// httpUsers is how HTTP asks for users.
func httpUsers(u *auth.Users) func(ctx context.Context, user, password string) (model.Rights, error) {
	if u == nil {
		return nil
	}
	return func(ctx context.Context, user, password string) (model.Rights, error) {
		found, err := u.Check(ctx, user, password)
		if err != nil {
			return 0, err
		}
		return found.Rights, nil
	}
}

// mysqlUsers is how MySQL asks for users.
type mysqlUsers struct{ *auth.Users }

// Account implements mysql.Authenticator.
func (u mysqlUsers) Account(ctx context.Context, name string) (mysql.Account, error) {
	user, err := u.Find(name)
	if err != nil {
		return u.account(name, u.Resembled(name)), err
	}
	acc := u.account(name, user.Password)
	acc.Rights = user.Rights
	return acc, nil
}

// Rights implements mysql.Authenticator.
func (u mysqlUsers) Rights(_ context.Context, name string) (model.Rights, error) {
	return rightsNow(u.Users, name)
}

// account tells the ways to log in that a password allows.
func (u mysqlUsers) account(name string, p auth.Password) (acc mysql.Account) {
	if clear, ok := p.Clear(); ok {
		acc.Password = []byte(clear)
	} else if h, ok := p.NativeHash(); ok {
		acc.NativeHash = h
	} else {
		acc.Check = func(ctx context.Context, password []byte) error {
			_, err := u.Check(ctx, name, string(password))
			return err
		}
	}
	return acc
}

// mysqlAuth is the authenticator of the MySQL listener; nil where everybody is let in.
func (n *Standalone) mysqlAuth() mysql.Authenticator {
	if n.users == nil {
		return nil
	}
	return mysqlUsers{n.users}
}

// postgresUsers is how PostgreSQL asks for users.
type postgresUsers struct{ *auth.Users }

// SCRAM implements postgres.Authenticator.
func (u postgresUsers) SCRAM(_ context.Context, name string) (wirepostgres.ScramKeys, model.Rights, bool) {
	keys, user, ok := u.Users.SCRAM(name)
	out := wirepostgres.ScramKeys{Iterations: keys.Iterations, Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey}
	if user == nil || !ok {
		return out, 0, false
	}
	return out, user.Rights, true
}

// Rights implements postgres.Authenticator.
func (u postgresUsers) Rights(_ context.Context, name string) (model.Rights, error) {
	return rightsNow(u.Users, name)
}

// Check implements postgres.Authenticator.
func (u postgresUsers) Check(ctx context.Context, name, password string) (model.Rights, error) {
	user, err := u.Users.Check(ctx, name, password)
	if err != nil {
		return 0, err
	}
	return user.Rights, nil
}

// postgresAuth is the authenticator of the PostgreSQL listener; nil where everybody is let in.
func (n *Standalone) postgresAuth() postgres.Authenticator {
	if n.users == nil {
		return nil
	}
	return postgresUsers{n.users}
}

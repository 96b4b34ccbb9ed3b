package postgres

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// Authenticator knows users. It is called by many goroutines at once.
type Authenticator interface {
	// AllSCRAM reports whether every user can log in by SCRAM-SHA-256; if not, everybody is asked for a clear password, so that clients
	// do not learn what is kept of whose password.
	AllSCRAM() bool
	// SCRAM gives the keys and rights of a user. For one that does not exist the keys are made up, the same each time, and known is false:
	// the exchange takes its usual course and fails at the end.
	SCRAM(ctx context.Context, user string) (keys wire.ScramKeys, rights model.Rights, known bool)
	// Check checks a clear password in constant time. Its errors carry 7xxx codes.
	Check(ctx context.Context, user, password string) (model.Rights, error)
	// Rights gives what a user who has logged in may do now, before each statement; errs.UserNotFound ends the connection.
	Rights(ctx context.Context, user string) (model.Rights, error)
}

package mysql

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Account is what is known of a user's password. A way to log in works where the member that it needs is there.
type Account struct {
	// Rights are what the user may do once logged in.
	Rights model.Rights
	// Password is the clear password: for mysql_native_password and caching_sha2_password. Nil: it is not known.
	Password []byte
	// NativeHash is SHA1(SHA1(password)), 20 bytes: for mysql_native_password. Nil: it is not known.
	NativeHash []byte
	// Check checks a clear password, which clients hand out over TLS, or encrypted for this server: for caching_sha2_password and
	// mysql_clear_password. Its errors carry 7xxx codes; it compares in constant time. Nil: use Password.
	Check func(ctx context.Context, password []byte) error
}

// Authenticator knows users. It is called by many goroutines at once.
type Authenticator interface {
	// Account finds a user. For one that does not exist the error is errs.UserNotFound; the client is then asked as the user of the account
	// that comes with the error would be, and refused at the end whatever it says, so that it does not learn who exists.
	Account(ctx context.Context, user string) (Account, error)
	// Rights gives what a user who has logged in may do now, before each command; errs.UserNotFound ends the connection.
	Rights(ctx context.Context, user string) (model.Rights, error)
}

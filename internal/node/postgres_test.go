package node

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/goptimedb/goptimedb/internal/auth"
	"github.com/goptimedb/goptimedb/internal/base/config"
)

func pgLogin(addr, user, password string, t *tls.Config) (*pgx.Conn, string) {
	cfg, err := pgx.ParseConfig("postgres://" + addr + "/public?sslmode=disable")
	if err != nil {
		return nil, err.Error()
	}
	cfg.User, cfg.Password, cfg.TLSConfig = user, password, t
	c, err := pgx.ConnectConfig(context.Background(), cfg)
	if err == nil {
		return c, ""
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return nil, pe.Code
	}
	return nil, err.Error()
}

// TestPostgresLogins: which form of password lets a client in, by SCRAM where all users can, else in clear.
func TestPostgresLogins(t *testing.T) {
	mixed := guarded(t, nil)
	scram := guarded(t, func(c *config.Standalone) {
		hash, err := auth.Hash("pg_scram_sha256", "pg_scram_sha256")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "users")
		lines := []string{"plain=plain", "pg_scram_sha256=" + hash, "reader:ro=reader", "writer:wo=writer"}
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		c.UserProvider = "static_user_provider:file:" + file
	})
	for _, q := range []struct {
		n                    *Standalone
		user, password, want string
	}{
		{mixed, "plain", "plain", ""}, {mixed, "pbkdf2_sha256", "pbkdf2_sha256", ""}, {mixed, "pg_scram_sha256", "pg_scram_sha256", ""},
		{mixed, "mysql_native_password", "mysql_native_password", "28P01"}, {mixed, "plain", "wrong", "28P01"}, {mixed, "plain", "", "28P01"},
		{mixed, "ghost", "x", "28P01"}, {mixed, "pbkdf2_sha256", "wrong", "28P01"},
		{scram, "plain", "plain", ""}, {scram, "pg_scram_sha256", "pg_scram_sha256", ""}, {scram, "plain", "wrong", "28P01"},
		{scram, "pg_scram_sha256", "wrong", "28P01"}, {scram, "ghost", "x", "28P01"}, {scram, "plain", "", "28P01"},
	} {
		c, got := pgLogin(q.n.PostgresAddr(), q.user, q.password, nil)
		if got != q.want && !(q.password == "" && got != "") {
			t.Errorf("%s with password %q (all SCRAM: %v): %q, want %q", q.user, q.password, q.n == scram, got, q.want)
		}
		if c != nil {
			c.Close(context.Background())
		}
	}
	ctx := context.Background()
	for user, refused := range map[string]string{"reader": "CREATE TABLE x (ts TIMESTAMP TIME INDEX)", "writer": "SELECT * FROM information_schema.tables"} {
		c, got := pgLogin(scram.PostgresAddr(), user, user, nil)
		if got != "" {
			t.Fatal(user, got)
		}
		var pe *pgconn.PgError
		if _, err := c.Exec(ctx, refused); !errors.As(err, &pe) || pe.Code != "42501" {
			t.Errorf("%s: %s: %v", user, refused, err)
		}
		c.Close(ctx)
	}
}

func TestPostgresTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	roots := selfSigned(t, cert, key)
	client := &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
	for _, mode := range []string{"prefer", "require"} {
		n := guarded(t, func(c *config.Standalone) {
			c.Postgres.TLS.Mode, c.Postgres.TLS.CertPath, c.Postgres.TLS.KeyPath = mode, cert, key
		})
		c, got := pgLogin(n.PostgresAddr(), "plain", "plain", client)
		if got != "" {
			t.Fatalf("%s: over TLS: %s", mode, got)
		}
		c.Close(context.Background())
		c, got = pgLogin(n.PostgresAddr(), "plain", "plain", nil)
		if want := map[string]string{"prefer": "", "require": "28000"}[mode]; got != want {
			t.Errorf("%s: in clear: %q, want %q", mode, got, want)
		}
		if c != nil {
			c.Close(context.Background())
		}
	}
}

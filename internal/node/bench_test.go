package node

import (
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/goptimedb/goptimedb/internal/base/config"
)

// BenchmarkSelect1 is what a statement costs over each protocol, one client and fifty at a time, engine and all.
func BenchmarkSelect1(b *testing.B) {
	c := config.Default()
	c.Storage.DataHome = b.TempDir()
	c.HTTP.Addr, c.MySQL.Addr, c.Postgres.Addr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Logging.AppendStdout, c.Logging.EnableFileLogging = false, false
	n, err := Start(b.Context(), c, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer n.Stop(b.Context())
	db, err := sql.Open("mysql", "u@tcp("+n.MySQLAddr()+")/public")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxIdleConns(64)
	pool := make(chan *pgx.Conn, 50)
	for range cap(pool) {
		c, err := pgx.Connect(b.Context(), "postgres://u@"+n.PostgresAddr()+"/public?sslmode=disable")
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close(b.Context())
		pool <- c
	}
	ask := map[string]func() error{
		"mysql": func() error { var v int; return db.QueryRow("SELECT 1").Scan(&v) },
		"postgres": func() error {
			c := <-pool
			defer func() { pool <- c }()
			var v int
			return c.QueryRow(b.Context(), "SELECT 1").Scan(&v)
		},
	}
	for _, name := range []string{"mysql", "postgres"} {
		b.Run(name+"/1", func(b *testing.B) {
			for b.Loop() {
				if err := ask[name](); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/50", func(b *testing.B) {
			b.SetParallelism(25)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := ask[name](); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "statements/s")
		})
	}
}

package mysql

import (
	"context"
	"database/sql"
	"net"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"github.com/goptimedb/goptimedb/internal/model"
)

// nothing is an engine that answers at once: what is left is the protocol.
type nothing struct{ e *engine }

func (n nothing) Execute(context.Context, *model.Session, string) ([]model.Output, error) {
	f := []model.Field{{Name: "Int64(1)", Type: model.Int64}}
	return []model.Output{{Rows: n.e.stream(f, batch(f, []any{1}))}}, nil
}

func BenchmarkSelectOne(b *testing.B) {
	s, err := New(Options{SQL: nothing{&engine{}}})
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve(l)
	defer s.Shutdown(context.Background())
	cfg := driver.NewConfig()
	cfg.Net, cfg.Addr, cfg.User = "tcp", l.Addr().String(), "root"
	c, err := driver.NewConnector(cfg)
	if err != nil {
		b.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	for name, run := range map[string]func() error{
		"text":     func() error { var x int; return db.QueryRow("SELECT 1").Scan(&x) },
		"prepared": func() error { var x int; return db.QueryRow("SELECT ?", 1).Scan(&x) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

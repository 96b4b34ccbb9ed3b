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

// million streams a million rows of four columns.
type million struct{ e *engine }

func (m million) Execute(context.Context, *model.Session, string) ([]model.Output, error) {
	f := []model.Field{{Name: "host", Type: model.String}, {Name: "ts", Type: model.Timestamp(model.Millisecond)}, {Name: "v", Type: model.Float64}, {Name: "n", Type: model.Int64}}
	const per = 10_000
	b := model.NewBatch(f, per)
	for i := range per {
		b.Cols[0].AppendString("host_17")
		b.Cols[1].AppendInt(1700000000000 + int64(i)*10007)
		b.Cols[2].AppendFloat(float64(i%100) / 4)
		b.Cols[3].AppendInt(int64(i))
	}
	b.Len = per
	batches := make([]*model.Batch, 100)
	for i := range batches {
		batches[i] = b
	}
	return []model.Output{{Rows: m.e.stream(f, batches...)}}, nil
}

func BenchmarkMillionRows(b *testing.B) {
	s, err := New(Options{SQL: million{&engine{}}})
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve(l)
	defer s.Shutdown(context.Background())
	db, err := sql.Open("mysql", "root@tcp("+l.Addr().String()+")/")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for name, query := range map[string]func() (*sql.Rows, error){
		"text":   func() (*sql.Rows, error) { return db.Query("SELECT * FROM t") },
		"binary": func() (*sql.Rows, error) { return db.Query("SELECT * FROM t WHERE 1 = ?", 1) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				rows, err := query()
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for rows.Next() {
					n++
				}
				if rows.Close(); n != 1e6 || rows.Err() != nil {
					b.Fatal(n, rows.Err())
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "Mrows/s")
		})
	}
}

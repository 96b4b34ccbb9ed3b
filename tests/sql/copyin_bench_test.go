package sql

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/node"
)

// copyRow is row i of what BenchmarkCopyIn loads: ten tags, a time, ten numbers.
func copyRow(i int) (tags [10]string, ms int64, nums [10]float64) {
	for c := range 10 {
		tags[c] = fmt.Sprintf("value_%d_%d", c, i/360%(10*(c+1)))
		nums[c] = float64((i*7+c*13)%1010) / 10
	}
	return tags, 1700000000000 + int64(i%360)*10000 + int64(i/36000)*3600000, nums
}

// copyData writes rows in a format of COPY.
func copyData(format string, rows int) []byte {
	var b bytes.Buffer
	if format == "binary" {
		b.WriteString("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	}
	for i := range rows {
		tags, ms, nums := copyRow(i)
		if format == "binary" {
			b.Write([]byte{0, 21})
			for _, s := range tags {
				b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
				b.WriteString(s)
			}
			b.Write([]byte{0, 0, 0, 8})
			b.Write(binary.BigEndian.AppendUint64(nil, uint64(ms*1000-946684800000000)))
			for _, f := range nums {
				b.Write([]byte{0, 0, 0, 8})
				b.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(f)))
			}
			continue
		}
		sep := byte('\t')
		if format == "csv" {
			sep = ','
		}
		for _, s := range tags {
			b.WriteString(s)
			b.WriteByte(sep)
		}
		fmt.Fprintf(&b, "2023-11-14 %02d:%02d:%02d.%03d", ms/3600000%24, ms/60000%60, ms/1000%60, ms%1000)
		for _, f := range nums {
			b.WriteByte(sep)
			fmt.Fprintf(&b, "%g", f)
		}
		b.WriteByte('\n')
	}
	if format == "binary" {
		b.WriteString("\xff\xff")
	}
	return b.Bytes()
}

// BenchmarkCopyIn loads rows by COPY FROM STDIN, log and all.
func BenchmarkCopyIn(b *testing.B) {
	const rows = 200_000
	cfg := config.Default()
	cfg.Storage.DataHome = b.TempDir()
	cfg.HTTP.Addr, cfg.MySQL.Addr, cfg.Postgres.Addr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Logging.AppendStdout = false
	n, err := node.Start(b.Context(), cfg, node.Options{Build: node.Build{Version: "test"}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = n.Stop(context.Background()) }()
	conn, err := pgconn.Connect(b.Context(), "postgres://a@"+n.PostgresAddr()+"/public?sslmode=disable")
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	var columns []string
	for i := range 10 {
		columns = append(columns, fmt.Sprintf("tag%d STRING", i))
	}
	columns = append(columns, "ts TIMESTAMP TIME INDEX")
	for i := range 10 {
		columns = append(columns, fmt.Sprintf("usage%d DOUBLE", i))
	}
	for _, format := range []string{"text", "csv", "binary"} {
		data := copyData(format, rows)
		b.Run(format, func(b *testing.B) {
			for i := range b.N {
				name := fmt.Sprintf("t_%s_%d_%d", format, b.N, i)
				if _, err := conn.Exec(b.Context(), "CREATE TABLE "+name+" ("+strings.Join(columns, ", ")+
					", PRIMARY KEY (tag0, tag1, tag2, tag3, tag4, tag5, tag6, tag7, tag8, tag9)) WITH (append_mode = 'true')").ReadAll(); err != nil {
					b.Fatal(err)
				}
				tag, err := conn.CopyFrom(b.Context(), bytes.NewReader(data), "COPY "+name+" FROM STDIN (FORMAT "+format+")")
				if err != nil || tag.RowsAffected() != rows {
					b.Fatal(tag, err)
				}
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.SetBytes(int64(len(data)))
		})
	}
}

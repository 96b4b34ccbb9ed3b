// Package duckdb answers questions about the files of a table with the embedded DuckDB alone, over HTTP and in the same form as the server
// does, so that what differs is who reads the files.
package duckdb

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/relational"
)

// Server answers /v1/sql on a free port of 127.0.0.1.
type Server struct {
	Base  string // scheme and authority
	Files int

	db   *relational.DB
	http *http.Server
	done chan struct{}
}

// Serve makes the Parquet files below dir the relation cpu. No server may change them meanwhile.
func Serve(dir string) (*Server, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.HasSuffix(path, ".parquet") {
			files = append(files, "'"+strings.ReplaceAll(path, "'", "''")+"'")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no Parquet files below %s", dir)
	}
	db, err := relational.Open(relational.Options{ExternalAccess: true, MemoryLimit: 8 << 30,
		Macros: []string{"CREATE VIEW cpu AS SELECT * FROM read_parquet([" + strings.Join(files, ", ") + "])"}})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		db.Close()
		return nil, err
	}
	s := &Server{Base: "http://" + l.Addr().String(), Files: len(files), db: db, done: make(chan struct{})}
	s.http = &http.Server{Handler: http.HandlerFunc(s.answer)}
	go func() {
		defer close(s.done)
		s.http.Serve(l) // until Close
	}()
	return s, nil
}

// Close stops the server and waits for it.
func (s *Server) Close() error {
	s.http.Close()
	<-s.done
	return s.db.Close()
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	rows, err := s.db.Query(r.Context(), relational.Statement{SQL: r.FormValue("sql")})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	defer rows.Close()
	if err := write(r.Context(), w, rows); err != nil {
		panic(http.ErrAbortHandler) // the answer has begun: its end says that it is none
	}
}

// write is an answer in the form of /v1/sql.
func write(ctx context.Context, w io.Writer, rows *relational.Rows) error {
	buf := []byte(`{"output":[{"records":{"schema":{"column_schemas":[`)
	for i, f := range rows.Fields() {
		if i > 0 {
			buf = append(buf, ',')
		}
		name, err := json.Marshal(f.Name)
		if err != nil {
			return err
		}
		buf = append(append(append(buf, `{"name":`...), name...), '}')
	}
	buf = append(buf, `]},"rows":[`...)
	n := 0
	for {
		b, err := rows.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		for i := range b.Len {
			if n > 0 {
				buf = append(buf, ',')
			}
			n++
			for c, v := range b.Cols {
				sep := byte(',')
				if c == 0 {
					sep = '['
				}
				buf = appendCell(append(buf, sep), v, i)
			}
			buf = append(buf, ']')
		}
		if len(buf) > 64<<10 {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	buf = append(buf, `],"total_rows":`...)
	buf = append(strconv.AppendInt(buf, int64(n), 10), `}}]}`...)
	_, err := w.Write(buf)
	return err
}

// appendCell writes a value; the strings of the data set need no escapes.
func appendCell(dst []byte, v *model.Vector, i int) []byte {
	if v.Null(i) {
		return append(dst, "null"...)
	}
	switch v.Type.Class() {
	case model.ClassInt:
		return strconv.AppendInt(dst, v.Ints[i], 10)
	case model.ClassFloat:
		return strconv.AppendFloat(dst, v.Floats[i], 'g', -1, 64)
	case model.ClassBytes:
		return append(append(append(dst, '"'), v.BytesAt(i)...), '"')
	}
	return strconv.AppendQuote(dst, v.At(i).String())
}

// Package file is the engine of external tables: it reads rows out of files of others, and never writes.
//
// What a table is made of is a Definition, which its creator keeps: the files are listed once, when the table is made, so that every
// query sees the same ones. There is no region, log or cache. A scan reads the files one after the other, only the wanted columns of
// Parquet files, and holds one batch at a time.
package file

import (
	"context"
	"errors"
	"io"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/location"
	"github.com/goptimedb/goptimedb/internal/wire/files"
)

// Name is the engine's name in CREATE and SHOW.
const Name = "file"

// Definition is the files of a table and how they are read. It is kept as JSON.
type Definition struct {
	Location   string
	Connection map[string]string `json:",omitempty"`
	Files      []location.Entry
	Format     files.Format
	Text       files.Compression `json:",omitempty"` // compression of text files
	Delimiter  byte              `json:",omitempty"`
	NoHeader   bool              `json:",omitempty"`
	SkipBad    bool              `json:",omitempty"`
}

// Options is how the files are read.
func (d *Definition) Options() files.Options {
	return files.Options{Format: d.Format, Compression: d.Text, Delimiter: d.Delimiter, NoHeader: d.NoHeader, SkipBad: d.SkipBad}
}

// Scan reads columns of all files. CSV files without a header are read by the position of a column in the schema. Row groups of Parquet
// files that have no row for which pred is true are left out; all rows of the others are given, and pred may be nil.
func (d *Definition) Scan(ctx context.Context, places *location.Places, s *model.Schema, ids []model.ColumnID, pred *model.Expr) (model.RowStream, error) {
	sc := &scan{d: d, pred: pred}
	for _, id := range ids {
		c := s.Column(id)
		if c == nil {
			return nil, errs.New(errs.RequestOutdated, "the table has no column %d any more", id)
		}
		sc.fields = append(sc.fields, model.Field{Name: c.Name, Type: c.Type, ID: id})
	}
	all := s.Columns
	if !d.byPosition() {
		all = make([]model.Column, 0, len(ids))
		for _, id := range ids {
			all = append(all, *s.Column(id))
		}
	}
	for i := range all {
		c := &all[i]
		w := files.Column{Name: c.Name, Type: c.Type, ID: c.ID}
		switch {
		case c.Default != nil && c.Default.Func == "":
			v := c.Default.Value
			w.Missing = &v
		case c.Nullable:
			v := model.NullOf(c.Type)
			w.Missing = &v
		}
		sc.want = append(sc.want, w)
	}
	if len(sc.want) == 0 { // rows are counted: the time index is in every row
		t := s.Time()
		v := model.IntValue(t.Type, 0)
		sc.want = append(sc.want, files.Column{Name: t.Name, Type: t.Type, Missing: &v})
	}
	for _, f := range sc.fields {
		for i, w := range sc.want {
			if w.Name == f.Name {
				sc.pick = append(sc.pick, i)
				break
			}
		}
	}
	var err error
	sc.loc, err = places.Open(ctx, d.Location, d.Connection)
	return sc, err
}

func (d *Definition) byPosition() bool { return d.Format == files.CSV && d.NoHeader }

// scan is the rows of files, one file after the other.
type scan struct {
	d      *Definition
	loc    *location.Location
	pred   *model.Expr
	fields []model.Field
	want   []files.Column
	pick   []int // of a batch's columns
	next   int   // file
	f      location.File
	r      files.Reader
}

// Fields implements model.RowStream.
func (s *scan) Fields() []model.Field { return s.fields }

// Next implements model.RowStream.
func (s *scan) Next(ctx context.Context) (*model.Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s.r == nil {
			if s.next == len(s.d.Files) {
				return nil, io.EOF
			}
			if err := s.open(ctx); err != nil {
				return nil, err
			}
		}
		b, err := s.r.Next()
		if errors.Is(err, io.EOF) {
			if err := s.done(); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		out := &model.Batch{Len: b.Len, Cols: make([]*model.Vector, len(s.pick))}
		for i, p := range s.pick {
			out.Cols[i] = b.Cols[p]
		}
		return out, nil
	}
}

func (s *scan) open(ctx context.Context) (err error) {
	e := s.d.Files[s.next]
	if s.f, err = s.loc.Open(ctx, e.Path); err != nil {
		return err
	}
	if n := s.f.Size(); n != e.Size {
		return errs.New(errs.IllegalState, "file %s has %d bytes, and had %d when the external table was made; make the table anew", e.Path, n, e.Size)
	}
	s.next++
	o := s.d.Options()
	o.Where = s.pred
	s.r, err = files.NewReader(files.Source{Name: e.Path, ReaderAt: s.f, Size: e.Size}, o, s.want)
	return err
}

func (s *scan) done() (err error) {
	if s.r != nil {
		err = s.r.Close()
		s.r = nil
	}
	if s.f != nil {
		err = errors.Join(err, s.f.Close())
		s.f = nil
	}
	return err
}

// Close implements model.RowStream.
func (s *scan) Close() error {
	err := s.done()
	s.next = len(s.d.Files)
	if s.loc != nil {
		s.loc.Close()
		s.loc = nil
	}
	return err
}

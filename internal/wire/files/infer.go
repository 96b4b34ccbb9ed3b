package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/valyala/fastjson"

	"github.com/goptimedb/goptimedb/internal/model"
)

// DefaultInfer is how many records Infer looks at.
const DefaultInfer = 1000

// ParquetNames are the names of a Parquet file's columns.
func ParquetNames(src Source) (out []string, err error) {
	defer guard(&err, src.Name)
	f, err := openParquet(src)
	if err != nil {
		return nil, err
	}
	for _, c := range f.Root().Columns() {
		out = append(out, c.Name())
	}
	return out, nil
}

// Infer tells the columns of a file: a Parquet file's own, or what fits the first records (limit; 0: DefaultInfer) of a text file.
// Columns that cannot be read are left out of Parquet files.
func Infer(src Source, o Options, limit int) ([]ColumnMeta, error) {
	if limit <= 0 {
		limit = DefaultInfer
	}
	switch o.Format {
	case CSV:
		return inferCSV(src, o, limit)
	case JSON:
		return inferJSON(src, o, limit)
	}
	return inferParquet(src)
}

func inferParquet(src Source) (out []ColumnMeta, err error) {
	defer guard(&err, src.Name)
	f, err := openParquet(src)
	if err != nil {
		return nil, err
	}
	ours := parquetMeta(f)
	for _, c := range f.Root().Columns() {
		t, err := leafType(c)
		if err != nil {
			continue
		}
		m := ColumnMeta{Name: c.Name(), Type: t}
		if known, ok := ours[c.Name()]; ok && convertible(t, known.Type) {
			m = known
		}
		out = append(out, m)
	}
	if len(out) == 0 {
		return nil, dataError(src.Name, 0, "", errors.New("no column can be read"))
	}
	return out, nil
}

// guess is what the values of a column have been so far.
type guess struct {
	name string
	typ  model.Type // KindNull: nothing but NULLs
}

// textType is the narrowest type that a text fits.
func textType(b []byte) model.Type {
	switch {
	case string(b) == "true" || string(b) == "false" || string(b) == "TRUE" || string(b) == "FALSE":
		return model.Bool
	case len(b) >= 19 && b[4] == '-' && b[7] == '-':
		var v = model.NewVector(model.Timestamp(model.Nanosecond), 1)
		if appendText(v, b, time.UTC) == nil {
			if v.Ints[0]%1e6 == 0 {
				return model.Timestamp(model.Millisecond)
			}
			return v.Type
		}
		return model.String
	case len(b) == 10 && b[4] == '-' && b[7] == '-':
		if appendText(model.NewVector(model.Date, 1), b, time.UTC) == nil {
			return model.Date
		}
		return model.String
	}
	if _, err := strconv.ParseInt(text(b), 10, 64); err == nil {
		return model.Int64
	}
	if _, err := strconv.ParseFloat(text(b), 64); err == nil {
		return model.Float64
	}
	return model.String
}

// add widens the guess so that it holds t too.
func (g *guess) add(t model.Type) {
	a := g.typ
	switch {
	case a == t || t.Kind == model.KindNull:
	case a.Kind == model.KindNull:
		g.typ = t
	case a.IsTimestamp() && t.IsTimestamp():
		g.typ = model.Timestamp(max(a.Unit, t.Unit))
	case a.Numeric() && t.Numeric():
		g.typ = model.Float64
	case a.IsTimestamp() && t.Kind == model.KindDate:
	case a.Kind == model.KindDate && t.IsTimestamp():
		g.typ = t
	case a.Kind == model.KindJSON || t.Kind == model.KindJSON:
		g.typ = model.JSON
	default:
		g.typ = model.String
	}
}

func metas(gs []*guess) (out []ColumnMeta) {
	for _, g := range gs {
		if g.typ.Kind == model.KindNull {
			g.typ = model.String
		}
		out = append(out, ColumnMeta{Name: g.name, Type: g.typ})
	}
	return out
}

func inferCSV(src Source, o Options, limit int) ([]ColumnMeta, error) {
	l, err := openLines(src, &o)
	if err != nil {
		return nil, err
	}
	defer l.close()
	r := records{l: l, delim: o.delimiter()}
	var gs []*guess
	for row := 0; row <= limit; row++ {
		err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, dataError(src.Name, int64(row), "", err)
		}
		if len(r.cells) > maxColumns {
			return nil, dataError(src.Name, int64(row), "", fmt.Errorf("%d columns; at most %d are read", len(r.cells), maxColumns))
		}
		if row == 0 {
			for i, n := range r.names() {
				if o.NoHeader {
					n = "column_" + strconv.Itoa(i+1)
				}
				gs = append(gs, &guess{name: n, typ: model.Null})
			}
			if !o.NoHeader {
				continue
			}
		}
		for i, c := range r.cells {
			if i < len(gs) && (c.from != c.to || c.quoted) {
				gs[i].add(textType(r.cell(i)))
			}
		}
	}
	if len(gs) == 0 {
		return nil, dataError(src.Name, 0, "", errNothing)
	}
	return metas(gs), nil
}

func inferJSON(src Source, o Options, limit int) ([]ColumnMeta, error) {
	l, err := openLines(src, &o)
	if err != nil {
		return nil, err
	}
	defer l.close()
	var p fastjson.Parser
	var gs []*guess
	index := map[string]int{}
	for row := 1; row <= limit; row++ {
		line, err := l.next(0)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, dataError(src.Name, int64(row), "", err)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		x, err := p.ParseBytes(line)
		if err != nil || x.Type() != fastjson.TypeObject {
			return nil, dataError(src.Name, int64(row), "", fmt.Errorf("%s is not an object of JSON", clip(line)))
		}
		x.GetObject().Visit(func(key []byte, v *fastjson.Value) {
			i, ok := index[string(key)]
			if !ok {
				i = len(gs)
				if i >= maxColumns {
					return
				}
				index[string(key)] = i
				gs = append(gs, &guess{name: string(key), typ: model.Null})
			}
			switch v.Type() {
			case fastjson.TypeTrue, fastjson.TypeFalse:
				gs[i].add(model.Bool)
			case fastjson.TypeNumber:
				gs[i].add(textType(v.MarshalTo(nil)))
			case fastjson.TypeString:
				t := textType(v.GetStringBytes())
				if !t.IsTimestamp() {
					t = model.String
				}
				gs[i].add(t)
			case fastjson.TypeObject, fastjson.TypeArray:
				gs[i].add(model.JSON)
			}
		})
	}
	if len(gs) == 0 {
		return nil, dataError(src.Name, 0, "", errNothing)
	}
	return metas(gs), nil
}

package operator

import (
	"context"
	"slices"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/engines/file"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/location"
	"github.com/goptimedb/goptimedb/internal/wire/files"
)

// external reports a table whose rows are in files of others.
func external(t *catalog.Table) bool { return t.External != nil }

// notExternal refuses changes of rows that are not ours.
func notExternal(t *catalog.Table) error {
	if external(t) {
		return errs.New(errs.Unsupported, "Not supported: changing the external table %s, whose files are read only", t.FullName())
	}
	return nil
}

// createExternal makes a table of files: they are listed, their columns read or compared with the declared ones, and all of that kept.
func (o *Operator) createExternal(ctx context.Context, sess *model.Session, s *sql.CreateTable) error {
	if s.Engine != "" && s.Engine != file.Name {
		return errs.New(errs.InvalidArguments, "An external table has engine file, not %s", s.Engine)
	}
	if len(s.PrimaryKey) > 0 || s.Partitions != nil {
		return errs.New(errs.Unsupported, "Not supported: PRIMARY KEY and PARTITION of external tables")
	}
	d := &file.Definition{Connection: map[string]string{}}
	var c copyOptions
	shown := map[string]string{}
	for _, x := range s.Options {
		shown[x.Key] = x.Value
		switch {
		case x.Key == "location":
			d.Location = x.Value
		case slices.Contains([]string{"format", "pattern", "compression_type", "delimiter", "has_header", "headers", "schema_infer_max_record", "skip_bad_records"}, x.Key):
			if err := c.read(sess, x.Key, x.Value, true); err != nil {
				return errs.Wrap(codeOr(err, errs.InvalidArguments), err, "table option %s", x.Key)
			}
		case slices.Contains(location.Keys(), x.Key):
			d.Connection[x.Key] = x.Value
		default:
			return errs.New(errs.InvalidArguments, "Unrecognized table option key: %s", x.Key)
		}
	}
	if d.Location == "" {
		return errs.New(errs.InvalidArguments, "Missing required field: location; add WITH (location = 'path')")
	}
	d.Format, d.Text, d.Delimiter, d.NoHeader, d.SkipBad = c.files.Format, c.files.Compression, c.files.Delimiter, c.files.NoHeader, c.files.SkipBad
	db, name, err := o.newTarget(sess, s.Name, s.IfNotExists)
	if err != nil || db == nil {
		return err
	}
	loc, err := o.opts.Places.Open(ctx, d.Location, d.Connection)
	if err != nil {
		return err
	}
	defer loc.Close()
	if d.Files, err = loc.List(ctx, c.pattern); err != nil {
		return err
	}
	if len(d.Files) == 0 {
		return errs.New(errs.InvalidArguments, "location '%s' holds no file that the pattern matches", loc)
	}
	found, err := inferFile(ctx, loc, d, c.infer)
	if err != nil {
		return err
	}
	schema, err := o.externalSchema(sess, s, d, found)
	if err != nil {
		return err
	}
	t := &catalog.Table{Database: db.Name, Name: name, Engine: file.Name, Schema: schema, Options: shown, External: d}
	return o.createUnlessThere(ctx, t, s.IfNotExists)
}

func codeOr(err error, code errs.Code) errs.Code {
	if c := errs.CodeOf(err); c != errs.Unknown && c != errs.Internal {
		return c
	}
	return code
}

// inferFile reads the columns of the first file.
func inferFile(ctx context.Context, loc *location.Location, d *file.Definition, records int) ([]files.ColumnMeta, error) {
	f, err := loc.Open(ctx, d.Files[0].Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return files.Infer(files.Source{Name: d.Files[0].Path, ReaderAt: f, Size: f.Size()}, d.Options(), records)
}

func (o *Operator) externalSchema(sess *model.Session, s *sql.CreateTable, d *file.Definition, found []files.ColumnMeta) (*model.Schema, error) {
	var out *model.Schema
	if len(s.Columns) > 0 {
		var err error
		if out, err = newSchema(sess, s); err != nil {
			return nil, err
		}
		byName := make(map[string]model.Type, len(found))
		for _, m := range found {
			byName[m.Name] = m.Type
		}
		for i := range out.Columns {
			c := &out.Columns[i]
			t, ok := byName[c.Name]
			if d.Format == files.CSV && d.NoHeader && i < len(found) {
				continue
			}
			if !ok && c.Default == nil && d.Format != files.JSON {
				return nil, errs.New(errs.InvalidArguments, "The schema of the file table is incompatible with the table schema: column %s is not in file %s and has no default", c.Name, d.Files[0].Path)
			}
			if ok && d.Format == files.Parquet && !files.Convertible(t, c.Type) {
				return nil, errs.New(errs.InvalidArguments, "The schema of the file table is incompatible with the table schema: column %s is %s in file %s, not %s", c.Name, t, d.Files[0].Path, c.Type)
			}
		}
	} else {
		out = &model.Schema{NextColumn: 1}
		for i, m := range found {
			if out.ByName(m.Name) != nil {
				return nil, errs.New(errs.InvalidArguments, "file %s has two columns named %s", d.Files[0].Path, strconv.Quote(m.Name))
			}
			if err := checkColumnName("", m.Name); err != nil {
				return nil, err
			}
			c := model.Column{ID: model.ColumnID(i + 1), Name: m.Name, Type: m.Type, Nullable: true}
			if m.Semantic == model.TimeColumn && m.Type.IsTimestamp() && out.TimeIndex == 0 {
				c.Semantic, c.Nullable, out.TimeIndex = model.TimeColumn, false, c.ID
			}
			out.Columns = append(out.Columns, c)
			out.NextColumn++
		}
	}
	if out.TimeIndex != 0 {
		return out, nil
	}
	name := "greptime_timestamp"
	if c := out.ByName(name); c != nil {
		if !c.Type.IsTimestamp() {
			return nil, errs.New(errs.InvalidArguments, "column %s is the time index and must be a timestamp, not %s", name, c.Type)
		}
		c.Semantic, c.Nullable, out.TimeIndex = model.TimeColumn, false, c.ID
		return out, nil
	}
	typ := model.Timestamp(model.Millisecond)
	out.TimeIndex = out.NextColumn
	out.NextColumn++
	out.Columns = append(out.Columns, model.Column{ID: out.TimeIndex, Name: name, Type: typ, Semantic: model.TimeColumn,
		Default: &model.Default{Value: model.IntValue(typ, 0)}})
	return out, nil
}

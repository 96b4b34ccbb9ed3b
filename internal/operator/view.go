package operator

import (
	"context"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// createView makes a view of a query that can be planned as things are.
func (o *Operator) createView(ctx context.Context, sess *model.Session, s *sql.CreateView) error {
	if s.OrReplace && s.IfNotExists {
		return errs.New(errs.InvalidArguments, "syntax error Create Or Replace and If Not Exist cannot be used together")
	}
	database, name, err := tableName(sess, s.Name)
	if err != nil {
		return err
	}
	if err := writable(database); err != nil {
		return err
	}
	if !sql.ValidName(name) {
		return errs.New(errs.InvalidArguments, "Invalid view name: %s", name)
	}
	if _, err := o.catalog.Database(database); err != nil {
		return err
	}
	if t, err := o.catalog.Table(database, name); err == nil {
		return errs.New(errs.TableAlreadyExists, "Table already exists: `%s`", t.FullName())
	}
	if s.IfNotExists && o.catalog.View(database, name) != nil {
		return nil
	}
	in := *sess // names without a database are of the session's, not of the view's
	fields, err := o.bodyFields(ctx, &in, s.Body)
	if err != nil {
		return err
	}
	if len(s.Columns) > 0 && len(s.Columns) != len(fields) {
		return errs.New(errs.InvalidArguments, "Expect %d columns for view %s, but found %d", len(fields), name, len(s.Columns))
	}
	v := &catalog.View{Catalog: model.DefaultCatalog, Database: database, Name: name, Created: o.opts.Now().UTC(), Definition: strings.TrimSpace(s.Source())}
	if v.Query, err = qualified(s.Body, sess.Database); err != nil {
		return err
	}
	if s.OrReplace {
		if err := o.acyclic(v); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for i, f := range fields {
		c := catalog.ViewColumn{Name: f.Name, Source: f.Name, Type: f.Type}
		if len(s.Columns) > 0 {
			c.Name = s.Columns[i].Name
		}
		if seen[c.Name] {
			return errs.New(errs.InvalidArguments, "view %s would have two columns of the name %s; name them apart", name, c.Name)
		}
		seen[c.Name] = true
		v.Columns = append(v.Columns, c)
	}
	if v.ID, err = o.catalog.NewTableID(ctx, 1); err != nil {
		return err
	}
	return o.catalog.PutView(ctx, v, s.OrReplace)
}

// acyclic refuses a view that would read itself by way of others, which only replacing one can bring about.
func (o *Operator) acyclic(v *catalog.View) error {
	asked := map[string]bool{}
	var reads func(of *catalog.View) error
	reads = func(of *catalog.View) (err error) {
		body, err := sql.ParseOne(of.Query, sql.Greptime)
		if err != nil {
			return err
		}
		sql.Walk(body, func(n sql.Node) bool {
			t, ok := n.(*sql.TableRef)
			if !ok || err != nil {
				return err == nil
			}
			_, database, name := t.Name.Split()
			next := o.catalog.View(database, name)
			switch {
			case next == nil || asked[next.FullName()]:
			case database == v.Database && name == v.Name:
				err = errs.New(errs.InvalidArguments, "Invalid view \"%s\": it would read itself by way of %s", v.Name, of.FullName())
			default:
				asked[next.FullName()] = true
				err = reads(next)
			}
			return err == nil
		})
		return err
	}
	return reads(v)
}

// bodyFields are the columns of a query or a TQL EVAL.
func (o *Operator) bodyFields(ctx context.Context, sess *model.Session, body sql.Statement) ([]model.Field, error) {
	switch b := body.(type) {
	case *sql.QueryStmt:
		if o.opts.Query == nil {
			return nil, errs.New(errs.Unsupported, "Not supported: queries")
		}
		return o.opts.Query.Fields(ctx, sess, b.Query)
	case *sql.TQL:
		rows, err := o.tql(ctx, sess, b)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		return rows.Fields(), nil
	}
	return nil, errs.New(errs.InvalidArguments, "Invalid statement to create view")
}

// qualified prints a view's query so that it means the same in every session: tables with their databases, in the common dialect.
func qualified(body sql.Statement, database string) (string, error) {
	own := map[string]bool{} // names of common table expressions
	sql.Walk(body, func(n sql.Node) bool {
		if q, ok := n.(*sql.Query); ok {
			for _, c := range q.With {
				own[c.Name.Name] = true
			}
		}
		return true
	})
	sql.Walk(body, func(n sql.Node) bool {
		if t, ok := n.(*sql.TableRef); ok && len(t.Name) == 1 && !own[t.Name[0].Name] {
			t.Name = sql.ObjectName{{Name: database, Quoted: true}, t.Name[0]}
		}
		return true
	})
	text := sql.Format(body)
	if _, err := sql.ParseOne(text, sql.Greptime); err != nil {
		return "", errs.Wrap(errs.Unsupported, err, "Not supported: a view of this query")
	}
	return text, nil
}

func viewNotFound(n sql.ObjectName) error {
	return errs.New(errs.TableNotFound, "View not found: %s", objectText(n))
}

func (o *Operator) dropViews(ctx context.Context, sess *model.Session, s *sql.Drop) error {
	for _, n := range s.Names {
		database, name, err := tableName(sess, n)
		if err != nil {
			return err
		}
		if _, err := o.catalog.Table(database, name); err == nil {
			return errs.New(errs.InvalidArguments, "Invalid view \"%s\": not a view; drop it by DROP TABLE", objectText(n))
		}
		ok, err := o.catalog.DropView(ctx, database, name)
		if err != nil {
			return err
		}
		if !ok && !s.IfExists {
			return viewNotFound(n)
		}
	}
	return nil
}

func (o *Operator) showCreateView(sess *model.Session, s *sql.ShowCreate) (model.RowStream, error) {
	database, name, err := tableName(sess, s.Name)
	if err != nil {
		return nil, err
	}
	v := o.catalog.View(database, name)
	if v == nil {
		return nil, viewNotFound(s.Name)
	}
	return textRows([]string{"View", "Create View"}, []any{name, v.Definition}), nil
}

package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/kv"
	"github.com/goptimedb/goptimedb/internal/model"
)

// View is a query with a name. It is immutable. Views and tables of a database share their names. Keys:
//
//	name/{database}/{view}   "view"
//	view/{database}/{view}   View
type View struct {
	ID         model.TableID
	Catalog    string
	Database   string // names without a database in Query are of this one
	Name       string
	Query      string // in the Greptime dialect
	Definition string // the statement that made it, in its own dialect
	Columns    []ViewColumn
	Created    time.Time
}

// ViewColumn is a column of a view as it was when the view was made.
type ViewColumn struct {
	Name   string
	Source string // name of the query's column
	Type   model.Type
}

// FullName is catalog.database.view.
func (v *View) FullName() string { return v.Catalog + "." + v.Database + "." + v.Name }

func viewKey(v *View) string     { return "view/" + v.Database + "/" + v.Name }
func viewNameKey(v *View) string { return "name/" + v.Database + "/" + v.Name }

// View finds a view, or nil.
func (c *Catalog) View(database, name string) *View { return c.snap.Load().views[database][name] }

// Views are the views of a database, by name.
func (c *Catalog) Views(database string) []*View { return sorted(c.snap.Load().views[database]) }

// AllViews are the views of all databases, by database and name.
func (c *Catalog) AllViews() (out []*View) {
	s := c.snap.Load()
	for _, d := range sorted(s.databases) {
		out = append(out, sorted(s.views[d.Name])...)
	}
	return out
}

func (c *Catalog) readViews(ctx context.Context, s *snapshot) error {
	return c.scan(ctx, "view/", func(_ string, value []byte) error {
		var v View
		if err := json.Unmarshal(value, &v); err != nil {
			return err
		}
		if s.databases[v.Database] == nil {
			return fmt.Errorf("view %s is in a database that does not exist", v.FullName())
		}
		if s.views[v.Database] == nil {
			s.views[v.Database] = map[string]*View{}
		}
		s.views[v.Database][v.Name] = &v
		return nil
	})
}

// PutView makes a view, or with replace puts it in the place of one of the same name. A table of that name, or a view that is not to be
// replaced, is errs.TableAlreadyExists.
func (c *Catalog) PutView(ctx context.Context, v *View, replace bool) error {
	c.write.Lock()
	defer c.write.Unlock()
	if _, err := c.Database(v.Database); err != nil {
		return err
	}
	old := c.View(v.Database, v.Name)
	if old != nil && !replace {
		return errs.New(errs.TableAlreadyExists, "View already exists: `%s`", v.FullName())
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	txn := kv.Txn{Then: []kv.Op{kv.Put(viewNameKey(v), []byte("view")), kv.Put(viewKey(v), b)}}
	if old == nil {
		txn.If = []kv.Compare{kv.Missing(viewNameKey(v))}
	}
	res, err := c.store.Txn(ctx, txn)
	if err != nil {
		return fmt.Errorf("write catalog: %w", err)
	}
	if !res.Succeeded {
		return errs.New(errs.TableAlreadyExists, "Table already exists: `%s`", v.FullName())
	}
	c.change(func(s *snapshot) { s.editViews(v.Database)[v.Name] = v })
	return nil
}

// DropView forgets a view; it reports whether there was one.
func (c *Catalog) DropView(ctx context.Context, database, name string) (bool, error) {
	c.write.Lock()
	defer c.write.Unlock()
	v := c.View(database, name)
	if v == nil {
		return false, nil
	}
	if _, err := c.store.Txn(ctx, kv.Txn{Then: []kv.Op{kv.Delete(viewNameKey(v)), kv.Delete(viewKey(v))}}); err != nil {
		return false, fmt.Errorf("write catalog: %w", err)
	}
	c.change(func(s *snapshot) { delete(s.editViews(database), name) })
	return true, nil
}

func (s *snapshot) editViews(database string) map[string]*View {
	m := maps.Clone(s.views[database])
	if m == nil {
		m = map[string]*View{}
	}
	s.views[database] = m
	return m
}

package postgres

import "github.com/goptimedb/goptimedb/internal/lang/sql"

func adapts(string) bool { return false }

func (c *conn) adapt(sql.Statement) error { return nil }

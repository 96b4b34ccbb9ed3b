package postgres

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
)

// format writes PostgreSQL's format with a constant pattern of %s, %I, %L and %%; what has others stays as it is. Clients name objects so.
func (a *adapter) format(f *sql.FuncCall, pattern string) (sql.Expr, error) {
	var parts []sql.Expr
	add := func(x sql.Expr) { parts = append(parts, x) }
	args := f.Args[1:]
	for {
		before, after, more := strings.Cut(pattern, "%")
		if before != "" {
			add(textLit(before))
		}
		if !more {
			break
		}
		if after == "" {
			return f, nil
		}
		verb := after[0]
		pattern = after[1:]
		if verb == '%' {
			add(textLit("%"))
			continue
		}
		if len(args) == 0 {
			return nil, state("22023", "too few arguments for format()")
		}
		x := args[0].Expr
		args = args[1:]
		switch verb {
		case 's':
			add(castTo(x, "TEXT"))
		case 'I', 'L':
			quote := map[byte]string{'I': "quote_ident", 'L': "quote_literal"}[verb]
			q, err := a.call(&sql.FuncCall{Name: sql.ObjectName{{Name: quote}}, Args: []sql.Arg{{Expr: x}}})
			if err != nil {
				return nil, err
			}
			add(q)
		default:
			return f, nil
		}
	}
	if len(parts) == 0 {
		return textLit(""), nil
	}
	return call("concat", parts...), nil
}

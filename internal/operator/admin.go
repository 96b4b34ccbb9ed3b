package operator

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// admin calls a function of ADMIN. Its result is one row of one column that is named by the statement.
func (o *Operator) admin(ctx context.Context, sess *model.Session, s *sql.Admin) (model.RowStream, error) {
	args := make([]string, len(s.Call.Args))
	for i, a := range s.Call.Args {
		l, ok := a.Expr.(*sql.Literal)
		if !ok {
			return nil, errs.New(errs.InvalidArguments, "Invalid function args: %s is not a literal", sql.Format(a.Expr))
		}
		args[i] = l.Text
	}
	name := strings.ToLower(s.Call.FuncName())
	arity := func(min, max int) error {
		if len(args) < min || len(args) > max {
			return errs.New(errs.InvalidArguments, "Invalid function args: The length of the args is not correct, expect %d, have: %d", min, len(args))
		}
		return nil
	}
	var err error
	switch name {
	case "flush_table", "flush_region":
		if err = arity(1, 1); err == nil {
			err = o.eachRegionOf(sess, name, args[0], func(id model.RegionID) error { return o.regions.Flush(ctx, id) })
		}
	case "build_index":
		if err = arity(1, 1); err == nil {
			err = o.eachRegionOf(sess, name, args[0], func(id model.RegionID) error { return o.regions.BuildIndex(ctx, id) })
		}
	case "compact_table", "compact_region":
		if err = arity(1, 3); err == nil {
			var req contract.CompactRequest
			if req, err = compactRequest(args[1:]); err == nil {
				err = o.eachRegionOf(sess, name, args[0], func(id model.RegionID) error {
					req.Region = id
					return o.regions.Compact(ctx, req)
				})
			}
		}
	default:
		err = errs.New(errs.InvalidArguments, "Admin function not found: %s", s.Call.FuncName())
	}
	if err != nil {
		return nil, err
	}
	m := &memoryRows{fields: []model.Field{{Name: s.Source(), Type: model.Uint64}}}
	m.batch = model.NewBatch(m.fields, 1)
	m.batch.Cols[0].AppendInt(0)
	m.batch.Len = 1
	return m, nil
}

// eachRegionOf calls f for the region that is named, or all regions of the table that is.
func (o *Operator) eachRegionOf(sess *model.Session, function, arg string, f func(id model.RegionID) error) error {
	if strings.HasSuffix(function, "_region") {
		id, err := model.ParseRegionID(arg)
		if err != nil {
			return errs.New(errs.InvalidArguments, "Invalid function args: %s is not a region id", arg)
		}
		return f(id)
	}
	var name sql.ObjectName
	for part := range strings.SplitSeq(arg, ".") {
		name = append(name, sql.Ident{Name: strings.Trim(part, "`\"")})
	}
	t, err := o.target(sess, name)
	if err != nil {
		return err
	}
	for _, id := range t.Regions {
		if err := f(id); err != nil {
			return err
		}
	}
	return nil
}

// compactRequest reads the kind of a compaction and its options: "strict_window", "window=3600,parallelism=2" or a bare number of seconds.
func compactRequest(args []string) (r contract.CompactRequest, err error) {
	if len(args) == 0 {
		return r, nil
	}
	switch strings.ToLower(args[0]) {
	case "", "regular":
	case "strict_window", "swcs":
		r.Strict = true
	default:
		return r, errs.New(errs.InvalidArguments, "Invalid function args: Unknown compaction type: %s", args[0])
	}
	if len(args) < 2 || args[1] == "" {
		return r, nil
	}
	if n, err := strconv.ParseInt(args[1], 10, 32); err == nil && r.Strict && n > 0 {
		r.Window = time.Duration(n) * time.Second
		return r, nil
	}
	for pair := range strings.SplitSeq(args[1], ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(pair), "=")
		n, nerr := strconv.ParseInt(v, 10, 32)
		switch {
		case k == "window" && r.Strict && nerr == nil && n > 0:
			r.Window = time.Duration(n) * time.Second
		case k == "parallelism" && nerr == nil && n > 0: // the engine decides
		case k == "start_time", k == "end_time":
			return r, errs.New(errs.Unsupported, "Not supported: start_time and end_time of compactions")
		default:
			return r, errs.New(errs.InvalidArguments, "Invalid function args: Unknown parameter: %s", k)
		}
	}
	return r, nil
}

package operator

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/bind"
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
			var c compactionArgs
			if c, err = readCompactionArgs(args[1:]); err == nil {
				err = o.eachRegionOf(sess, name, args[0], func(id model.RegionID) error {
					meta, err := o.regions.Meta(ctx, id)
					if err != nil {
						return err
					}
					req, err := c.request(sess, id, meta.Schema.TimeUnit())
					if err != nil {
						return err
					}
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

// compactionArgs are the arguments of compact_table and compact_region after the first: the kind, and its options.
type compactionArgs struct {
	req        contract.CompactRequest
	start, end *string // as written: the regions' time index says in which unit they count
}

// readCompactionArgs reads "strict_window", "window=3600,parallelism=2" or a bare number of seconds. A kind that is not one of the strict
// ones' names is the usual compaction.
func readCompactionArgs(args []string) (c compactionArgs, err error) {
	if len(args) == 0 {
		return c, nil
	}
	switch strings.ToLower(strings.TrimSpace(args[0])) {
	case "strict_window", "swcs":
		c.req.Strict = true
	}
	if len(args) < 2 || strings.TrimSpace(args[1]) == "" {
		return c, nil
	}
	seconds := func(v string) error {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n <= 0 || n > int64(math.MaxInt64/time.Second) {
			return errs.New(errs.InvalidArguments, "Invalid function args: window must be a positive number of seconds, given: %s", v)
		}
		c.req.Window = time.Duration(n) * time.Second
		return nil
	}
	if text := strings.TrimSpace(args[1]); c.req.Strict && !strings.Contains(text, "=") {
		return c, seconds(text)
	}
	for pair := range strings.SplitSeq(args[1], ",") {
		k, v, _ := strings.Cut(pair, "=")
		k, v = strings.ToLower(strings.TrimSpace(k)), strings.TrimSpace(v)
		switch {
		case k == "window" && c.req.Strict:
			if err := seconds(v); err != nil {
				return c, err
			}
		case k == "parallelism":
			n, err := strconv.ParseUint(v, 10, 31)
			if err != nil || n == 0 {
				return c, errs.New(errs.InvalidArguments, "Invalid function args: parallelism must be a positive integer, given: %s", v)
			}
			c.req.Parallelism = int(n)
		case k == "start_time":
			c.start = &v
		case k == "end_time":
			c.end = &v
		default:
			return c, errs.New(errs.InvalidArguments, "Invalid function args: Unknown parameter: %s", k)
		}
	}
	if (c.start == nil) != (c.end == nil) {
		return c, errs.New(errs.InvalidArguments, "Invalid function args: start_time and end_time must be specified together")
	}
	return c, nil
}

// request is what a region is asked for; its time index is of the unit.
func (c *compactionArgs) request(sess *model.Session, id model.RegionID, unit model.TimeUnit) (contract.CompactRequest, error) {
	req := c.req
	req.Region = id
	if c.start == nil {
		return req, nil
	}
	var times [2]int64
	for i, text := range []string{*c.start, *c.end} {
		name := [...]string{"start_time", "end_time"}[i]
		v, err := bind.ParseTime(strings.Trim(text, "'\""), unit, sess.Timezone)
		if err != nil {
			return req, errs.New(errs.InvalidArguments, "Invalid function args: %s: %s", name, err)
		}
		times[i] = v
	}
	if times[0] >= times[1] {
		return req, errs.New(errs.InvalidArguments, "Invalid function args: start_time %s must be before end_time %s", *c.start, *c.end)
	}
	req.TimeRange = &model.TimeRange{Start: times[0], End: times[1]}
	return req, nil
}

package operator

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/bind"
)

func (o *Operator) adminCompact(ctx context.Context, sess *model.Session, regions regionsOf, args []string) (model.Value, error) {
	c, err := readCompactionArgs(args[1:])
	if err != nil {
		return model.Value{}, err
	}
	return done(o.eachRegion(sess, regions, args[0], func(id model.RegionID) error {
		meta, err := o.regions.Meta(ctx, id)
		if err != nil {
			return err
		}
		req, err := c.request(sess, id, meta.Schema.TimeUnit())
		if err != nil {
			return err
		}
		return o.regions.Compact(ctx, req)
	}))
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

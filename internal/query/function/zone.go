package function

import (
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
)

// The functions that x AT TIME ZONE zone becomes: of an instant the clock on the wall there, of a clock the instant. The blanks keep them
// from being called by users.
const (
	WallName    = "clock in zone"
	InstantName = "instant in zone"
)

// NamedZone finds a zone by the name that a user gave it: UTC, a name of the IANA data base, or an offset such as "+08:00", which is east.
func NamedZone(name string) (*time.Location, error) {
	if strings.EqualFold(name, "utc") || strings.EqualFold(name, "z") {
		return time.UTC, nil
	}
	if name != "" && (name[0] == '+' || name[0] == '-') {
		h, m, ok := strings.Cut(name[1:], ":")
		if !ok {
			m = "0"
		}
		hours, err1 := strconv.ParseUint(h, 10, 8)
		minutes, err2 := strconv.ParseUint(m, 10, 8)
		if err1 != nil || err2 != nil || hours > 15 || minutes > 59 {
			return nil, failure("no time zone %q: use a name such as 'Europe/Berlin', or '+08:00'", name)
		}
		seconds := int(hours)*3600 + int(minutes)*60
		if name[0] == '-' {
			seconds = -seconds
		}
		return time.FixedZone(name, seconds), nil
	}
	if at, err := time.LoadLocation(name); err == nil && name != "" && !strings.EqualFold(name, "local") {
		return at, nil
	}
	return nil, failure("no time zone %q: use a name such as 'Europe/Berlin', or '+08:00'", name)
}

func zoneFunctions() []*Scalar {
	zoned := func(name, column string) *Scalar {
		return &Scalar{Name: name, Resolve: resolveLocal, SQL: func(a []Arg) (string, error) {
			return "gt_" + column + "(" + a[0].SQL + ", " + unitOf(a[0].Type) + ", " + a[1].SQL + ")", nil
		}}
	}
	return []*Scalar{zoned(WallName, "zone_wall"), zoned(InstantName, "zone_instant"),
		{Name: "convert_tz", Resolve: resolveConvert, SQL: func(a []Arg) (string, error) {
			return "gt_zone_convert(" + a[0].SQL + ", " + unitOf(a[0].Type) + ", " + a[1].SQL + ", " + a[2].SQL + ")", nil
		}}}
}

func resolveConvert(args []model.Type) ([]model.Type, model.Type, error) {
	if len(args) == 3 {
		if t, ok := accept('t', args[0], model.Null); ok && t.IsTimestamp() {
			return []model.Type{t, model.String, model.String}, t, nil
		}
	}
	return nil, model.Null, NoMatch("convert_tz", args)
}

func zoneColumns() []column {
	return []column{
		{name: "zone_wall", sig: "iis:i", row: func(c *cells, out *model.Vector) error {
			zone, err := made(c, 2, NamedZone)
			if err != nil {
				return err
			}
			return appendTime(out, wall(TimeOf(c.int(0), c.unit(1)), zone), c.unit(1))
		}},
		{name: "zone_instant", sig: "iis:i", row: func(c *cells, out *model.Vector) error {
			zone, err := made(c, 2, NamedZone)
			if err != nil {
				return err
			}
			return appendTime(out, instant(TimeOf(c.int(0), c.unit(1)), zone), c.unit(1))
		}},
		{name: "zone_convert", sig: "iiss:i", row: func(c *cells, out *model.Vector) error {
			from, err1 := made(c, 2, NamedZone)
			to, err2 := made(c, 3, NamedZone)
			if err1 != nil || err2 != nil {
				out.AppendNull() // as in MySQL, whose clients ask so whether it knows a zone
				return nil
			}
			return appendTime(out, wall(instant(TimeOf(c.int(0), c.unit(1)), from), to), c.unit(1))
		}},
	}
}

// wall is what a clock shows at a time, as if it were UTC; instant is the time at which it does.
func wall(at time.Time, zone *time.Location) time.Time {
	_, seconds := at.In(zone).Zone()
	return at.Add(time.Duration(seconds) * time.Second)
}

func instant(clock time.Time, zone *time.Location) time.Time {
	clock = clock.UTC()
	return time.Date(clock.Year(), clock.Month(), clock.Day(), clock.Hour(), clock.Minute(), clock.Second(), clock.Nanosecond(), zone)
}

func appendTime(out *model.Vector, at time.Time, unit model.TimeUnit) error {
	v, ok := timeIn(at, unit)
	if !ok {
		return failure("%s is out of the range of %s", at.UTC().Format(time.DateTime), model.Timestamp(unit))
	}
	out.AppendInt(v)
	return nil
}

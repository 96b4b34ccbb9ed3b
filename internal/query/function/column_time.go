package function

import (
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// ParseTime reads a time in text: RFC 3339, or a date and a time of day with a blank or T between, up to nine digits of fraction, with or
// without a zone; a date alone; or a number, which counts in unit. Without a zone it is a time of day in zone. Digits finer than unit
// are cut off towards the past.
func ParseTime(s string, unit model.TimeUnit, zone *time.Location) (int64, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	bad := errs.New(errs.EngineExecuteQuery, "Cast error: Error parsing timestamp from '%s': error parsing timestamp", s)
	if len(s) < len(time.DateOnly) {
		return 0, bad
	}
	text := s
	if len(text) > 10 && (text[10] == 'T' || text[10] == 't') {
		text = text[:10] + " " + text[11:]
	}
	text = strings.Replace(text, "z", "Z", 1)
	var at time.Time
	var err error
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05Z0700",
		"2006-01-02 15:04", "2006-01-02 15:04Z07:00", "2006-01-02"} {
		if at, err = time.ParseInLocation(layout, text, zone); err == nil {
			if wall, werr := time.Parse(layout, text); werr == nil && !strings.Contains(layout, "Z07") && !sameClock(at, wall) {
				return 0, errs.New(errs.EngineExecuteQuery, "Cast error: Error parsing timestamp from '%s': there is no such local time in %s", s, zone)
			}
			break
		}
	}
	if err != nil {
		return 0, bad
	}
	v, ok := timeIn(at, unit)
	if !ok {
		return 0, errs.New(errs.EngineExecuteQuery, "Cast error: '%s' is out of the range of %s", s, model.Timestamp(unit))
	}
	return v, nil
}

// sameClock reports that calendars and clocks on the wall show the same at a and b: where they do not, a was read from a text that a
// change of the clocks skips.
func sameClock(a, b time.Time) bool {
	return a.Hour() == b.Hour() && a.Minute() == b.Minute() && a.Day() == b.Day()
}

// timeIn is a time as a number of a unit.
func timeIn(at time.Time, unit model.TimeUnit) (int64, bool) {
	sec, nanos := at.Unix(), int64(at.Nanosecond())
	if sec < 0 && nanos > 0 { // the second may be before the first one of nanoseconds, and the time itself not
		sec, nanos = sec+1, nanos-1e9
	}
	whole, ok := model.ConvertTime(sec, model.Second, unit)
	part := floorDiv(nanos, unit.Nanos())
	if !ok || whole+part > whole != (part > 0) && part != 0 {
		return 0, false
	}
	return whole + part, true
}

// TimeOf is a number of a unit as a time in UTC.
func TimeOf(v int64, unit model.TimeUnit) time.Time {
	per := unit.PerSecond()
	return time.Unix(floorDiv(v, per), floorMod(v, per)*unit.Nanos()).UTC()
}

// Zone finds a zone by the name that ZoneName gave it.
func Zone(name string) (*time.Location, error) {
	if name != "" && (name[0] == '+' || name[0] == '-') {
		seconds, err := strconv.Atoi(name)
		if err != nil {
			return nil, failure("no time zone %s", name)
		}
		return time.FixedZone(name, seconds), nil
	}
	at, err := time.LoadLocation(name)
	if err != nil {
		return nil, failure("no time zone %s", name)
	}
	return at, nil
}

// ZoneName is a name by which Zone finds the zone again: its own, or the seconds that its clocks are ahead of UTC, with their sign.
func ZoneName(z *time.Location) string {
	if at, err := time.LoadLocation(z.String()); err == nil && z.String() != "" {
		return at.String()
	}
	_, seconds := time.Unix(0, 0).In(z).Zone()
	if seconds < 0 {
		return strconv.Itoa(seconds)
	}
	return "+" + strconv.Itoa(seconds)
}

func (c *cells) unit(k int) model.TimeUnit { return model.TimeUnit(c.int(k) & 3) }

func timeColumns() []column {
	return []column{
		// format prints a time, given as number and unit, after a format, in a zone.
		{name: "time_format", sig: "iiss:s", row: func(c *cells, out *model.Vector) error {
			zone, err := made(c, 3, Zone)
			if err != nil {
				return err
			}
			b, err := AppendTime(nil, TimeOf(c.int(0), c.unit(1)).In(zone), c.str(2))
			out.AppendBytes(b)
			return err
		}},
		// parse reads one of a text, as a number of a unit, in a zone; NULL or an error where there is none.
		{name: "time_parse", sig: "sisb:i", row: func(c *cells, out *model.Vector) error {
			zone, err := made(c, 2, Zone)
			if err != nil {
				return err
			}
			v, err := ParseTime(strings.TrimSpace(c.str(0)), c.unit(1), zone)
			if err != nil && c.bool(3) {
				out.AppendNull()
				return nil
			}
			out.AppendInt(v)
			return err
		}},
		// scan reads one after the first of several formats that fits.
		{name: "time_scan", sig: "isss*:i", row: func(c *cells, out *model.Vector) error {
			zone, err := made(c, 1, Zone)
			if err != nil {
				return err
			}
			var t time.Time
			for k := 3; k < len(c.args); k++ {
				if t, err = ScanTime(c.str(2), c.str(k), zone); err == nil {
					break
				}
			}
			if err != nil {
				return err
			}
			v, ok := timeIn(t, c.unit(0))
			if !ok {
				return failure("'%s' is out of the range of %s", c.str(2), model.Timestamp(c.unit(0)))
			}
			out.AppendInt(v)
			return nil
		}},
		{name: "time_scale", sig: "iii:i", row: func(c *cells, out *model.Vector) error {
			v, ok := model.ConvertTime(c.int(0), c.unit(1), c.unit(2))
			if !ok {
				return failure("Converting timestamp %d to unit %s overflow", c.int(0), c.unit(2))
			}
			out.AppendInt(v)
			return nil
		}},
		{name: "local", sig: "iis:i", row: func(c *cells, out *model.Vector) error { // the clock on the wall, as if it were UTC
			zone, err := made(c, 2, Zone)
			if err != nil {
				return err
			}
			_, seconds := TimeOf(c.int(0), c.unit(1)).In(zone).Zone()
			out.AppendInt(c.int(0) + int64(seconds)*c.unit(1).PerSecond())
			return nil
		}},
	}
}

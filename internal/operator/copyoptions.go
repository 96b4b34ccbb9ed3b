package operator

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/bind"
	"github.com/goptimedb/goptimedb/internal/wire/files"
)

// copyOptions are the WITH options of COPY and, as far as they tell how to read a file, of external tables.
type copyOptions struct {
	files       files.Options
	pattern     *regexp.Regexp
	strict      bool
	infer       int
	start, end  *time.Time
	parallelism int
}

func (c *copyOptions) ranged() bool { return c.start != nil || c.end != nil }

func connection(o sql.Options) map[string]string {
	out := make(map[string]string, len(o))
	for _, x := range o {
		out[x.Key] = x.Value
	}
	return out
}

// readCopyOptions reads the options of a COPY; from tells its direction, since some options are for one only.
func readCopyOptions(sess *model.Session, with sql.Options, from bool) (c copyOptions, err error) {
	c.files.Zone = sess.Timezone
	headers := ""
	for _, o := range with {
		if headers != "" && (o.Key == "headers" || o.Key == "has_header") {
			return c, errs.New(errs.InvalidArguments, "COPY option %s is given twice", o.Key)
		}
		if o.Key == "headers" || o.Key == "has_header" {
			headers = o.Value
		}
		if err := c.read(sess, o.Key, o.Value, from); err != nil {
			if errs.Is(err, errs.Unsupported) || errs.Is(err, errs.InvalidArguments) {
				return c, err
			}
			return c, errs.New(errs.InvalidArguments, "Invalid COPY option, key: %s, value: %s: %s", o.Key, o.Value, err)
		}
	}
	if c.strict && c.files.NoHeader {
		return c, errs.New(errs.InvalidArguments, "strict_headers=true requires headers=true")
	}
	if c.files.Format == files.Parquet && c.files.Compression != files.NoCompression {
		return c, errs.New(errs.InvalidArguments, "compression_type is for csv and json; parquet files are compressed inside")
	}
	if !from && c.files.Compression == files.Bzip2 {
		return c, errs.New(errs.Unsupported, "Not supported: writing bzip2; use gzip, zstd or xz")
	}
	if c.ranged() && from {
		return c, errs.New(errs.InvalidArguments, "start_time and end_time are for COPY … TO")
	}
	return c, nil
}

func (c *copyOptions) read(sess *model.Session, key, value string, from bool) (err error) {
	switch key {
	case "format":
		c.files.Format, err = files.ParseFormat(value)
	case "compression_type", "compression":
		c.files.Compression, err = files.ParseCompression(value)
	case "pattern":
		c.pattern, err = readPattern(value)
	case "delimiter":
		c.files.Delimiter, err = readDelimiter(value)
	case "headers", "has_header":
		var on bool
		on, err = boolean(value)
		c.files.NoHeader = !on
	case "skip_bad_records", "continue_on_error":
		c.files.SkipBad, err = boolean(value)
	case "strict_headers":
		c.strict, err = boolean(value)
	case "schema_infer_max_record":
		c.infer, err = strconv.Atoi(value)
	case "start_time":
		c.start, err = readCopyTime(sess, value)
	case "end_time":
		c.end, err = readCopyTime(sess, value)
	case "parallelism":
		if c.parallelism, err = strconv.Atoi(value); err == nil && (c.parallelism < 1 || c.parallelism > 1024) {
			err = errs.New(errs.InvalidArguments, "parallelism must be 1 to 1024, not %s", value)
		}
	case "timestamp_format":
		c.files.Time, err = readTimeFormat(value, from)
	case "date_format":
		c.files.Date, err = readTimeFormat(value, from)
	case "time_format":
		_, err = readTimeFormat(value, from) // no column is a time of day
	default:
		err = errs.New(errs.InvalidArguments, "Unrecognized COPY option: %s", key)
	}
	return err
}

func readPattern(value string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(value)
	if err != nil {
		return nil, errs.New(errs.InvalidArguments, "Invalid pattern %q: %s", value, err)
	}
	return re, nil
}

// readDelimiter reads one character, or the number of its byte.
func readDelimiter(value string) (byte, error) {
	d := byte(0)
	if len(value) == 1 && (value[0] < '0' || value[0] > '9') {
		d = value[0]
	} else if value == `\t` {
		d = '\t'
	} else if n, err := strconv.ParseUint(value, 10, 8); err == nil {
		d = byte(n)
	}
	if d == 0 || d >= 0x80 || strings.ContainsRune("\"\r\n", rune(d)) {
		return 0, errs.New(errs.InvalidArguments, "Invalid delimiter %q; give one character or the number of its byte", value)
	}
	return d, nil
}

func readCopyTime(sess *model.Session, value string) (*time.Time, error) {
	n, err := bind.ParseTime(strings.TrimSpace(value), model.Microsecond, sess.Timezone)
	if err != nil {
		return nil, errs.New(errs.InvalidArguments, "Invalid time %q: %s", value, err)
	}
	t := time.UnixMicro(n)
	return &t, nil
}

// readTimeFormat reads a layout of strftime.
func readTimeFormat(value string, from bool) (func(dst []byte, t time.Time) []byte, error) {
	if from {
		return nil, errs.New(errs.InvalidArguments, "timestamp_format, date_format and time_format are for COPY … TO")
	}
	return files.TimeLayout(value)
}

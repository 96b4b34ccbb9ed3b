package sql

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/tests/sql/scripttest"
)

// masked is what clients may see of an error.
func masked(e *scripttest.Error) *scripttest.Error {
	if e != nil && (e.Code == errs.Unknown || e.Code == errs.Internal) {
		return &scripttest.Error{Code: e.Code, Text: fmt.Sprintf("Internal error: %d", e.Code)}
	}
	return e
}

// wantType is the type of column j of output i; the untyped NULL if there is none.
func wantType(want scripttest.Answer, i, j int) model.Type {
	if i < len(want.Outputs) && j < len(want.Outputs[i].Fields) {
		return want.Outputs[i].Fields[j].Type
	}
	return model.Null
}

// wantCell is the cell of row r and column j of output i; empty if there is none.
func wantCell(want scripttest.Answer, i, r, j int) string {
	if i < len(want.Outputs) && r < len(want.Outputs[i].Rows) && j < len(want.Outputs[i].Rows[r]) {
		return want.Outputs[i].Rows[r][j]
	}
	return ""
}

// sameJSON reports whether two texts are the same JSON value.
func sameJSON(a, b string) bool {
	norm := func(s string) (string, bool) {
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		var x any
		if d.Decode(&x) != nil {
			return "", false
		}
		out, err := json.Marshal(x)
		return string(out), err == nil
	}
	x, ok := norm(a)
	y, ok2 := norm(b)
	return ok && ok2 && x == y
}

// float prints a float as results do, if text is one.
func float(text string) string {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return "not a number: " + text
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// float32Of prints what results print of a Float32: the nearest float64 of it.
func float32Of(text string) string {
	x, err := strconv.ParseFloat(text, 32)
	if err != nil {
		return "not a number: " + text
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// unixOf reads a time as the wire protocols show it and gives the number of its units since 1970.
func unixOf(text string, u model.TimeUnit, loc *time.Location) string {
	layout := "2006-01-02 15:04:05"
	at, err := time.ParseInLocation(layout, text, loc) // the layout takes any fraction of a second
	if err != nil {
		return "not a time: " + text
	}
	n := new(big.Int).Mul(big.NewInt(at.Unix()), big.NewInt(u.PerSecond()))
	return n.Add(n, big.NewInt(int64(at.Nanosecond())/u.Nanos())).String()
}

// daysOf reads a date.
func daysOf(text string) string {
	at, err := time.Parse("2006-01-02", text)
	if err != nil {
		return "not a date: " + text
	}
	return strconv.FormatInt(at.Unix()/86400, 10)
}

// clockOf reads [-]HH:MM:SS[.fraction] as a number of units.
func clockOf(text string, u model.TimeUnit) string {
	var h, m, s int64
	rest, minus := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(rest, ".")
	if n, err := fmt.Sscanf(whole, "%d:%d:%d", &h, &m, &s); n != 3 || err != nil {
		return "not a clock: " + text
	}
	nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	v := (h*3600+m*60+s)*u.PerSecond() + nanos/u.Nanos()
	if minus {
		v = -v
	}
	return strconv.FormatInt(v, 10)
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// intervalOf reads months, days and nanoseconds out of one number of 128 bits.
func intervalOf(text string) string {
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return "not an interval: " + text
	}
	lo := new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	hi := new(big.Int).Rsh(n, 64).Int64()
	return scripttest.Interval(model.MonthDayNano{Months: int32(hi >> 32), Days: int32(hi), Nanos: int64(lo)})
}

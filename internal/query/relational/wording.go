package relational

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// What DuckDB says of a user's values and expressions is said here in the words of the interface. A message that is not known keeps its
// words but for the names of types.

var (
	notConverted   = regexp.MustCompile(`(?s)^Could not convert string ['"](.*)['"] to (\w+(?:\([\d, ]+\))?(?:\[\])*)`)
	badDate        = regexp.MustCompile(`(?s)^(?:invalid|Unable to parse)? ?(date|timestamp|time) field (?:format|value out of range): "(.*)"`)
	dateRange      = regexp.MustCompile(`^Date out of range: (-?\d+)-(-?\d+)-(-?\d+)`)
	outOfRange     = regexp.MustCompile(`^Type \w+ with value (\S+) can't be cast because the value is out of range for the destination type (\w+)`)
	notCast        = regexp.MustCompile(`(?s)^Type (\S+) with value (.*) can't be cast to the destination type (.+)$`)
	noCast         = regexp.MustCompile(`^Unimplemented type for cast \((.+) -> (.+)\)`)
	outOfDecimal   = regexp.MustCompile(`(?:Casting value|Could not cast value|Could not convert string) "?(.*?)"? to (?:type )?DECIMAL\((\d+),\s*(\d+)\)`)
	overflow       = regexp.MustCompile(`^Overflow in \w+ of [\w()\[\], ]+ \((.+)\)`)
	overflowOn     = regexp.MustCompile(`^Overflow on (.+)$`)
	decimalRange   = regexp.MustCompile(`^Overflow in (\w+) of DECIMAL\(\d+\)`)
	outOfSpread    = regexp.MustCompile(`^[A-Z_ ]+?(?: for [XY])? is out of range!`)
	noSignature    = regexp.MustCompile(`(?s)^No function matches the given name and argument types '[^(]*(\(.*?\))'`)
	tooLong        = regexp.MustCompile(`^(?:Lists larger than 2\^32|Cannot resize vector|Cannot create (?:a )?vector|Maximum (?:string|blob) size)`)
	notComparable  = regexp.MustCompile(`(?i)^Cannot (?:compare|mix) values of type (\S+) (?:and|and values of) type (\S+)`)
	engineTypes    = regexp.MustCompile(`\b(?:STRING_LITERAL|INTEGER_LITERAL|VARCHAR|TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UHUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|INT8|INT16|INT32|INT64|INT128|UINT8|UINT16|UINT32|UINT64|FLOAT|DOUBLE|BOOLEAN|BOOL|BLOB|DATE|INTERVAL|DECIMAL|STRUCT|MAP|TIMESTAMP_NS|TIMESTAMP_MS|TIMESTAMP_S|TIMESTAMP)\b`)
	engineFunction = regexp.MustCompile(`\b(?:gt|list)_(\w+)`)
)

// typeNames are DuckDB's types in messages, by the names of the interface. BIGINT also stands for times, which travel as such.
var typeNames = map[string]string{"INT8": "Int8", "INT16": "Int16", "INT32": "Int32", "INT64": "Int64", "UINT8": "UInt8", "UINT16": "UInt16",
	"UINT32": "UInt32", "UINT64": "UInt64", "INT128": "Int64", "TINYINT": "Int8", "SMALLINT": "Int16", "INTEGER": "Int32", "INTEGER_LITERAL": "Int64", "BIGINT": "Int64",
	"HUGEINT": "Int64", "UHUGEINT": "UInt64", "UTINYINT": "UInt8", "USMALLINT": "UInt16", "UINTEGER": "UInt32", "UBIGINT": "UInt64", "FLOAT": "Float32",
	"DOUBLE": "Float64", "BOOL": "Boolean", "BOOLEAN": "Boolean", "DATE": "Date32", "VARCHAR": "String", "STRING_LITERAL": "String", "BLOB": "Binary",
	"INTERVAL": "IntervalMonthDayNano", "DECIMAL": "Decimal", "STRUCT": "Struct", "MAP": "Map", "TIMESTAMP": "Timestamp", "TIMESTAMP_NS": "Timestamp",
	"TIMESTAMP_MS": "Timestamp", "TIMESTAMP_S": "Timestamp"}

// overflowed begins what is said of values that leave the range of their type.
const overflowed = "Arithmetic overflow: "

// typeText writes a type, or the types in a text, by the names of the interface.
func typeText(t string) string {
	return engineTypes.ReplaceAllStringFunc(t, func(n string) string { return typeNames[n] })
}

// ours reports a message that functions of ours made.
func ours(msg string) bool {
	for _, p := range []string{"Execution error: ", "Cast error: ", "Invalid argument error: ", overflowed, DivideByZero} {
		if strings.HasPrefix(msg, p) {
			return true
		}
	}
	return false
}

// rest is for messages that are not known: their first line.
func rest(msg string) string {
	msg, _, _ = strings.Cut(msg, "\n")
	return errs.Short(engineFunction.ReplaceAllString(typeText(msg), "$1"))
}

// castText says why a value was not converted.
func castText(msg string) string {
	if ours(msg) {
		return msg
	}
	if m := outOfDecimal.FindStringSubmatch(msg); m != nil {
		p, _ := strconv.Atoi(m[2])
		scale, _ := strconv.Atoi(m[3])
		most := strings.Repeat("9", p-scale)
		if most == "" {
			most = "0"
		}
		if scale > 0 {
			most += "." + strings.Repeat("9", scale)
		}
		if len(m[1]) < 100 { // more digits are no number to be proud of
			if r, ok := new(big.Rat).SetString(m[1]); ok {
				m[1] = r.FloatString(scale)
			}
		}
		return fmt.Sprintf("Invalid argument error: %s is too large to store in a Decimal128 of precision %d. Max is %s", errs.Short(m[1]), p, most)
	}
	if m := notConverted.FindStringSubmatch(msg); m != nil {
		return fmt.Sprintf("Cast error: Cannot cast string '%s' to value of %s type", errs.Short(m[1]), typeText(m[2]))
	}
	if m := badDate.FindStringSubmatch(msg); m != nil {
		t := map[string]string{"date": "Date32", "timestamp": "Timestamp", "time": "Time"}[m[1]]
		return fmt.Sprintf("Cast error: Cannot cast string '%s' to value of %s type", errs.Short(m[2]), t)
	}
	if m := outOfRange.FindStringSubmatch(msg); m != nil {
		return fmt.Sprintf("Cast error: Can't cast value %s to type %s", errs.Short(m[1]), typeText(m[2]))
	}
	if m := notCast.FindStringSubmatch(msg); m != nil {
		return fmt.Sprintf("Cast error: Can't cast value %s to type %s", errs.Short(m[2]), typeText(m[3]))
	}
	if m := noCast.FindStringSubmatch(msg); m != nil {
		return fmt.Sprintf("Cast error: Cannot cast %s to %s", typeText(m[1]), typeText(m[2]))
	}
	if strings.HasPrefix(msg, "Overflow ") || strings.Contains(msg, "imestamp range") || strings.Contains(msg, "Timestamp out of range") {
		return valueText(msg)
	}
	if m := dateRange.FindStringSubmatch(msg); m != nil {
		return fmt.Sprintf("Execution error: Unable to parse date from %s, %s, %s", m[1], m[2], m[3])
	}
	return "Cast error: " + rest(msg)
}

// valueText says what is wrong with the values of a row.
func valueText(msg string) string {
	if ours(msg) {
		return msg
	}
	if m := overflow.FindStringSubmatch(msg); m != nil {
		return overflowed + "Overflow happened on: " + errs.Short(m[1])
	}
	if m := decimalRange.FindStringSubmatch(msg); m != nil {
		return overflowed + "Overflow happened on: " + m[1] + " of decimals"
	}
	if m := overflowOn.FindStringSubmatch(msg); m != nil {
		return overflowed + "Overflow happened on: " + errs.Short(m[1])
	}
	switch {
	case strings.Contains(msg, "not in timestamp range"), strings.Contains(msg, "Timestamp out of range"):
		return overflowed + "a time is out of the range of its type"
	case outOfSpread.MatchString(msg):
		return overflowed + "a statistic of values that are too far apart"
	case tooLong.MatchString(msg):
		return "Execution error: a list or text would be too long"
	}
	if strings.HasPrefix(msg, "Could not convert") || strings.HasPrefix(msg, "Type ") || strings.HasPrefix(msg, "Unimplemented type") {
		return castText(msg)
	}
	return "Execution error: " + rest(msg)
}

// planText says why an expression cannot be computed whatever the values are.
func planText(msg string) string {
	const prefix = "Failed to plan SQL: Error during planning: "
	if strings.HasPrefix(msg, "Failed to plan SQL: ") {
		return msg
	}
	if m := noSignature.FindStringSubmatch(msg); m != nil {
		return prefix + "a function failed to match any signature, it cannot be called with " + errs.Short(typeText(m[1]))
	}
	if m := notComparable.FindStringSubmatch(msg); m != nil {
		return prefix + "Cannot coerce " + typeText(m[1]) + " and " + typeText(m[2]) + " to one type"
	}
	if m := noCast.FindStringSubmatch(msg); m != nil {
		return prefix + "Cannot cast " + typeText(m[1]) + " to " + typeText(m[2])
	}
	return prefix + rest(msg)
}

// notThereText says what the engine does not have.
func notThereText(msg string) string {
	if m := noCast.FindStringSubmatch(msg); m != nil {
		return castText(msg)
	}
	if strings.HasPrefix(msg, "Cannot perform non-inner join on ") {
		return "Not supported: a sub-query in the condition of an outer join; put it into a query that is joined"
	}
	return "Not supported: " + rest(msg)
}

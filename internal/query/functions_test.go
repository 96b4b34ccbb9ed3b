package query

import (
	"strings"
	"testing"
)

// TestFunctions has an example of every function that is done.
func TestFunctions(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ expr, want string }{
		{"5 & 3", "1"}, {"5 | 3", "7"}, {"1 << 4", "16"}, {"NULL IS DISTINCT FROM 1", "true"}, {"0.10::decimal(3,2) + 1", "1.10"},
		{"12.35::decimal(10,2) * 2", "24.70"}, {"12.35::decimal(10,2) * 12.35::decimal(10,2)", "152.5225"}, {"12.35::decimal(10,2) / 3", "4.116667"}, {"12.35::decimal(10,2) % 5", "2.35"},
		{"1.5::decimal(10,2) - '0.25'", "1.25"}, {"12.35::decimal(10,2) * 0.5", "6.175"}, {"2 - 12.35::decimal(4,2)", "-10.35"},
		{"nvl(NULL, 'x')", "x"}, {"nvl2(NULL, 1, 2)", "2"}, {"greatest(1, NULL, 3, 2)", "3"}, {"least(3, 1)", "1"}, {"if(0 > 1, 'y', 'n')", "n"}, {"isnull(NULL)", "true"},
		{"abs(-2)", "2"}, {"ceil(1.2)", "2"}, {"floor(-1.2)", "-2"}, {"sign(-3)", "-1"}, {"sqrt(16)", "4"}, {"cbrt(8)", "2"}, {"exp(0)", "1"}, {"ln(1)", "0"},
		{"log(100)", "2"}, {"log(2, 8)", "3"}, {"log2(8)", "3"}, {"log10(1000)", "3"}, {"pow(2, 10)", "1024"}, {"round(2.5)", "3"}, {"round(-2.5)", "-3"}, {"trunc(1.9)", "1"},
		{"degrees(pi())", "180"}, {"factorial(5)", "120"}, {"gcd(8, 12)", "4"}, {"lcm(4, 6)", "12"}, {"isnan('NaN'::double)", "true"}, {"iszero(0)", "true"}, {"nanvl('NaN'::double, 1)", "1"},
		{"mod(18, 4)", "2"}, {"mod(-7, 3)", "-1"}, {"clamp(10, 0, 1)", "1"}, {"clamp_min(1, 2)", "2"}, {"clamp_max(5, 2)", "2"}, {"atan2(0, 1)", "0"},
		{"char_length('añb')", "3"}, {"octet_length('é')", "2"}, {"bit_length('ab')", "16"}, {"upper('añ')", "AÑ"}, {"initcap('hello wORLD')", "Hello World"}, {"reverse('abc')", "cba"},
		{"btrim('__a__', '_')", "a"}, {"trim('  a ')", "a"}, {"ltrim('xxa', 'x')", "a"}, {"TRIM(BOTH 'x' FROM 'xax')", "a"}, {"concat_ws('-', 'a', NULL, 'b')", "a-b"},
		{"SUBSTRING('datafusion' FROM 5 FOR 3)", "fus"}, {"left('abc', 2)", "ab"}, {"right('abc', 2)", "bc"}, {"lpad('7', 3, '0')", "007"}, {"rpad('7', 3)", "7  "}, {"repeat('ab', 2)", "abab"},
		{"replace('aXb', 'X', '-')", "a-b"}, {"translate('abc', 'ab', 'xy')", "xyc"}, {"split_part('1.2.3', '.', 2)", "2"}, {"strpos('datafusion', 'fus')", "5"}, {"POSITION('b' IN 'abc')", "2"},
		{"contains('abc', 'b')", "true"}, {"starts_with('abc', 'ab')", "true"}, {"ends_with('abc', 'bc')", "true"}, {"ascii('a')", "97"}, {"chr(97)", "a"}, {"to_hex(255)", "ff"}, {"levenshtein('kitten', 'sitting')", "3"},
		{"regexp_like('Abc', 'a', 'i')", "true"}, {"regexp_replace('foobar', 'o+', '0')", "f0bar"}, {"regexp_extract('v 1.2', ' \\d')", " 1"}, {"regexp_extract('v', '\\d')", "NULL"},
		{"field('b', 'a', 'b')", "2"}, {"elt(2, 'a', 'b')", "b"}, {"elt(3, 'a', 'b')", "NULL"}, {"space(2)", "  "}, {"md5('a')", "0cc175b9c0f1b6a831c399e269772661"}, {"encode('ab', 'hex')", "6162"},
		{"date_add('2023-12-06'::date, '3 month 5 day')", "19793"}, {"date_sub('2023-12-06'::date, interval '1 day')", "19696"}, {"date_trunc('month', '2024-05-17 01:02:03'::timestamp_ns)", "1714521600000000000"},
		{"date_trunc('week', '2024-05-17'::timestamp(0))", "1715558400"}, {"date_part('dow', '2024-05-19'::date)", "0"}, {"date_part('doy', '2024-02-01'::date)", "32"}, {"extract(hour from '2024-05-17 13:00:00'::timestamp(6))", "13"},
		{"date_bin('1 month'::interval, '2024-05-17'::timestamp(3))", "1714521600000"}, {"date_bin('10 minutes'::interval, '1969-12-31 23:55:00'::timestamp(3))", "-600000"},
		{"to_unixtime('1970-01-02'::date)", "86400"}, {"to_unixtime('nonsense')", "NULL"}, {"to_timestamp_seconds(5)", "5"}, {"to_timestamp(1.5)", "1500000000"}, {"make_date(2024, 1, 2)", "19724"},
		{"'2024-01-31 00:00:00'::timestamp(3) + interval '1 month'", "1709164800000"}, {"'2024-01-01'::timestamp(9) - '2023-12-31'::timestamp(3)", "86400000000000"},
		{"'2024-01-01 00:00:00.5'::timestamp(3)::string", "2024-01-01T00:00:00.500"}, {"'1970-01-01 00:00:01'::timestamp_ns::bigint", "1000000000"}, {"1.0::string", "1.0"}, {"3::double::string", "3.0"},
		{"'2024-01-01T00:00:00+08:00'::timestamp(3)", "1704038400000"}, {"1 BETWEEN 0 AND 2", "true"}, {"CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "b"}, {"(1, 2) = (1, 2)", "true"}, {"NOT NULL", "NULL"},
		{"current_date()", "19723"}, {"9223372036854775808", "9223372036854775808"}, {"-9223372036854775808", "-9223372036854775808"}, {"1e3", "1000"}, {"'a' SIMILAR TO '(a|b)'", "true"}, {"'b' IS NOT NULL", "true"},
	} {
		_, b, err := w.query("SELECT " + c.expr + " AS x")
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		if got := strings.Join(cells(b), "\n"); got != c.want {
			t.Errorf("%s = %q, want %q", c.expr, got, c.want)
		}
	}
}

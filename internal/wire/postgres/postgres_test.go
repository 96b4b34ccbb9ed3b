package postgres

import (
	"bytes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/goptimedb/goptimedb/internal/model"
)

func text(t *testing.T, s Style, v model.Value) string {
	t.Helper()
	b := model.NewBatch([]model.Field{{Name: "x", Type: v.Type}}, 1)
	b.Cols[0].AppendValue(v)
	b.Len = 1
	return string(NewRows(1, nil, s).AppendText(nil, b.Cols[0], 0))
}

func TestText(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2024, 1, 2, 3, 4, 5, 123400000, time.UTC).UnixMicro()
	us := func(n int64) model.Value { return model.IntValue(model.Timestamp(model.Microsecond), n) }
	bc := time.Date(-43, 3, 15, 12, 0, 0, 0, time.UTC).Unix()
	iv := func(m, d int32, n time.Duration) model.Value {
		return model.Value{Type: model.Interval, Interval: model.MonthDayNano{Months: m, Days: d, Nanos: int64(n)}}
	}
	dec := func(n int64, p, s uint8) model.Value {
		return model.Value{Type: model.Decimal(p, s), Decimal: model.Int128{Hi: n >> 63, Lo: uint64(n)}}
	}
	for _, q := range []struct {
		style Style
		v     model.Value
		want  string
	}{
		{Style{}, us(at), "2024-01-02 03:04:05.1234"},
		{Style{Zone: shanghai}, us(at), "2024-01-02 11:04:05.1234"},
		{Style{Date: DateSQL}, us(at), "01/02/2024 03:04:05.1234"},
		{Style{Date: DateSQL, Order: DMY}, us(at), "02/01/2024 03:04:05.1234"},
		{Style{Date: DateGerman}, us(at), "02.01.2024 03:04:05.1234"},
		{Style{Date: DatePostgres}, us(at), "Tue Jan 02 03:04:05.1234 2024"},
		{Style{Date: DatePostgres, Order: DMY}, us(at), "Tue 02 Jan 03:04:05.1234 2024"},
		{Style{}, model.IntValue(model.Timestamp(model.Second), bc), "0044-03-15 12:00:00 BC"},
		{Style{}, model.IntValue(model.Timestamp(model.Second), math.MaxInt64), "infinity"},
		{Style{}, model.IntValue(model.Timestamp(model.Millisecond), math.MinInt64), "-infinity"},
		{Style{}, model.IntValue(model.Timestamp(model.Nanosecond), -1), "1969-12-31 23:59:59.999999"},
		{Style{}, model.IntValue(model.Timestamp(model.Second), 1e12), "33658-09-27 01:46:40"},
		{Style{}, model.IntValue(model.Date, -1), "1969-12-31"},
		{Style{Date: DatePostgres}, model.IntValue(model.Date, 0), "01-01-1970"},
		{Style{}, model.FloatValue(1), "1"}, {Style{}, model.FloatValue(1e15), "1e+15"}, {Style{}, model.FloatValue(123456789012345), "123456789012345"},
		{Style{}, model.FloatValue(0.0001), "0.0001"}, {Style{}, model.FloatValue(0.00001), "1e-05"}, {Style{}, model.FloatValue(math.NaN()), "NaN"},
		{Style{}, model.FloatValue(math.Inf(-1)), "-Infinity"}, {Style{}, model.FloatValue(0), "0"},
		{Style{}, model.Value{Type: model.Float32, Float: 0.1}, "0.1"}, {Style{}, model.Value{Type: model.Float32, Float: 1e6}, "1e+06"},
		{Style{}, model.IntValue(model.Uint64, -1), "18446744073709551615"},
		{Style{}, dec(-5, 10, 3), "-0.005"}, {Style{}, dec(0, 10, 2), "0.00"}, {Style{}, dec(123456, 10, 0), "123456"}, {Style{}, dec(-123456, 10, 2), "-1234.56"},
		{Style{}, model.Value{Type: model.Decimal(38, 0), Decimal: model.Int128{Hi: math.MinInt64}}, "-170141183460469231731687303715884105728"},
		{Style{}, model.Value{Type: model.Binary, Bytes: "a\x00\\"}, `\x61005c`},
		{Style{ByteaEscape: true}, model.Value{Type: model.Binary, Bytes: "a\x00\\"}, `a\000\\`},
		{Style{}, iv(14, 3, 4*time.Hour+5*time.Minute+6*time.Second+100*time.Microsecond), "1 year 2 mons 3 days 04:05:06.0001"},
		{Style{}, iv(-14, 3, -time.Second), "-1 years -2 mons +3 days -00:00:01"},
		{Style{}, iv(0, 0, 0), "00:00:00"}, {Style{}, iv(1, 0, 0), "1 mon"},
		{Style{Interval: IntervalVerbose}, iv(14, 3, time.Hour), "@ 1 year 2 mons 3 days 1 hour"},
		{Style{Interval: IntervalVerbose}, iv(-1, 0, -time.Second), "@ 1 mon 1 sec ago"}, {Style{Interval: IntervalVerbose}, iv(0, 0, 0), "@ 0"},
		{Style{Interval: IntervalISO}, iv(14, 3, time.Hour+1500*time.Millisecond), "P1Y2M3DT1H1.5S"}, {Style{Interval: IntervalISO}, iv(0, 0, 0), "PT0S"},
		{Style{Interval: IntervalISO}, iv(0, 0, -time.Second), "PT-1S"},
		{Style{Interval: IntervalSQL}, iv(14, 0, 0), "1-2"}, {Style{Interval: IntervalSQL}, iv(0, 3, 4*time.Hour), "3 4:00:00"},
		{Style{Interval: IntervalSQL}, iv(14, 3, time.Hour), "+1-2 +3 +1:00:00"}, {Style{Interval: IntervalSQL}, iv(0, 0, 0), "0"},
		{Style{}, model.IntValue(model.Duration(model.Millisecond), 90061001), "25:01:01.001"},
		{Style{}, model.Value{Type: model.Type{Kind: model.KindList}, Bytes: `[1,"a b",null,"",{"k":1}]`}, `{1,"a b",NULL,"","{\"k\":1}"}`},
	} {
		if got := text(t, q.style, q.v); got != q.want {
			t.Errorf("%s of %+v in %+v: %q, want %q", q.v.Type, q.v, q.style, got, q.want)
		}
	}
}

// TestBinaryAgreesWithText: what pgtype reads of both forms is the same.
func TestBinaryAgreesWithText(t *testing.T) {
	m := pgtype.NewMap()
	for _, v := range []model.Value{model.BoolValue(true), model.IntValue(model.Int16, -3), model.IntValue(model.Int32, 1<<30), model.IntValue(model.Int64, math.MinInt64),
		model.IntValue(model.Uint32, 1<<32-1), model.FloatValue(math.Pi), {Type: model.Float32, Float: 0.5}, model.StringValue("ä"), {Type: model.Binary, Bytes: "\x00\xff"},
		model.IntValue(model.Date, 19782), model.IntValue(model.Timestamp(model.Millisecond), 1704164645123), model.IntValue(model.Timestamp(model.Second), -1e10),
		model.IntValue(model.Uint64, -1), {Type: model.Decimal(38, 7), Decimal: model.Int128{Hi: -1, Lo: 12345678901234}}, {Type: model.Decimal(5, 2), Decimal: model.Int128{Lo: 25}},
		{Type: model.Interval, Interval: model.MonthDayNano{Months: 3, Days: -2, Nanos: 5000}}} {
		b := model.NewBatch([]model.Field{{Name: "x", Type: v.Type}}, 1)
		b.Cols[0].AppendValue(v)
		b.Len = 1
		oid, _, _ := TypeOf(v.Type)
		typ, _ := m.TypeForOID(oid)
		var got [2]any
		for f := range got {
			row := NewRows(1, []int16{int16(f)}, Style{}).AppendFields(nil, b, 0)
			var err error
			if got[f], err = typ.Codec.DecodeValue(m, oid, int16(f), row[4:]); err != nil {
				t.Errorf("%s, format %d: %v", v.Type, f, err)
			}
		}
		if fmt.Sprint(got[0]) != fmt.Sprint(got[1]) {
			t.Errorf("%s: text gives %v, binary %v", v.Type, got[0], got[1])
		}
	}
}

// TestParams: pgtype's encodings of values, text and binary, are read as what they were.
func TestParams(t *testing.T) {
	m := pgtype.NewMap()
	at := time.Date(2024, 1, 2, 3, 4, 5, 123456000, time.UTC)
	for _, q := range []struct {
		oid  uint32
		v    any
		want model.Value
	}{
		{OIDInt8, int64(-5), model.IntValue(model.Int64, -5)}, {OIDInt2, int16(7), model.IntValue(model.Int64, 7)}, {OIDBool, true, model.BoolValue(true)},
		{OIDFloat8, 1.5, model.FloatValue(1.5)}, {OIDText, "a", model.StringValue("a")}, {OIDBytea, []byte{1, 92}, model.Value{Type: model.Binary, Bytes: "\x01\\"}},
		{OIDTimestamp, at, model.IntValue(model.Timestamp(model.Microsecond), 1704164645123456)},
		{OIDNumeric, pgtype.Numeric{Int: mustInt("-12345"), Exp: -2, Valid: true}, model.Value{Type: model.Decimal(38, 2), Decimal: model.Int128{Hi: -1, Lo: ^uint64(12344)}}},
		{OIDNumeric, pgtype.Numeric{Int: mustInt("1"), Exp: 10, Valid: true}, model.IntValue(model.Int64, 1e10)},
	} {
		for _, format := range []int16{Text, Binary} {
			raw, err := m.Encode(q.oid, format, q.v, nil)
			if err != nil {
				t.Fatal(err)
			}
			p, err := ParseParam(q.oid, format, raw, nil)
			if err != nil || p.Value != q.want {
				t.Errorf("%d, format %d: %+v %v, want %+v", q.oid, format, p.Value, err, q.want)
			}
		}
	}
	for _, format := range []int16{Text, Binary} {
		raw, err := m.Encode(OIDTextArray, format, []string{"a", "b\"c,", "", "NULL"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParseParam(OIDTextArray, format, raw, nil)
		if err != nil || len(p.Array) != 4 || p.Array[1].Bytes != "b\"c," || p.Array[3].Bytes != "NULL" || p.Array[3].Null() {
			t.Errorf("%d: %+v %v", format, p, err)
		}
	}
	if v, err := ParseParam(OIDTimestamptz, Text, []byte("2024-01-01 00:00:00+00"), nil); err != nil || v.Value.Bytes != "2024-01-01 00:00:00+00:00" {
		t.Error(v, err)
	}
}

func TestScram(t *testing.T) {
	salt := []byte("0123456789abcdef")
	salted, _ := pbkdf2.Key(sha256.New, "secret", salt, 4096, 32)
	clientKey := mac(salted, "Client Key")
	keys := ScramKeys{Iterations: 4096, Salt: salt, StoredKey: sha256.Sum256(clientKey)}
	copy(keys.ServerKey[:], mac(salted, "Server Key"))
	try := func(change func(first, final *string)) ([]byte, error) {
		s := NewScram(keys)
		first, final := "n,,n=u,r=clientnonce", ""
		change(&first, &final)
		reply, err := s.First([]byte(first))
		if err != nil {
			return nil, err
		}
		nonce, _, _ := strings.Cut(string(reply[2:]), ",")
		without := "c=biws,r=" + nonce
		signed := "n=u,r=clientnonce," + string(reply) + "," + without
		proof := mac(keys.StoredKey[:], signed)
		for i := range proof {
			proof[i] ^= clientKey[i]
		}
		final = without + ",p=" + base64.StdEncoding.EncodeToString(proof)
		change(&first, &final)
		got, err := s.Final([]byte(final))
		if err == nil && !hmac.Equal(got, []byte("v="+base64.StdEncoding.EncodeToString(mac(keys.ServerKey[:], signed)))) {
			t.Error("the server's own proof is wrong")
		}
		return got, err
	}
	if _, err := try(func(_, _ *string) {}); err != nil {
		t.Error(err)
	}
	if _, err := try(func(_, final *string) { *final = strings.Replace(*final, "p=", "p=AAAA", 1) }); err == nil {
		t.Error("a proof of another length passes")
	}
	if _, err := try(func(_, final *string) {
		if *final != "" {
			*final = (*final)[:len(*final)-44] + base64.StdEncoding.EncodeToString(make([]byte, 32))
		}
	}); !errors.Is(err, ErrScramProof) {
		t.Error(err)
	}
	if _, err := try(func(first, _ *string) { *first = "p=tls-unique,,n=u,r=clientnonce" }); !errors.Is(err, ErrScram) {
		t.Error(err)
	}
	if _, err := try(func(_, final *string) { *final = strings.Replace(*final, "c=biws", "c=eSws", 1) }); !errors.Is(err, ErrScram) {
		t.Error(err)
	}
}

// TestCopyRoundTrip: what the writer writes the reader reads, cut into pieces of any size.
func TestCopyRoundTrip(t *testing.T) {
	values := []any{"plain", "tab\tnl\ncr\rback\\slash", "quote\"s,comma", "", nil, `\N`, `\.`, "ü"}
	for _, opt := range []CopyOptions{{}, {Format: CopyCSV}, {Format: CopyBinary}, {Delimiter: '|', Null: "null", NullGiven: true}, {Format: CopyCSV, Escape: '\\', Quote: '\'', Header: true}} {
		opt.Defaults()
		fields := []model.Field{{Name: "a", Type: model.String}, {Name: "b", Type: model.String}}
		b := model.NewBatch(fields, 0)
		for i := range values {
			for j, v := range []any{values[i], values[(i+3)%len(values)]} {
				if v == nil {
					b.Cols[j].AppendNull()
				} else {
					b.Cols[j].AppendString(v.(string))
				}
			}
			b.Len++
		}
		w := NewCopyWriter(2, opt, Style{})
		data := w.AppendHeader(nil, []string{"a", "b"})
		for i := range b.Len {
			data = w.AppendRow(data, b, i)
		}
		data = w.AppendEnd(data)
		for _, size := range []int{1, 3, 7, len(data)} {
			r := NewCopyReader(opt)
			n := 0
			for at := 0; at <= len(data); at += size {
				r.Write(data[min(at, len(data)):min(at+size, len(data))])
				for {
					row, ok, err := r.Next(at+size >= len(data))
					if err != nil {
						t.Fatalf("%+v: %v in %q", opt, err, data)
					}
					if !ok {
						break
					}
					for j, raw := range row {
						if b.Cols[j].Null(n) != (raw == nil) || raw != nil && !bytes.Equal(raw, b.Cols[j].BytesAt(n)) {
							t.Fatalf("%+v, row %d: %q, want %s", opt, n, raw, b.Cols[j].At(n))
						}
					}
					n++
				}
			}
			if n != b.Len {
				t.Errorf("%+v in pieces of %d: %d rows of %d from %q", opt, size, n, b.Len, data)
			}
		}
	}
}

func FuzzParam(f *testing.F) {
	f.Add(uint32(OIDNumeric), int16(1), []byte{0, 1, 0, 0, 0, 0, 0, 2, 0, 7})
	f.Add(uint32(OIDTextArray), int16(1), []byte{0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 'a'})
	f.Add(uint32(OIDTextArray), int16(0), []byte(`{a,"b\"",NULL}`))
	f.Add(uint32(OIDBytea), int16(0), []byte(`\x00ff`))
	f.Add(uint32(OIDTimestamp), int16(1), []byte{0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, oid uint32, format int16, raw []byte) {
		p, err := ParseParam(oid, format&1, raw, nil)
		if err == nil && len(p.Array) > len(raw)+1 {
			t.Errorf("%d values from %d bytes", len(p.Array), len(raw))
		}
	})
}

func FuzzCopy(f *testing.F) {
	f.Add(uint8(0), 3, []byte("a\t\\N\\x41\\101\n\\.\n"))
	f.Add(uint8(1), 1, []byte("a,\"b\"\"\nc\",\n"))
	f.Add(uint8(2), 5, append(append([]byte{}, binarySignature...), 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 'x', 0xff, 0xff))
	f.Fuzz(func(t *testing.T, form uint8, cut int, data []byte) {
		opt := CopyOptions{Format: CopyFormat(form % 3)}
		opt.Defaults()
		read := func(pieces ...[]byte) (out []string, err error) {
			r := NewCopyReader(opt)
			for i, p := range pieces {
				r.Write(p)
				for {
					row, ok, err := r.Next(i == len(pieces)-1)
					if err != nil {
						return out, err
					}
					if !ok {
						break
					}
					out = append(out, fmt.Sprintf("%q", row))
				}
			}
			return out, nil
		}
		cut = min(max(cut, 0), len(data))
		whole, err := read(bytes.Clone(data))
		parts, err2 := read(bytes.Clone(data[:cut]), bytes.Clone(data[cut:]))
		if (err == nil) != (err2 == nil) || err == nil && fmt.Sprint(whole) != fmt.Sprint(parts) {
			t.Errorf("%q cut at %d: %v %v, whole: %v %v", data, cut, parts, err2, whole, err)
		}
	})
}

func FuzzScram(f *testing.F) {
	f.Add([]byte("n,,n=u,r=clientnonce"), []byte("c=biws,r=x,p=AAAA"))
	f.Fuzz(func(t *testing.T, first, final []byte) {
		s := NewScram(ScramKeys{Iterations: 1, Salt: []byte("x")})
		if _, err := s.first(first, "fixed"); err != nil {
			return
		}
		if _, err := s.Final(final); err == nil {
			t.Error("nobody knows the password")
		}
	})
}

func BenchmarkDataRow(b *testing.B) {
	fields := []model.Field{{Name: "host", Type: model.String}, {Name: "ts", Type: model.Timestamp(model.Millisecond)}, {Name: "v", Type: model.Float64}}
	batch := model.NewBatch(fields, 1000)
	for i := range 1000 {
		batch.Cols[0].AppendString("host_17")
		batch.Cols[1].AppendInt(1704164645123 + int64(i))
		batch.Cols[2].AppendFloat(float64(i) / 7)
		batch.Len++
	}
	for _, format := range []int16{Text, Binary} {
		b.Run(fmt.Sprint("format", format), func(b *testing.B) {
			r := NewRows(3, []int16{format}, Style{})
			var dst []byte
			for b.Loop() {
				dst = dst[:0]
				for i := range batch.Len {
					dst = r.AppendDataRow(dst, batch, i)
				}
			}
			b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}

func mustInt(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return n
}

// TestSystemTypes: flags and vectors of the catalog in binary, as drivers read these types.
func TestSystemTypes(t *testing.T) {
	fields := []model.Field{{Name: "relkind", Type: model.String}, {Name: "indkey", Type: model.String}, {Name: "indclass", Type: model.String}}
	b := model.NewBatch(fields, 2)
	for _, row := range [][]string{{"r", "1 -2 3", "0 4294967295"}, {"", "", ""}} {
		for i, s := range row {
			b.Cols[i].AppendString(s)
		}
		b.Len++
	}
	r := NewRows(3, []int16{Binary}, Style{})
	r.System([]uint32{OIDChar, OIDInt2Vector, OIDOidVector})
	const (
		one   = "\x00\x00\x00\x01"
		none  = "\x00\x00\x00\x00"
		int2  = "\x00\x00\x00\x15"
		oid   = "\x00\x00\x00\x1a"
		size2 = "\x00\x00\x00\x02"
		size4 = "\x00\x00\x00\x04"
	)
	for i, want := range []string{
		one + "r" + "\x00\x00\x00\x26" + one + none + int2 + "\x00\x00\x00\x03" + none + size2 + "\x00\x01" + size2 + "\xff\xfe" + size2 + "\x00\x03" +
			"\x00\x00\x00\x24" + one + none + oid + "\x00\x00\x00\x02" + none + size4 + none + size4 + "\xff\xff\xff\xff",
		one + "\x00" + "\x00\x00\x00\x14" + one + none + int2 + none + none + "\x00\x00\x00\x14" + one + none + oid + none + none,
	} {
		if got := r.AppendFields(nil, b, i); string(got) != want {
			t.Errorf("row %d: %q, want %q", i, got, want)
		}
	}
}

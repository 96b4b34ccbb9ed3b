package influx

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"github.com/goptimedb/goptimedb/internal/model"
)

// FuzzDecode compares the decoder with another implementation: what both accept must be the same values; what we accept the other
// must accept too, apart from the differences listed in skip.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"", "#c\n", "m f=1", "m,a=b,c=d f=1i,g=2u,h=\"x\\\"y\",i=t 12\n", "m f=1\r\nm f=2 5\n", "m,a=b\\ c\\,d\\=e f=1 -1",
		"my\\,m,k\\=1=v\\\\ f\\ 2=-1.5e-7,g=12345678901234567890 1\n\n", "m f=\"a\nb\" 1\nm f=\"\" 2", "m f=.5,g=5.,h=99999999999999999999i",
		"m,a=\xff f=1", "a f=1\nb,t=1 f=2\na g=3\nb,t=2,u=3 f=4", string(tsbs(3)),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var set RowSet
		err := Decode(&set, src, Options{Now: now})
		if err == nil {
			for _, r := range set.Tables() {
				checkRows(t, r)
			}
		}
		if skip(src) {
			return
		}
		want, oracleErr := oracle(src)
		if err == nil && oracleErr != nil {
			t.Fatalf("accepted %q, but: %v\n%s", src, oracleErr, dump(&set))
		}
		if err != nil && oracleErr == nil && want != nil {
			t.Fatalf("refused %q: %v", src, err)
		}
		if err == nil {
			got := map[string][]string{}
			for _, r := range set.Tables() {
				for i := range r.Len {
					line := ""
					for _, c := range r.Columns {
						if !c.Vector.Null(i) {
							line += cell(c.Name, c.Semantic, c.Vector.At(i))
						}
					}
					got[r.Table] = append(got[r.Table], sortCells(line))
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%q:\n got %q\nwant %q", src, got, want)
			}
		}
	})
}

// skip names where the two differ on purpose: DEL and lone carriage returns, control characters in comments, and \n \r \t in
// strings, which InfluxDB keeps as they are.
func skip(src []byte) bool {
	for i, b := range src {
		switch {
		case b == 0x7f, b < ' ' && b != '\n' && b != '\r', b == '\r' && (i+1 == len(src) || src[i+1] != '\n'):
			return true
		case b == '\\' && i+1 < len(src) && bytes.IndexByte([]byte("nrt"), src[i+1]) >= 0:
			return true
		}
	}
	return false
}

func cell(name string, sem model.Semantic, v model.Value) string {
	return fmt.Sprintf("%q %s %s %s\x00", name, sem, v.Type, v)
}

func sortCells(s string) string {
	parts := bytes.SplitAfter([]byte(s), []byte{0})
	for i := range parts { // insertion sort: the rows are short
		for j := i; j > 0 && bytes.Compare(parts[j], parts[j-1]) < 0; j-- {
			parts[j], parts[j-1] = parts[j-1], parts[j]
		}
	}
	return string(bytes.Join(parts, nil))
}

// oracle decodes with the other library. A nil map with a nil error means that the batch breaks a rule that the library does not
// have: two types for a column, a tag given twice, a name that is tag and field.
func oracle(src []byte) (map[string][]string, error) {
	out, types, clash := map[string][]string{}, map[string]string{}, false
	dec := lineprotocol.NewDecoderWithBytes(src)
	for dec.Next() {
		m, err := dec.Measurement()
		if err != nil {
			return nil, err
		}
		table := string(m)
		cells := map[string]string{}
		note := func(name, typ string) {
			if have, ok := types[table+"\x00"+name]; ok && have != typ || name == "greptime_timestamp" {
				clash = true
			}
			types[table+"\x00"+name] = typ
		}
		for {
			k, v, err := dec.NextTag()
			if err != nil {
				return nil, err
			}
			if k == nil {
				break
			}
			note(string(k), "tag")
			if _, twice := cells[string(k)]; twice {
				clash = true
			}
			cells[string(k)] = cell(string(k), model.TagColumn, model.StringValue(string(v)))
		}
		any := false
		for {
			k, v, err := dec.NextField()
			if err != nil {
				return nil, err
			}
			if k == nil {
				break
			}
			any = true
			var x model.Value
			switch v.Kind() {
			case lineprotocol.Int:
				x = model.IntValue(model.Int64, v.IntV())
			case lineprotocol.Uint:
				x = model.IntValue(model.Uint64, int64(v.UintV()))
			case lineprotocol.Float:
				x = model.FloatValue(v.FloatV())
			case lineprotocol.Bool:
				x = model.BoolValue(v.BoolV())
			default:
				x = model.StringValue(v.StringV())
			}
			note(string(k), x.Type.String())
			cells[string(k)] = cell(string(k), model.FieldColumn, x)
		}
		if !any {
			return nil, fmt.Errorf("no field")
		}
		ts, err := dec.Time(lineprotocol.Nanosecond, time.Unix(0, now))
		if err != nil {
			return nil, err
		}
		line := cell("greptime_timestamp", model.TimeColumn, model.IntValue(model.Timestamp(model.Nanosecond), ts.UnixNano()))
		for _, c := range cells {
			line += c
		}
		out[table] = append(out[table], sortCells(line))
	}
	if clash {
		return nil, nil
	}
	return out, nil
}

// checkRows checks what every reader of model.Rows relies on.
func checkRows(t *testing.T, r *model.Rows) {
	names, times := map[string]bool{}, 0
	for _, c := range r.Columns {
		if names[c.Name] {
			t.Fatalf("column %q twice", c.Name)
		}
		names[c.Name] = true
		if c.Semantic == model.TimeColumn {
			times++
		}
		if c.Vector.Len != r.Len {
			t.Fatalf("column %q has %d of %d rows", c.Name, c.Vector.Len, r.Len)
		}
		for i := range r.Len {
			c.Vector.At(i)
		}
	}
	if times != 1 {
		t.Fatalf("%d time columns", times)
	}
}

// BenchmarkOther reads what BenchmarkDecodeTSBS reads with the other library, values not kept: a yardstick on a busy machine.
func BenchmarkOther(b *testing.B) {
	const lines = 10000
	src := tsbs(lines)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		dec := lineprotocol.NewDecoderWithBytes(src)
		for dec.Next() {
			if _, err := dec.Measurement(); err != nil {
				b.Fatal(err)
			}
			for k, _, err := dec.NextTag(); k != nil; k, _, err = dec.NextTag() {
				if err != nil {
					b.Fatal(err)
				}
			}
			for k, _, err := dec.NextField(); k != nil; k, _, err = dec.NextField() {
				if err != nil {
					b.Fatal(err)
				}
			}
			if _, err := dec.Time(lineprotocol.Nanosecond, time.Time{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mlines/s")
}

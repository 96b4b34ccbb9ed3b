package mysql

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/wire/calendar"
)

func TestLenEnc(t *testing.T) {
	for _, n := range []uint64{0, 1, 250, 251, 252, 1<<16 - 1, 1 << 16, 1<<24 - 1, 1 << 24, math.MaxUint64} {
		b := AppendLenEnc(nil, n)
		r := &reader{b: b}
		if got := r.lenEnc(); got != n || r.err != nil || len(r.b) != 0 {
			t.Errorf("%d came back as %d, %v", n, got, r.err)
		}
		for cut := range b {
			if r := (&reader{b: b[:cut]}); r.lenEnc() != 0 || r.err == nil {
				t.Errorf("%d cut to %d bytes was read", n, cut)
			}
		}
	}
}

// Payloads of all sizes around the limits of packets come back whole.
func TestPackets(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	big := make([]byte, 2*maxPayload+5)
	rnd.Read(big)
	var net bytes.Buffer
	w := NewWriter(&net)
	sizes := []int{0, 1, flushBytes - 4, flushBytes, maxPayload - 1, maxPayload, maxPayload + 1, 2 * maxPayload, len(big), 3}
	for _, n := range sizes {
		if err := w.End(append(w.Begin(), big[:n]...)); err != nil {
			t.Fatal(err)
		}
		_ = append(w.Begin(), "dropped"...)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	raw := net.Bytes()
	r := bufio.NewReader(bytes.NewReader(raw))
	seq := byte(0)
	for _, n := range sizes {
		got, first, next, err := ReadPacket(r, nil, len(big), nil)
		if err != nil || !bytes.Equal(got, big[:n]) || first != seq {
			t.Fatalf("%d bytes: %d came back, number %d of %d, %v", n, len(got), first, seq, err)
		}
		seq = next
	}
	if _, _, _, err := ReadPacket(r, nil, 10, nil); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	// Over the limit a payload is skipped, and the next one is read.
	r = bufio.NewReader(bytes.NewReader(raw))
	small := 0
	for range sizes {
		if _, _, _, err := ReadPacket(r, nil, 3, nil); err == nil {
			small++
		} else if !errors.Is(err, ErrTooLarge) {
			t.Fatal(err)
		}
	}
	if small != 3 {
		t.Errorf("%d payloads within the limit", small)
	}
	if _, _, _, err := ReadPacket(bufio.NewReader(bytes.NewReader(raw[:len(raw)-1])), nil, 10, nil); err != nil {
		t.Error(err)
	}
	if _, _, _, err := ReadPacket(bufio.NewReader(strings.NewReader("\xff\xff\xff\x00")), nil, 1<<30, nil); err != io.ErrUnexpectedEOF {
		t.Errorf("a cut packet: %v", err)
	}
}

func TestLogin(t *testing.T) {
	caps := Protocol41 | SecureConnection | PluginAuth | PluginAuthLenEnc | ConnectWithDB | ConnectAttrs
	b := binary.LittleEndian.AppendUint32(nil, uint32(caps))
	b = binary.LittleEndian.AppendUint32(b, 1<<24)
	b = append(append(b, 45), make([]byte, 23)...)
	b = append(b, "root\x00"...)
	b = AppendBytes(b, "proof")
	b = append(b, "db\x00mysql_native_password\x00"...)
	b = AppendBytes(b, AppendBytes(AppendBytes(nil, "_os"), "Linux"))
	want := &Login{Caps: caps, MaxPacket: 1 << 24, Collation: 45, User: "root", Auth: []byte("proof"), Database: "db", Plugin: PluginNative,
		Attrs: map[string]string{"_os": "Linux"}}
	if got, err := ParseLogin(b); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	for cut := range len(b) {
		ParseLogin(b[:cut]) // must not panic
	}
	if got, err := ParseLogin(append(binary.LittleEndian.AppendUint32(nil, uint32(Protocol41|SSL)), make([]byte, 28)...)); err != nil || !got.TLS {
		t.Errorf("request for TLS: %+v %v", got, err)
	}
	if _, err := ParseLogin(make([]byte, 40)); err == nil {
		t.Error("a client of before 4.1 was let in")
	}
}

func TestPasswords(t *testing.T) {
	h := NativeHash([]byte("123456"))
	if h[0] != 0x6b || h[19] != 0xd9 {
		t.Errorf("hash %x", h)
	}
	if CheckNative(nil, [SaltLen]byte{}, h) || CheckNative(make([]byte, 20), [SaltLen]byte{}, h) || CheckCachingSHA2(nil, [SaltLen]byte{}, []byte("x")) {
		t.Error("no proof is a proof")
	}
}

func TestCivil(t *testing.T) {
	for n := int64(firstSecond / 86400); n < lastSecond/86400; n += 13 {
		y, m, d := calendar.Civil(n)
		if wy, wm, wd := time.Unix(n*86400, 0).UTC().Date(); y != wy || m != int(wm) || d != wd {
			t.Fatalf("day %d: %d-%d-%d", n, y, m, d)
		}
	}
}

func TestTimestampText(t *testing.T) {
	rnd := rand.New(rand.NewSource(2))
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Skip(err)
		}
		r := NewRows([]model.Field{{Type: model.Timestamp(model.Microsecond)}}, loc)
		for range 20000 {
			v := rnd.Int63n((lastSecond-firstSecond-4*86400)*1e6) + (firstSecond+2*86400)*1e6
			if rnd.Intn(2) == 0 {
				v = v / 1e6 * 1e6
			}
			vec := model.NewVector(model.Timestamp(model.Microsecond), 1)
			vec.AppendInt(v)
			got, err := r.AppendText(nil, &model.Batch{Cols: []*model.Vector{vec}, Len: 1}, 0)
			want := time.UnixMicro(v).In(loc)
			text := want.Format("2006-01-02 15:04:05")
			if us := want.Nanosecond() / 1000; us%1000 != 0 {
				text = want.Format("2006-01-02 15:04:05.000000")
			} else if us != 0 {
				text = want.Format("2006-01-02 15:04:05.000")
			}
			if err != nil || string(got[1:]) != text {
				t.Fatalf("%s %d: %q, want %q, %v", zone, v, got, text, err)
			}
		}
	}
}

func TestValues(t *testing.T) {
	text := func(got []byte, want string) {
		t.Helper()
		if string(got) != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	dec := func(hi int64, lo uint64, scale uint8) []byte {
		return appendDecimal(nil, model.Int128{Hi: hi, Lo: lo}, scale)
	}
	text(dec(0, 0, 2), "0.00")
	text(dec(0, 5, 3), "0.005")
	text(dec(0, 1234, 0), "1234")
	text(dec(-1, ^uint64(0), 2), "-0.01")
	text(dec(-1, 1<<63, 0), "-9223372036854775808")
	text(dec(0, 1<<63, 0), "9223372036854775808")
	text(dec(5421010862427522170, 687399551400673279, 38), "0.99999999999999999999999999999999999999")
	for x, want := range map[float64]string{0: "0", 1: "1", -1.5: "-1.5", 1e15: "1000000000000000", 1e20: "1e+20", 1e-7: "1e-07", math.Inf(1): "inf", math.Inf(-1): "-inf"} {
		text(appendFloat(nil, x, 64), want)
	}
	text(appendFloat(nil, math.NaN(), 64), "NaN")
	text(appendFloat(nil, float64(float32(0.1)), 32), "0.1")
	text(appendDuration(nil, -1500, model.Millisecond), "-00:00:01.500")
	text(appendDuration(nil, math.MinInt64, model.Nanosecond), "-2562047:47:16.854775808")
	text(appendDuration(nil, 3600*100, model.Second), "100:00:00")
	iv := func(m, d int32, n int64) []byte {
		return appendInterval(nil, model.MonthDayNano{Months: m, Days: d, Nanos: n})
	}
	text(iv(14, 0, 4*3600e9), "P1Y2M0DT4H0M0S")
	text(iv(0, 0, 0), "PT0S")
	text(iv(-1, -2, -500e6), "P0Y-1M-2DT0H0M-0.500S")
}

func TestParams(t *testing.T) {
	body := []byte{1, 0, 0, 0, 0, 1, 0, 0, 0}
	body = append(body, 0b10, 1) // the second of four is NULL; types follow
	for _, typ := range []ColumnType{TypeTiny, TypeLong, TypeDatetime, TypeTime} {
		body = append(body, byte(typ), 0)
	}
	body = append(body, 0xff)
	body = append(body, 11, 0xe8, 0x07, 2, 29, 1, 2, 3, 0xa0, 0x86, 1, 0)
	body = append(body, 8, 1, 1, 0, 0, 0, 2, 3, 4)
	e, err := ParseExecute(body)
	if err != nil || e.Statement != 1 {
		t.Fatal(err)
	}
	got, types, err := e.Params(4, nil, nil)
	want := []Param{{ParamNumber, []byte("-1")}, {}, {ParamText, []byte("2024-02-29 01:02:03.100")}, {ParamText, []byte("-26:03:04")}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q %v", got, err)
	}
	for cut := range body {
		if e, err := ParseExecute(body[:cut]); err == nil {
			if _, _, err := e.Params(4, nil, nil); err == nil {
				t.Errorf("cut to %d bytes", cut)
			}
		}
	}
	// A second execution has no types, and a long parameter no value.
	again := append([]byte{1, 0, 0, 0, 0, 1, 0, 0, 0}, 0b1110, 0)
	e, _ = ParseExecute(again)
	if got, _, err := e.Params(4, types, [][]byte{[]byte("long"), nil, nil, nil}); err != nil || string(got[0].Text) != "long" || got[3].Kind != ParamNull {
		t.Errorf("%q %v", got, err)
	}
	if _, _, err := e.Params(4, nil, nil); err == nil {
		t.Error("parameters without types")
	}
	for s, want := range map[string]bool{"1": true, "-1.5": true, "": false, "-": false, "1.": false, ".5": false, "1e5": false, "1 or 1": false, "1.2.3": false} {
		if isNumber([]byte(s)) != want {
			t.Errorf("isNumber(%q) is not %v", s, want)
		}
	}
}

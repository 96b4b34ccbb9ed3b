package mysql

import (
	"bufio"
	"bytes"
	"testing"
)

func FuzzLogin(f *testing.F) {
	f.Add([]byte("\x85\xa6\xff\x01\x00\x00\x00\x01\x2d"+string(make([]byte, 23))+"root\x00\x00mysql_native_password\x00"), false)
	f.Add([]byte("\x8d\xa6\x9f\x00\x00\x00\x00\x01\x2d"+string(make([]byte, 23))+"root\x00\x05proofpublic\x00caching_sha2_password\x00\x0b\x03_os\x05Linux\x00"), false)
	f.Add([]byte("\x00\x0a\x00\x00\x00\x00\x00\x01\x2d"+string(make([]byte, 23))), false)
	f.Add([]byte("root\x00\x05proofpublic\x00\x2d\x00mysql_native_password\x00"), true)
	f.Fuzz(func(t *testing.T, b []byte, change bool) {
		var l *Login
		var err error
		if change {
			l, err = ParseChangeUser(b, PluginAuth|ConnectAttrs)
		} else {
			l, err = ParseLogin(b)
		}
		if err == nil && len(l.User)+len(l.Auth)+len(l.Database)+len(l.Plugin) > len(b) {
			t.Error("more came out than went in")
		}
	})
}

func FuzzExecute(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x01\x08\x00\x01\x00\x00\x00\x00\x00\x00\x00"), 1)
	f.Add([]byte("\x01\x00\x00\x00\x00\x01\x00\x00\x00\x02\x01\x01\x80\x06\x00\x0c\x00\x0b\x00\x7f\x07\xe8\x07\x02\x1d\x01\x02\x03\x08\x01\x01\x00\x00\x00\x02\x03\x04"), 4)
	f.Add([]byte("\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x01\xf6\x00\xfd\x00\x04\x00\x051.234\x03abc\x00\x00\x80?"), 3)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n < 0 || n > 1<<16 {
			return
		}
		e, err := ParseExecute(b)
		if err != nil {
			return
		}
		params, types, err := e.Params(n, nil, nil)
		if err != nil {
			return
		}
		if len(params) != n || n > 0 && len(types) != n {
			t.Errorf("%d parameters, %d types, want %d", len(params), len(types), n)
		}
		for _, p := range params {
			if p.Kind == ParamNumber && len(p.Text) == 0 {
				t.Error("an empty number")
			}
			for _, c := range p.Text {
				if p.Kind == ParamNumber && (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' {
					t.Errorf("a number %q", p.Text)
				}
			}
		}
		ParseLongData(b)
	})
}

func FuzzReadPacket(f *testing.F) {
	f.Add([]byte("\x03\x00\x00\x00abc\x00\x00\x00\x01"))
	f.Add([]byte("\xff\xff\xff\x00abc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(b), 16)
		var buf []byte
		for {
			p, _, _, err := ReadPacket(r, buf, 1<<10, func() {})
			if err != nil && err != ErrTooLarge {
				return
			}
			if len(p) > 1<<10 || len(p) > len(b) {
				t.Fatalf("%d bytes of %d", len(p), len(b))
			}
			buf = p
		}
	})
}

package postgres

import (
	"encoding/hex"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

func TestArrays(t *testing.T) {
	f := func(elem model.Type, list, text, binary string) {
		t.Helper()
		v := model.NewVector(model.ListOf(elem), 1)
		v.AppendString(list)
		r := NewRows(1, nil, Style{})
		if got := string(r.AppendText(nil, v, 0)); got != text {
			t.Errorf("%s of %s: text %s, want %s", list, elem, got, text)
		}
		if got := hex.EncodeToString(r.appendBinary(nil, v, 0)); binary != "" && got != binary {
			t.Errorf("%s of %s: binary %s, want %s", list, elem, got, binary)
		}
	}
	f(model.Int32, "[1,null]", "{1,NULL}", "00000001"+"00000001"+"00000017"+"00000002"+"00000001"+"00000004"+"00000001"+"ffffffff")
	f(model.String, `["a","b c","","NULL","q\"\\"]`, `{a,"b c","","NULL","q\"\\"}`, "")
	f(model.Bool, "[true,false]", "{t,f}", "00000001"+"00000000"+"00000010"+"00000002"+"00000001"+"0000000101"+"0000000100")
	f(model.Int64, "[]", "{}", "00000000"+"00000000"+"00000014")
	f(model.Decimal(5, 2), "[1.25,-0.50]", "{1.25,-0.50}", "")
	f(model.Binary, `["Cv8="]`, `{"\\x0aff"}`, "")
	f(model.TimeOf(model.Second), "[47655]", "{13:14:15}", "")
	f(model.ListOf(model.Int64), "[[1,2],[3]]", `{"[1,2]",[3]}`, "")
}

package model

import (
	"strings"
	"testing"
)

func TestNestedTypesReadBack(t *testing.T) {
	deep := Int64
	for range 100 { // printing takes time that grows with the depth, and does not double with it
		deep = ListOf(deep)
	}
	for _, typ := range []Type{ListOf(Int64), ListOf(Timestamp(Millisecond)), ListOf(Decimal(10, 2)), ListOf(ListOf(VectorOf(3))), deep, TimeOf(Microsecond),
		StructOf([]Field{{Name: "a", Type: Int64}, {Name: `odd "name", <x>: y`, Type: ListOf(String)}, {Name: "s", Type: StructOf([]Field{{Name: "x", Type: Date}})}}),
		MapOf(String, MapOf(Int64, ListOf(Float64))), ListOf(MapOf(String, Decimal(38, 0)))} {
		got, err := ParseType(typ.String())
		if err != nil || got != typ {
			t.Errorf("%s is read as %s (%v)", typ, got, err)
		}
	}
	if at, m := StructOf([]Field{{Name: "a", Type: Int64}, {Name: "b", Type: ListOf(String)}}).Member("b"); at != 1 || m != ListOf(String) {
		t.Errorf("member b is %d, %s", at, m)
	}
	for _, bad := range []string{"List<", "List<>", "List<Int64", "List<Int64>>", "Struct<a>", "Struct<a: >", "Map<Int64>", "Decimal(10<", "List<Decimal(>", strings.Repeat("List<", 200)} {
		if got, err := ParseType(bad); err == nil {
			t.Errorf("%q is read as %s", bad, got)
		}
	}
}

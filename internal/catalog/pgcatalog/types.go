package pgcatalog

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// columnOIDs are PostgreSQL's types of the columns of pg_catalog that hold object ids and names, by the columns' names. They are never
// changed.
var columnOIDs = buildColumnOIDs()

// ownTypes are types that columns of pg_catalog alone have, by their letters in a definition.
var ownTypes = map[string]uint32{"O": wire.OIDOid, "O[]": wire.OIDOidArray, "S[]": wire.OIDTextArray, "C": wire.OIDChar, "V2": wire.OIDInt2Vector, "VO": wire.OIDOidVector}

func buildColumnOIDs() map[string]uint32 {
	out := map[string]uint32{
		// As drivers call them that look types up.
		"basetype": wire.OIDOid, "elemtype": wire.OIDOid, "range_subtype": wire.OIDOid, "attrtypoids": wire.OIDOidArray, "attrnames": wire.OIDTextArray,
	}
	for _, d := range definitions() {
		for c := range strings.SplitSeq(d.columns, ",") {
			name, typ, _ := strings.Cut(strings.TrimSpace(c), " ")
			switch {
			case ownTypes[typ] != 0:
				out[name] = ownTypes[typ]
			case typ == "S" && strings.HasSuffix(name, "name"):
				out[name] = wire.OIDName
			}
		}
	}
	return out
}

// ColumnOID is the type that PostgreSQL gives a column of a query that reads pg_catalog alone, told by the column's name; 0 where it is
// that of values of type t anywhere else.
func ColumnOID(name string, t model.Type) uint32 {
	oid := columnOIDs[name]
	fits := false
	switch oid {
	case wire.OIDOid:
		fits = t == model.Int64
	case wire.OIDName, wire.OIDChar, wire.OIDInt2Vector, wire.OIDOidVector:
		fits = t == model.String
	case wire.OIDOidArray:
		fits = t == model.ListOf(model.Int64)
	case wire.OIDTextArray:
		fits = t == model.ListOf(model.String)
	}
	if !fits {
		return 0
	}
	return oid
}

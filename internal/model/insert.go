package model

// TableKind is what sort of table a write makes where the table it names does not exist.
type TableKind uint8

// The kinds. Options that a session's hints name win over what a kind says.
const (
	PlainTable       TableKind = iota // last row wins
	LastNonNullTable                  // the newest value of each field wins; a hint append_mode=true makes it a plain table in append mode
	MetricTable                       // logical table on InsertOptions.PhysicalTable, columns sorted by name; a plain table without metric engine
	LogTable                          // append mode
	TraceTable                        // append mode
)

// InsertOptions say how rows of a protocol meet tables.
type InsertOptions struct {
	Kind          TableKind
	PhysicalTable string            // of MetricTable
	TableOptions  map[string]string // options of tables made by this write, e.g. "greptime.semantic.source": "influxdb"

	// AutoTime says that the time column's name is the protocol's default, not the client's choice: in an existing table it takes the
	// name of the time index, and its values the unit.
	AutoTime bool
	// AutoValue says the same of the one field column: it takes the name of the table's only field.
	AutoValue bool
}

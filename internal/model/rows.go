package model

// Rows is rows for one table by column names, as a protocol sent them and before the table's schema is known. A decoder fills it,
// operator matches it to the table, creating or widening the table where needed.
type Rows struct {
	Table   string
	Columns []RowColumn // names are distinct; at most one TimeColumn
	Len     int
}

// RowColumn is one column of Rows. The vector has Rows.Len rows.
type RowColumn struct {
	Name     string
	Semantic Semantic
	Vector   *Vector
}

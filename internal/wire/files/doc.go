// Package files is the codec of data files that people bring and take away: Parquet, CSV and newline-delimited JSON, of any writer.
//
// A Reader gives the rows of one file as batches of the columns it was asked for, already in the types that were asked for; a Writer
// takes batches and makes one file. Both stream: what they hold is bounded by a batch, a page or a record, never by the file.
//
//	            open                   read                          convert
//	Parquet   footer, kv metadata    pages of wanted columns only   typed loops; text where types are far apart
//	CSV       header                 records, fields as offsets     text to the column's type
//	JSON      nothing                a record a line                numbers and strings to the column's type
//
// Nothing here opens files or knows tables. Errors of content are *DataError and name file, row and column.
package files

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Format is a file format.
type Format uint8

// The formats.
const (
	Parquet Format = iota
	CSV
	JSON // one object a line
)

// String is the name in options and the extension of files.
func (f Format) String() string { return [...]string{"parquet", "csv", "json"}[f] }

// ParseFormat reads a format's name; the empty one is Parquet.
func ParseFormat(s string) (Format, error) {
	switch strings.ToLower(s) {
	case "", "parquet":
		return Parquet, nil
	case "csv":
		return CSV, nil
	case "json", "ndjson":
		return JSON, nil
	case "orc":
		return 0, errs.New(errs.Unsupported, "Not supported: file format orc; convert the files to parquet, csv or json")
	}
	return 0, errs.New(errs.InvalidArguments, "Unsupported format: %s; must be csv, json or parquet", s)
}

// The limits of what a foreign file may ask of memory.
const (
	// DefaultMaxRecord is the longest record of a text file. Longer ones are an error, as they are most often a quote that never ends.
	DefaultMaxRecord = 16 << 20
	// maxChunk is the largest column chunk of a Parquet file, uncompressed, by its own account.
	maxChunk = 4 << 30
	// maxGroupRows is the most rows of a row group: writers make groups of about a million.
	maxGroupRows = 1 << 26
	// maxColumns is the widest file.
	maxColumns = 16384
)

// BatchRows is how many rows a Reader puts into a batch: enough to make the work per batch vanish, few enough for caches.
const BatchRows = 16384

// batchBytes ends a batch early where rows are long.
const batchBytes = 8 << 20

// Options say how a file is read or written. The zero value is Parquet, as it comes.
type Options struct {
	Format      Format
	Compression Compression // of text files
	Delimiter   byte        // of CSV; 0: a comma
	NoHeader    bool        // of CSV: the first record is a row
	Zone        *time.Location
	// SkipBad leaves out rows of text files that cannot be read, and counts them.
	SkipBad bool
	// MaxRecord is the most bytes a record of a text file may have; 0: DefaultMaxRecord.
	MaxRecord int
	// Time, Date and Clock write values in a layout of the user's, in text files; nil: RFC 3339 without a zone.
	Time, Date func(dst []byte, t time.Time) []byte
	// Where allows a reader of Parquet to leave out row groups none of whose rows it is true for. Rows are not judged one by one.
	Where *model.Expr
	// Meta is remembered in Parquet files: what each column is, see ColumnMeta.
	Meta []ColumnMeta
}

func (o *Options) delimiter() byte {
	if o.Delimiter == 0 {
		return ','
	}
	return o.Delimiter
}

func (o *Options) maxRecord() int {
	if o.MaxRecord <= 0 {
		return DefaultMaxRecord
	}
	return o.MaxRecord
}

func (o *Options) zone() *time.Location {
	if o.Zone == nil {
		return time.UTC
	}
	return o.Zone
}

// Source is the bytes of a file.
type Source struct {
	Name string // for errors
	io.ReaderAt
	Size int64
}

// Column is a column that a reader is asked for.
type Column struct {
	Name string
	Type model.Type
	ID   model.ColumnID // the column's name in Options.Where
	// Missing stands for the column in a record that lacks it; nil: such a record is an error. A NULL in the file stays a NULL.
	Missing *model.Value
}

// ColumnMeta is what a Parquet file of ours remembers of a column.
type ColumnMeta struct {
	Name     string
	Type     model.Type
	Semantic model.Semantic
}

// Reader gives the rows of a file. It is used by one goroutine.
type Reader interface {
	// Next gives the next batch, never an empty one, with a vector for each column asked for; io.EOF at the end. The batch is the
	// caller's.
	Next() (*model.Batch, error)
	// Skipped is how many bad rows were left out so far.
	Skipped() int64
	// Offset is about how many bytes of the file were read so far.
	Offset() int64
	// Close frees what the reader holds; the source stays open.
	Close() error
}

// Writer makes a file of batches. It is used by one goroutine.
type Writer interface {
	// Write adds the rows of a batch, which it keeps no reference to.
	Write(b *model.Batch) error
	// Close writes what is left; the sink stays open.
	Close() error
}

// DataError is content that cannot be read.
type DataError struct {
	File   string
	Row    int64  // 1 is the first; 0: the file as a whole
	Column string // may be empty
	Err    error
}

func (e *DataError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "file %s", e.File)
	if e.Row > 0 {
		fmt.Fprintf(&b, ", row %d", e.Row)
	}
	if e.Column != "" {
		fmt.Fprintf(&b, ", column %s", e.Column)
	}
	return b.String() + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *DataError) Unwrap() error { return e.Err }

// dataError makes a DataError with the code of invalid arguments, unless the cause has a code of its own.
func dataError(file string, row int64, column string, err error) error {
	e := &DataError{File: file, Row: row, Column: column, Err: err}
	if c := errs.CodeOf(err); c != errs.Unknown && c != errs.Internal {
		return errs.Wrap(c, e, "read file")
	}
	return errs.Wrap(errs.InvalidArguments, e, "read file")
}

// NewReader opens a file for the columns. Parquet and CSV files with a header find them by name, other CSV files by position. Columns
// that the file does not have need Missing.
func NewReader(src Source, o Options, columns []Column) (Reader, error) {
	switch o.Format {
	case CSV:
		return newCSVReader(src, o, columns)
	case JSON:
		return newJSONReader(src, o, columns)
	}
	return newParquetReader(src, columns, o.Where)
}

// NewWriter starts a file of columns.
func NewWriter(w io.Writer, o Options, fields []model.Field) (Writer, error) {
	seen := make(map[string]bool, len(fields))
	for _, f := range fields {
		if seen[f.Name] {
			return nil, errs.New(errs.InvalidArguments, "two columns are named %q; give one of them an alias", f.Name)
		}
		seen[f.Name] = true
	}
	switch o.Format {
	case CSV:
		return newCSVWriter(w, o, fields)
	case JSON:
		return newJSONWriter(w, o, fields)
	}
	if o.Compression != NoCompression {
		return nil, errs.New(errs.InvalidArguments, "compression_type is for csv and json; parquet files are compressed inside")
	}
	return newParquetWriter(w, o, fields)
}

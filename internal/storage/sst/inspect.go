package sst

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// Inspection is what a file says of itself, for people.
type Inspection struct {
	File    string
	Info    Info
	Schema  *model.Schema
	Version int // of the format
	Columns []InspectedColumn
	Groups  []InspectedGroup
}

// InspectedColumn is one column over all row groups.
type InspectedColumn struct {
	ColumnInfo
	Nulls    int
	Min, Max model.Value // NULL where there is no value
}

// InspectedGroup is one row group.
type InspectedGroup struct {
	Rows                     int
	Compressed, Uncompressed int64
	Pages                    int
}

// Inspect reads a file's footer and page index, and with check all of its pages, and describes it.
func (r *Reader) Inspect(ctx context.Context, name string, blob Blob, check bool) (*Inspection, error) {
	f, err := r.Open(ctx, name, blob, nil)
	if err != nil {
		return nil, err
	}
	m := f.meta
	x := &Inspection{File: name, Info: f.Info(), Schema: m.schema, Version: m.info.Version}
	for ci := range m.cols {
		c := &m.cols[ci]
		col := InspectedColumn{ColumnInfo: ColumnInfo{ID: c.id, Name: c.name, Type: c.typ}, Min: model.NullOf(c.typ), Max: model.NullOf(c.typ)}
		var stats []pageStat
		used := map[string]bool{}
		for gi := range m.groups {
			k := &m.groups[gi].chunks[ci]
			col.Compressed += k.compressed
			col.Uncompressed += k.uncompressed
			stats = append(stats, k.total)
			if e := k.enc.String(); !used[e] {
				used[e] = true
				col.Encodings = append(col.Encodings, e)
			}
			if check {
				if _, err := f.column(ctx, nil, gi, ci, 0, m.groups[gi].rows); err != nil {
					return nil, err
				}
			}
		}
		if ci < len(m.info.Stored) && m.info.Stored[ci] != "" { // older files know the encoding only
			col.Encodings = strings.Split(m.info.Stored[ci], storedSeparator)
		}
		total := mergeStats(c, stats)
		if col.Nulls = total.nulls; total.values > 0 {
			col.Min, col.Max = boundValue(c, total.min), boundValue(c, total.max)
		}
		x.Columns = append(x.Columns, col)
	}
	for gi := range m.groups {
		g := InspectedGroup{Rows: m.groups[gi].rows}
		for ci := range m.groups[gi].chunks {
			k := &m.groups[gi].chunks[ci]
			g.Compressed += k.compressed
			g.Uncompressed += k.uncompressed
			g.Pages += len(k.pages)
		}
		x.Groups = append(x.Groups, g)
	}
	return x, nil
}

// Print writes the inspection as tables.
func (x *Inspection) Print(out io.Writer) error {
	i := &x.Info
	fmt.Fprintf(out, "file         %s\nformat       %d, schema version %d\nsize         %d bytes, %d row groups\nrows         %d of %d series\n",
		x.File, x.Version, x.Schema.Version, i.Bytes, i.RowGroups, i.Rows, i.Series)
	if i.Rows > 0 {
		fmt.Fprintf(out, "time         %d … %d (%s)\nsequences    %d … %d\n", i.MinTime, i.MaxTime, x.Schema.TimeUnit(), i.MinSeq, i.MaxSeq)
	}
	fmt.Fprintf(out, "deletes      %t\nunique       %t\n\n", i.HasDeletes, i.Unique)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "id\tcolumn\ttype\tencoding\tbytes\tuncompressed\tratio\tbytes/row\tnulls\tmin\tmax")
	for _, c := range x.Columns {
		id := fmt.Sprint(c.ID)
		if c.ID.Internal() {
			id = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%.2f\t%.3f\t%d\t%s\t%s\n", id, c.Name, c.Type, strings.Join(c.Encodings, ","), c.Compressed, c.Uncompressed,
			ratio(c.Uncompressed, c.Compressed), ratio(c.Compressed, int64(i.Rows)), c.Nulls, short(c.Min), short(c.Max))
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "row group\trows\tpages\tbytes\tuncompressed")
	for n, g := range x.Groups {
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\n", n, g.Rows, g.Pages, g.Compressed, g.Uncompressed)
	}
	return w.Flush()
}

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// short prints a bound in at most 40 characters.
func short(v model.Value) string {
	r := []rune(source.Text(v))
	if v.Null() {
		return "-"
	}
	for i, c := range r {
		if c < ' ' {
			r[i] = '.'
		}
	}
	if len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return string(r)
}

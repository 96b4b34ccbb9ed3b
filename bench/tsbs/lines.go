package tsbs

import (
	"io"
	"strconv"
)

// Lines writes a data set as InfluxDB line protocol, in time order: all hosts of a tick, then the next tick. It is used by one goroutine.
type Lines struct {
	d     *Dataset
	walks []*Walk
	tick  int
	host  int
	tail  []byte // of every line of the tick: space, time, line feed
}

// Lines starts at the first row.
func (d *Dataset) Lines() *Lines {
	l := &Lines{d: d, walks: make([]*Walk, d.opts.Scale)}
	for i := range l.walks {
		l.walks[i] = d.Walk(i)
	}
	l.setTail()
	return l
}

func (l *Lines) setTail() {
	l.tail = append(strconv.AppendInt(append(l.tail[:0], ' '), l.d.Time(l.tick), 10), '\n')
}

// Append appends the next rows, at most max, to dst, and returns how many those were; zero after the last row.
func (l *Lines) Append(dst []byte, max int) ([]byte, int) {
	var v Values
	n := 0
	for ; n < max && l.tick < l.d.ticks; n++ {
		l.walks[l.host].Next(&v)
		dst = append(dst, l.d.hosts[l.host].prefix...)
		for f, x := range v {
			dst = append(dst, l.d.cells[f][x]...)
		}
		dst = append(dst, l.tail...)
		if l.host++; l.host == len(l.walks) {
			l.host = 0
			l.tick++
			l.setTail()
		}
	}
	return dst, n
}

// Next is Append into an empty buffer that gives io.EOF at the end: a source of batches.
func (l *Lines) Next(buf []byte, max int) ([]byte, int, error) {
	buf, n := l.Append(buf[:0], max)
	if n == 0 {
		return buf, 0, io.EOF
	}
	return buf, n, nil
}

// Series is a source of n rows that each begin a series of their own: the same table and time, another tag set. All times lie within a
// minute.
type Series struct {
	n    int
	next int
}

// SeriesTable is the table of a Series source.
const SeriesTable = "churn"

// NewSeries returns a source of n rows.
func NewSeries(n int) *Series { return &Series{n: n} }

// Next overwrites buf with the next rows, at most max, and returns how many those were; io.EOF after the last one.
func (s *Series) Next(buf []byte, max int) ([]byte, int, error) {
	buf = buf[:0]
	n := 0
	for ; n < max && s.next < s.n; n++ {
		i := s.next
		s.next++
		buf = append(buf, SeriesTable+",cluster=c"...)
		buf = strconv.AppendInt(buf, int64(i%7), 10)
		buf = append(buf, ",namespace=ns-"...)
		buf = strconv.AppendInt(buf, int64(i%211), 10)
		buf = append(buf, ",pod=pod-"...)
		buf = strconv.AppendInt(buf, int64(i), 10)
		buf = append(buf, ",node=node-"...)
		buf = strconv.AppendInt(buf, int64(i%1009), 10)
		buf = append(buf, " value="...)
		buf = strconv.AppendInt(buf, int64(i%1000), 10)
		buf = append(buf, ' ')
		// Spread over a minute, as scrapes are.
		buf = strconv.AppendInt(buf, Epoch+int64(float64(i)/float64(s.n)*60e9), 10)
		buf = append(buf, '\n')
	}
	if n == 0 {
		return buf, 0, io.EOF
	}
	return buf, n, nil
}

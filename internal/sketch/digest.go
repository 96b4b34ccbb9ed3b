package sketch

import (
	"encoding/binary"
	"math"
	"slices"
	"sort"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

const (
	digestMagic   = 'T'
	digestVersion = 1

	digestWeighted = 1 << 0 // weights follow the means; without them each is 1
	digestWhole    = 1 << 1 // weights are whole numbers, as uvarints
	digestOdd      = 1 << 2 // there are weights of values that no mean holds
)

// Bounds of how many centroids a digest has: fewer say nothing, more cost more than exact quantiles.
const (
	DigestSize    = 100 // where nobody asks for another
	minDigestSize = 10
	maxDigestSize = 1 << 16
)

// A digest collects digestBuffer times its size of values before it puts them together, for sorting many at once is cheaper, and then leaves
// digestWorking times its size of centroids, for what is put together often is better not put together in large pieces.
const (
	digestBuffer  = 12
	digestWorking = 2
)

// Digest is a merging t-digest: it knows quantiles by centroids, each the mean and the weight of neighbouring values. The nearer to an end of
// the order, the fewer values share a centroid, so that high and low quantiles are the most exact. While a digest has seen no more
// values than it may have centroids, it has them all, and its quantiles are exact.
//
// Infinite values and NaN are counted apart, for no mean holds them: in the order, NaN is the greatest.
type Digest struct {
	size           int
	means, weights []float64 // weights: nil while all are 1
	sorted         int       // of means: the first so many are in order
	uneven         bool      // some weight of the others is not 1
	total          float64   // weight of means
	min, max       float64   // of what the means hold
	low, high, nan float64   // weights of -inf, +inf and NaN
}

// NewDigest makes an empty digest of at most so many centroids; less than 10 are taken for 10.
func NewDigest(size int64) (*Digest, error) {
	if size < 1 || size > maxDigestSize {
		return nil, errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: the number of centroids of an approximate percentile must be between 1 and %d, got: %d", maxDigestSize, size)
	}
	return &Digest{size: max(int(size), minDigestSize), min: math.Inf(1), max: math.Inf(-1)}, nil
}

// Init gives the zero Digest a size, see NewDigest; one that has a size keeps it.
func (d *Digest) Init(size int64) error {
	if d.size != 0 {
		return nil
	}
	o, err := NewDigest(size)
	if err == nil {
		*d = *o
	}
	return err
}

// Empty is a digest of the same size that has seen nothing.
func (d *Digest) Empty() *Digest { return &Digest{size: d.size, min: math.Inf(1), max: math.Inf(-1)} }

// Bytes is the memory that the digest holds.
func (d *Digest) Bytes() int64 { return 128 + 8*int64(cap(d.means)+cap(d.weights)) }

// Add takes in values.
func (d *Digest) Add(xs ...float64) {
	for len(xs) > 0 {
		if len(d.means) >= digestBuffer*d.size {
			d.compress(digestWorking * d.size)
		}
		part := xs[:min(len(xs), digestBuffer*d.size-len(d.means))]
		xs = xs[len(part):]
		before := len(d.means)
		lo, hi := d.min, d.max
		for _, x := range part {
			if x-x != 0 { // neither NaN nor infinite is equal to itself less itself
				d.odd(x, 1)
				continue
			}
			if x < lo {
				lo = x
			}
			if x > hi {
				hi = x
			}
			d.means = append(d.means, x)
		}
		d.min, d.max = lo, hi
		d.total += float64(len(d.means) - before)
		for d.weights != nil && len(d.weights) < len(d.means) {
			d.weights = append(d.weights, 1)
		}
	}
}

// maxWeight is the most that a value may weigh, and maxTotal more than 2^63 of those: sums of both stay finite.
const (
	maxWeight = 1e280
	maxTotal  = 1e300
)

// AddWeighted takes in a value that stands for w; weights that are not greater than 0, or not finite, are left out.
func (d *Digest) AddWeighted(x, w float64) {
	switch {
	case !(w > 0) || w > maxWeight:
	case x-x != 0:
		d.odd(x, w)
	default:
		d.put(x, w)
	}
}

func (d *Digest) odd(x, w float64) {
	switch {
	case x > 0:
		d.high += w
	case x < 0:
		d.low += w
	default:
		d.nan += w
	}
}

func (d *Digest) put(x, w float64) {
	if len(d.means) >= digestBuffer*d.size {
		d.compress(digestWorking * d.size)
	}
	if w != 1 {
		if d.uneven = true; d.weights == nil {
			d.weigh()
		}
	}
	d.means = append(d.means, x)
	if d.weights != nil {
		d.weights = append(d.weights, w)
	}
	d.total += w
	d.min, d.max = min(d.min, x), max(d.max, x)
}

// weigh makes room for weights that differ.
func (d *Digest) weigh() {
	d.weights = make([]float64, len(d.means), cap(d.means))
	for i := range d.weights {
		d.weights[i] = 1
	}
}

// byMean sorts centroids.
type byMean struct{ *Digest }

func (s byMean) Len() int           { return len(s.means) }
func (s byMean) Less(i, j int) bool { return s.means[i] < s.means[j] }
func (s byMean) Swap(i, j int) {
	s.means[i], s.means[j] = s.means[j], s.means[i]
	s.weights[i], s.weights[j] = s.weights[j], s.weights[i]
}

func (d *Digest) sort() {
	if d.sorted == len(d.means) {
		return
	}
	switch {
	case d.weights == nil:
		sortFloats(d.means)
	default:
		d.sortTail()
	}
	d.sorted, d.uneven = len(d.means), false
}

// sortTail sorts what came after the centroids that are in order, and merges it into them.
func (d *Digest) sortTail() {
	n := d.sorted
	tail := &Digest{means: slices.Clone(d.means[n:])}
	if !d.uneven { // nothing but the means has to move
		sortFloats(tail.means)
	} else {
		tail.weights = slices.Clone(d.weights[n:])
		sort.Sort(byMean{tail})
	}
	i, j := n-1, len(tail.means)-1
	for k := len(d.means) - 1; j >= 0; k-- {
		if i >= 0 && d.means[i] > tail.means[j] {
			d.means[k], d.weights[k] = d.means[i], d.weights[i]
			i--
		} else {
			w := 1.0
			if d.uneven {
				w = tail.weights[j]
			}
			d.means[k], d.weights[k] = tail.means[j], w
			j--
		}
	}
}

// compress puts neighbours together until there are no more than so many centroids. One may take in so much of the weight as is a step of
// the scale below, which is steep at both ends.
func (d *Digest) compress(size int) {
	d.sort()
	if len(d.means) <= size {
		return
	}
	if d.weights == nil {
		d.weigh()
	}
	// The scale is the arc sine of 2q-1 at the quantile q. Two neighbours have more than a step of it: there are no more than size.
	sin, cos := math.Sincos(2 * math.Pi / float64(size-2))
	bound := func(before float64) float64 { // the most weight below the end of a centroid that begins there
		s := 2*before/d.total - 1
		if s >= cos {
			return math.Inf(1)
		}
		return d.total * (s*cos + math.Sqrt(1-s*s)*sin + 1) / 2 // the sine of a sum
	}
	at, before := 0, 0.0
	most := bound(0)
	for i := 1; i < len(d.means); i++ {
		w := d.weights[at] + d.weights[i]
		if before+w <= most {
			d.means[at], d.weights[at] = between(d.means[at], d.means[i], d.weights[i]/w), w
			continue
		}
		before += d.weights[at]
		most = bound(min(before, d.total))
		at++
		d.means[at], d.weights[at] = d.means[i], d.weights[i]
	}
	d.means, d.weights, d.sorted = d.means[:at+1], d.weights[:at+1], at+1
}

// between is the point at a share of the way from a to b, and never outside.
func between(a, b, share float64) float64 {
	if a == b {
		return a
	}
	return min(max(a*(1-share)+b*share, a), b)
}

// Join takes in all that another digest has seen, which stays as it is, and keeps its size. The zero
// Digest gets the size of the other.
func (d *Digest) Join(o *Digest) {
	if d.size == 0 {
		*d = *o.Empty()
	}
	if o.None() {
		return
	}
	d.low, d.high, d.nan = d.low+o.low, d.high+o.high, d.nan+o.nan
	for i, x := range o.means {
		w := 1.0
		if o.weights != nil {
			w = o.weights[i]
		}
		d.put(x, w)
	}
	d.min, d.max = min(d.min, o.min), max(d.max, o.max)
}

// Quantile is the value at a share q of the weight, 0 to 1, on lines between the middles of centroids; ok is false where there is none.
func (d *Digest) Quantile(q float64) (x float64, ok bool) {
	all := d.low + d.total + d.high + d.nan
	if all == 0 || !(q >= 0 && q <= 1) {
		return 0, false
	}
	rank := q * all
	if d.low > 0 && rank <= d.low {
		return math.Inf(-1), true
	}
	if rank -= d.low; d.total > 0 && (rank <= d.total || d.high+d.nan == 0) {
		return d.finite(rank), true
	}
	if rank -= d.total; d.high > 0 && (rank <= d.high || d.nan == 0) {
		return math.Inf(1), true
	}
	return math.NaN(), true
}

// finite is the value below which so much weight of finite values lies.
func (d *Digest) finite(rank float64) float64 {
	d.sort()
	weight := func(i int) float64 {
		if d.weights == nil {
			return 1
		}
		return d.weights[i]
	}
	last, middle := d.min, 0.0 // the point before
	before := 0.0
	for i, x := range d.means {
		w := weight(i)
		m := before + w/2
		if rank <= m {
			return between(last, x, (rank-middle)/(m-middle))
		}
		last, middle, before = x, m, before+w
	}
	if rank >= before {
		return d.max
	}
	return between(last, d.max, (rank-middle)/(before-middle))
}

// AppendTo writes the digest, with no more centroids than its size.
func (d *Digest) AppendTo(dst []byte) []byte {
	d.compress(d.size)
	flags := byte(0)
	if d.weights != nil {
		flags |= digestWeighted | digestWhole
		for _, w := range d.weights {
			if w != math.Trunc(w) || w > 1<<53 {
				flags &^= digestWhole
			}
		}
	}
	if d.low+d.high+d.nan > 0 {
		flags |= digestOdd
	}
	put := func(xs ...float64) {
		for _, x := range xs {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
		}
	}
	dst = append(dst, digestMagic, digestVersion, flags)
	dst = binary.AppendUvarint(dst, uint64(d.size))
	dst = binary.AppendUvarint(dst, uint64(len(d.means)))
	put(d.means...)
	switch {
	case flags&digestWhole != 0:
		for _, w := range d.weights {
			dst = binary.AppendUvarint(dst, uint64(w))
		}
	case flags&digestWeighted != 0:
		put(d.weights...)
	}
	if flags&digestWeighted != 0 {
		put(d.min, d.max)
	}
	if flags&digestOdd != 0 {
		put(d.low, d.high, d.nan)
	}
	return dst
}

// ReadDigest reads what AppendTo wrote; nil where the bytes are something else.
func ReadDigest(b []byte) *Digest {
	if len(b) < 5 || b[0] != digestMagic || b[1] != digestVersion || b[2]&^(digestWeighted|digestWhole|digestOdd) != 0 {
		return nil
	}
	flags := b[2]
	r := digestReader{b[3:], true}
	size := r.uvarint()
	many := r.uvarint()
	if !r.ok || size < minDigestSize || size > maxDigestSize || many > size || len(r.b) < int(many)*8 {
		return nil
	}
	d := &Digest{size: int(size), min: math.Inf(1), max: math.Inf(-1), sorted: int(many)}
	d.means = make([]float64, many)
	for i := range d.means {
		d.means[i] = r.float()
		r.ok = r.ok && (i == 0 || d.means[i] >= d.means[i-1])
	}
	d.total = float64(many)
	if flags&digestWeighted != 0 {
		d.weights, d.total = make([]float64, many), 0
		for i := range d.weights {
			if flags&digestWhole != 0 {
				d.weights[i] = float64(r.uvarint())
			} else {
				d.weights[i] = r.float()
			}
			r.ok = r.ok && d.weights[i] > 0
			d.total += d.weights[i]
		}
		if d.min, d.max = r.float(), r.float(); many == 0 || d.min > d.means[0] || d.max < d.means[many-1] {
			return nil
		}
	}
	if many > 0 && d.weights == nil {
		d.min, d.max = d.means[0], d.means[many-1]
	}
	if flags&digestOdd != 0 {
		d.low, d.high, d.nan = r.float(), r.float(), r.float()
	}
	if !r.ok || len(r.b) > 0 || d.low < 0 || d.high < 0 || d.nan < 0 || d.low+d.total+d.high+d.nan > maxTotal {
		return nil
	}
	return d
}

// digestReader takes numbers off bytes; ok is false once there was none.
type digestReader struct {
	b  []byte
	ok bool
}

func (r *digestReader) uvarint() uint64 {
	x, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.ok = false
		return 0
	}
	r.b = r.b[n:]
	return x
}

// float is a finite number.
func (r *digestReader) float() float64 {
	if len(r.b) < 8 {
		r.ok = false
		return 0
	}
	x := math.Float64frombits(binary.LittleEndian.Uint64(r.b))
	r.b = r.b[8:]
	r.ok = r.ok && x-x == 0
	return x
}

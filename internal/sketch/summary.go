package sketch

// Summary is what all of this package are to those who put parts together.
type Summary interface {
	// Take takes in a summary as it is written. False where the bytes are none: nothing is taken in. An error says that the two do not merge.
	Take(b []byte) (bool, error)
	// AppendTo writes the summary.
	AppendTo(dst []byte) []byte
	// Bytes is the memory that it holds.
	Bytes() int64
	// None reports a summary of no value.
	None() bool
}

// None implements Summary.
func (s *HLL) None() bool { return s.used == 0 && s.dense == nil }

// None implements Summary.
func (d *Digest) None() bool { return d.low+d.total+d.high+d.nan == 0 }

// None implements Summary.
func (s *UDD) None() bool { return s.count == 0 }

// None implements Summary.
func (c *Comoments) None() bool { return c.N == 0 }

// Take implements Summary.
func (s *HLL) Take(b []byte) (bool, error) { return s.Merge(b), nil }

// Take implements Summary. A digest that has no size yet gets that of the first.
func (d *Digest) Take(b []byte) (bool, error) {
	o := ReadDigest(b)
	if o == nil {
		return false, nil
	}
	d.Join(o)
	return true, nil
}

// Take implements Summary. A sketch without parameters gets those of the first; others must have the same.
func (s *UDD) Take(b []byte) (bool, error) {
	o := ReadUDD(b)
	if o == nil {
		return false, nil
	}
	if err := s.Check(o); err != nil {
		return false, err
	}
	s.Join(o)
	return true, nil
}

package model

// Rights are what a user may do. The zero value is everything: where nobody logs in, everybody may.
type Rights uint8

// The rights.
const (
	ReadWrite Rights = iota
	ReadOnly
	WriteOnly
)

func (r Rights) String() string { return [...]string{"read_write", "read_only", "write_only"}[r] }

// CanRead reports whether queries are allowed.
func (r Rights) CanRead() bool { return r != WriteOnly }

// CanWrite reports whether writes and definitions are allowed.
func (r Rights) CanWrite() bool { return r != ReadOnly }

package logentry

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/goptimedb/goptimedb/internal/model"
)

// DeletionVersion is the first byte of the payload of a deletion by predicate: programs that know none refuse the entry.
const DeletionVersion = 2

// Deletion is the payload of a deletion by predicate, see docs/formats/log-entry.md. Its sequence is above that of every row it hides.
type Deletion struct {
	SchemaVersion uint64          `json:"-"`
	Sequence      model.Sequence  `json:"-"`
	Times         model.TimeRange `json:"times"`
	Predicate     *model.Expr     `json:"predicate,omitempty"`
	Schema        *model.Schema   `json:"schema"`
}

// AppendDeletion encodes a deletion, with sequence 0; Stamp sets the real one. Errors: values that the encoding cannot hold.
func AppendDeletion(dst []byte, d *Deletion) ([]byte, error) {
	dst = append(dst, DeletionVersion, byte(model.OpDelete))
	dst = binary.LittleEndian.AppendUint64(dst, d.SchemaVersion)
	dst = binary.LittleEndian.AppendUint64(dst, 0)
	body, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	return append(dst, body...), nil
}

// IsDeletion tells deletions from rows.
func IsDeletion(payload []byte) bool { return len(payload) > 0 && payload[0] == DeletionVersion }

// DecodeDeletion reads the payload of a deletion. Damaged bytes give an error, never a panic.
func DecodeDeletion(payload []byte) (*Deletion, error) {
	r := &reader{b: payload}
	if v := r.u8(); r.err == nil && v != DeletionVersion {
		return nil, fmt.Errorf("log entry has format version %d, a deletion has %d", v, DeletionVersion)
	}
	if op := r.u8(); r.err == nil && op != byte(model.OpDelete) {
		r.fail("operation %d", op)
	}
	d := &Deletion{SchemaVersion: r.u64(), Sequence: model.Sequence(r.u64())}
	if r.err != nil {
		return nil, r.err
	}
	if err := json.Unmarshal(payload[r.pos:], d); err != nil {
		return nil, fmt.Errorf("log entry of a deletion: %w", err)
	}
	if d.Schema == nil {
		return nil, fmt.Errorf("log entry of a deletion has no schema")
	}
	if err := d.Schema.Validate(); err != nil {
		return nil, fmt.Errorf("log entry of a deletion: %w", err)
	}
	return d, nil
}

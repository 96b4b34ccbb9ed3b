package manifest

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// FormatVersion is the newest version of edits and checkpoints. docs/formats/manifest.md says what each holds; files are written in the
// oldest version that can say what they say.
const FormatVersion = 2

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// envelope is every manifest file: a JSON object whose "body" is protected by the checksum beside it.
type envelope struct {
	Format   int             `json:"format"`
	Checksum string          `json:"crc32c"` // of the bytes of body, 8 hex digits
	Body     json.RawMessage `json:"body"`
}

// edit is the body of a numbered edit.
type edit struct {
	Version uint64 `json:"version"`
	// Writer tells an edit of ours from an equal one of somebody else when the answer to a create was lost.
	Writer  string   `json:"writer"`
	Actions []Action `json:"actions"`
}

// hint is the body of _last_checkpoint.
type hint struct {
	Version uint64 `json:"version"`
}

const lastCheckpoint = "_last_checkpoint"

func editName(v uint64) string       { return fmt.Sprintf("%020d.json", v) }
func checkpointName(v uint64) string { return fmt.Sprintf("%020d.checkpoint", v) }

// parseName reads the names above; kind is ".json" or ".checkpoint", or empty for any other file.
func parseName(name string) (v uint64, kind string) {
	for _, k := range []string{".json", ".checkpoint"} {
		if num, ok := strings.CutSuffix(name, k); ok && len(num) == 20 {
			if v, err := strconv.ParseUint(num, 10, 64); err == nil {
				return v, k
			}
		}
	}
	return 0, ""
}

func encode(body any) ([]byte, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	format := 1
	if v, ok := body.(interface{ format() int }); ok {
		format = v.format()
	}
	return json.Marshal(envelope{Format: format, Checksum: fmt.Sprintf("%08x", crc32.Checksum(b, castagnoli)), Body: b})
}

// decode reads a manifest file into body; a fault is a *CorruptError that names file.
func decode(file string, b []byte, body any) error {
	var e envelope
	if err := json.Unmarshal(b, &e); err != nil {
		return &CorruptError{File: file, Err: err}
	}
	if e.Format < 1 || e.Format > FormatVersion {
		return &CorruptError{File: file, Err: fmt.Errorf("format version %d, this program reads up to %d", e.Format, FormatVersion)}
	}
	if got := fmt.Sprintf("%08x", crc32.Checksum(e.Body, castagnoli)); got != e.Checksum {
		return &CorruptError{File: file, Err: fmt.Errorf("checksum in file %s, of the bytes %s", e.Checksum, got)}
	}
	if err := json.Unmarshal(e.Body, body); err != nil {
		return &CorruptError{File: file, Err: err}
	}
	return nil
}

// CorruptError says that a manifest file is not what was written. It is never retried away.
type CorruptError struct {
	File string
	Err  error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("corrupt manifest file %s: %v", e.File, e.Err)
}

// Unwrap gives what is wrong.
func (e *CorruptError) Unwrap() error { return e.Err }

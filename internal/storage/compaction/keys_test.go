package compaction

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

// Rows of one series are in files of before and after a tag was added: their keys meet.
func TestKeysOfBeforeATagWasAdded(t *testing.T) {
	file := func(min, max string) *manifest.File {
		return &manifest.File{MinKey: []byte(min), MaxKey: []byte(max), MaxTime: 10}
	}
	f := func(a, b *manifest.File, want bool) {
		t.Helper()
		ua, ub := unitsOf([]manifest.File{*a})[0], unitsOf([]manifest.File{*b})[0]
		if overlaps(a, b) != want || overlaps(b, a) != want || ua.boxOverlaps(&ub) != want || ub.boxOverlaps(&ua) != want {
			t.Errorf("%q-%q and %q-%q: want %v", a.MinKey, a.MaxKey, b.MinKey, b.MaxKey, want)
		}
	}
	const a, b = "\x01a\x00\x00", "\x01b\x00\x00"
	f(file(a, a), file(a+"\x00", a+"\x00"), true)         // a, and a with NULL
	f(file(a, a), file(a+"\x00\x00", b+"\x00\x00"), true) // two tags were added
	f(file("\x00", "\x00"), file("\x00\x00", a+"\x00"), true)
	f(file(a, a), file(a+b, a+b), false) // with a value
	f(file(a, a), file(b, b), false)
	f(file(a, b), file(a+a, a+b), true)
}

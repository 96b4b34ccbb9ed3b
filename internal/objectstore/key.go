package objectstore

import (
	"strings"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

const (
	maxKey     = 1024 // bytes; the limit of S3 and GCS
	maxElement = 255  // bytes; the limit of a file name
)

// ValidKey says what is wrong with a key, with errs.InvalidArguments. A key is UTF-8 of up to 1024 bytes: elements of 1 to
// 255 bytes joined by "/". No element starts with "." (so there is no "..", and names with a dot are free for a home's own
// use), and none holds a backslash or a control character.
func ValidKey(key string) error {
	if key == "" {
		return errs.New(errs.InvalidArguments, "object key is empty")
	}
	if err := validText(key); err != nil {
		return err
	}
	for rest, more := key, true; more; {
		var e string
		e, rest, more = strings.Cut(rest, "/")
		if err := validElement(key, e); err != nil {
			return err
		}
		if e == "" {
			return errs.New(errs.InvalidArguments, "object key %q has an empty element", key)
		}
	}
	return nil
}

// ValidPrefix says what is wrong with a prefix for List: every prefix of a valid key is one, and so is "".
func ValidPrefix(prefix string) error {
	if err := validText(prefix); err != nil {
		return err
	}
	for rest, more := prefix, true; more; {
		var e string
		e, rest, more = strings.Cut(rest, "/")
		if err := validElement(prefix, e); err != nil {
			return err
		}
		if e == "" && more {
			return errs.New(errs.InvalidArguments, "object key %q has an empty element", prefix)
		}
	}
	return nil
}

func validText(key string) error {
	if len(key) > maxKey {
		return errs.New(errs.InvalidArguments, "object key %.40q… has %d bytes, more than %d", key, len(key), maxKey)
	}
	if !utf8.ValidString(key) {
		return errs.New(errs.InvalidArguments, "object key %q is not UTF-8", key)
	}
	for _, c := range []byte(key) {
		if c < ' ' || c == 0x7f || c == '\\' {
			return errs.New(errs.InvalidArguments, "object key %q holds the byte %#x", key, c)
		}
	}
	return nil
}

func validElement(key, e string) error {
	if strings.HasPrefix(e, ".") {
		return errs.New(errs.InvalidArguments, "object key %q has an element that starts with a dot", key)
	}
	if len(e) > maxElement {
		return errs.New(errs.InvalidArguments, "object key %.40q… has an element of %d bytes, more than %d", key, len(e), maxElement)
	}
	return nil
}

package objectstore

import (
	"context"
	"iter"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// All goes over all objects whose keys start with prefix, in order, a page at a time. It stops after an error, which comes as
// the last pair. Objects written or deleted meanwhile may or may not be seen.
func All(ctx context.Context, s Store, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		after := ""
		for {
			page, err := s.List(ctx, prefix, after, MaxPage)
			if err != nil {
				yield(Info{}, err)
				return
			}
			for _, info := range page {
				if !yield(info, nil) {
					return
				}
			}
			if len(page) < MaxPage {
				return
			}
			after = page[len(page)-1].Key
		}
	}
}

// DeletePrefix deletes all objects under the folder prefix, which must end with "/", and returns how many there were. The
// slash is asked for because "region/1" would also be a prefix of "region/10".
func DeletePrefix(ctx context.Context, s Store, prefix string) (int, error) {
	if !strings.HasSuffix(prefix, "/") {
		return 0, Fail(OpDelete, prefix, errs.New(errs.InvalidArguments, "prefix does not end with a slash"))
	}
	n := 0
	for {
		page, err := s.List(ctx, prefix, "", MaxPage)
		if err != nil || len(page) == 0 {
			return n, err
		}
		keys := make([]string, len(page))
		for i, info := range page {
			keys[i] = info.Key
		}
		if err := s.Delete(ctx, keys...); err != nil {
			return n, err
		}
		n += len(page)
		if len(page) < MaxPage {
			return n, nil
		}
	}
}

// CheckList checks what List is asked, for homes, and gives the limit that counts.
func CheckList(ctx context.Context, prefix string, limit int) (int, error) {
	err := ctx.Err()
	if err == nil {
		err = ValidPrefix(prefix)
	}
	if err == nil && limit < 0 {
		err = errs.New(errs.InvalidArguments, "limit %d is negative", limit)
	}
	if err != nil {
		return 0, Fail(OpList, prefix, err)
	}
	if limit == 0 || limit > MaxPage {
		limit = MaxPage
	}
	return limit, nil
}

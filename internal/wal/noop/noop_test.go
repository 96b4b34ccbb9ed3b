package noop

import (
	"context"
	"errors"
	"testing"

	"github.com/goptimedb/goptimedb/internal/wal"
)

func TestNoop(t *testing.T) {
	ctx := context.Background()
	var l Log
	if err := l.Append(ctx, []wal.Entry{{Region: 1, ID: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Replay(ctx, 1, 1, func(wal.Entry) error { return errors.New("an entry") }); err != nil {
		t.Fatal(err)
	}
	if len(l.Stats().Regions)+len(l.Laggards(0)) > 0 {
		t.Fatal("it keeps something")
	}
	for _, err := range []error{l.Obsolete(ctx, 1, 1), l.Drop(ctx, 1), l.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Append(ctx, nil); !errors.Is(err, wal.ErrClosed) {
		t.Fatal(err)
	}
}

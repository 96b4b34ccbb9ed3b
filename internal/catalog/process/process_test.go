package process

import (
	"context"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

func TestList(t *testing.T) {
	now := time.Unix(100, 0)
	l := NewList("host:4001", nil, func() time.Time { return now })
	ctx, p := l.Begin(t.Context(), Info{Text: func() string { return "SELECT 1" }})
	now = now.Add(time.Second)
	_, q := l.Begin(t.Context(), Info{Text: func() string { return "SELECT 2" }})
	if r := l.Running(); len(r) != 2 || r[0] != p || r[1] != q || p.Elapsed() != time.Second {
		t.Fatal(r)
	}
	for id, want := range map[string]bool{"other:4001/1": false, "99": false, "host:4001/99": false} {
		if ok, err := l.Kill(id); ok != want || err != nil {
			t.Errorf("%s: %v %v", id, ok, err)
		}
	}
	for _, id := range []string{"", "x", "host:4001/", "host:4001/-1", "1.5"} {
		if _, err := l.Kill(id); !errs.Is(err, errs.InvalidArguments) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if ok, err := l.Kill(p.Name()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ctx.Err() == nil || !errs.Is(context.Cause(ctx), errs.Cancelled) {
		t.Error(context.Cause(ctx))
	}
	if d := p.End(); d != time.Second {
		t.Error(d)
	}
	p.End()
	q.End()
	if len(l.Running()) != 0 {
		t.Error("still there")
	}
	l.mu.next = ^uint32(0)
	_, a := l.Begin(t.Context(), Info{})
	l.mu.next = a.ID - 1
	_, b := l.Begin(t.Context(), Info{})
	if a.ID == b.ID || a.ID == 0 {
		t.Error("ids are given twice, or zero", a.ID, b.ID)
	}
}

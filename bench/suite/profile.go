package suite

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/goptimedb/goptimedb/bench/query"
	"github.com/goptimedb/goptimedb/bench/system"
)

// Seconds of a processor profile: of a load, which is long, and of a kind of query, which is asked again and again meanwhile.
const (
	loadProfile  = 20
	queryProfile = 4
)

// profile takes a processor profile of our server into the folder of profiles, while something else goes on; wait waits for its end. It does
// nothing where no profile is asked for.
func (b *run) profile(ctx context.Context, s *system.System, name string, seconds int) (wait func()) {
	if _, ours := s.Dialect.(query.SQL); !ours || b.o.Profiles == "" {
		return func() {}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := fetch(ctx, s.Profile(seconds), filepath.Join(b.o.Profiles, name+".pprof")); err != nil {
			b.say("profile of %s: %v", name, err)
		}
	})
	return wg.Wait
}

// profileKind asks queries of a kind for as long as their profile takes.
func (b *run) profileKind(ctx context.Context, s *system.System, c *query.Client, k query.Kind, qs []query.Query) {
	if _, ours := s.Dialect.(query.SQL); !ours || b.o.Profiles == "" {
		return
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{})
	wait := b.profile(ctx, s, k.Name, queryProfile)
	go func() {
		wait()
		close(done)
	}()
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		default:
		}
		if _, err := c.Ask(ctx, qs[i%len(qs)]); err != nil {
			stop()
			<-done
			return
		}
	}
}

func fetch(ctx context.Context, url, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s: status %d", url, resp.StatusCode)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, resp.Body); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

package local

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/wal"
	"github.com/goptimedb/goptimedb/internal/wal/waltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// small options: segments of 64 KiB, so that a few entries rotate.
func small(dir string) Options {
	return Options{Dir: dir, FileSize: 64 << 10, PurgeThreshold: 256 << 10}
}

func mustOpen(t testing.TB, o Options) *Log {
	t.Helper()
	l, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestSuite(t *testing.T) {
	for name, edit := range map[string]func(*Options){
		"Default":   func(o *Options) { o.FileSize, o.PurgeThreshold = 1<<20, 4<<20 },
		"Small":     func(*Options) {},
		"Tiny":      func(o *Options) { o.FileSize = 16 << 10 },
		"NoSync":    func(o *Options) { o.NoSync = true },
		"NoRecycle": func(o *Options) { o.NoRecycle = true },
		"Prefill":   func(o *Options) { o.Prefill = true },
		"Plain":     func(o *Options) { o.NoCompress, o.ReadBatchSize, o.QueueBytes = true, 1, 10<<10 },
	} {
		t.Run(name, func(t *testing.T) {
			disks := map[string]vfs.FS{} // in memory, except for one of them: syncs take time
			waltest.Run(t, func(t *testing.T, place string) wal.Log {
				o := small(place)
				if name != "Default" {
					if disks[place] == nil {
						disks[place] = crashfs.New()
					}
					o.FS = disks[place]
				}
				edit(&o)
				return mustOpen(t, o)
			})
		})
	}
}

// Package measure holds what a benchmark takes down: distributions of durations, the memory and processor time of processes, sizes of
// folders, and facts of the machine.
package measure

import (
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

// Summary is a distribution of durations, in milliseconds.
type Summary struct {
	Count  int     `json:"count"`
	Min    float64 `json:"min_ms"`
	Median float64 `json:"median_ms"`
	P95    float64 `json:"p95_ms"`
	P99    float64 `json:"p99_ms"`
	Max    float64 `json:"max_ms"`
	Mean   float64 `json:"mean_ms"`
}

// Summarize describes ds, in any order; of none it is zero.
func Summarize(ds []time.Duration) Summary {
	if len(ds) == 0 {
		return Summary{}
	}
	sorted := slices.Sorted(slices.Values(ds))
	var sum time.Duration
	for _, d := range sorted {
		sum += d
	}
	return Summary{
		Count: len(sorted), Min: ms(sorted[0]), Median: ms(percentile(sorted, 0.50)), P95: ms(percentile(sorted, 0.95)),
		P99: ms(percentile(sorted, 0.99)), Max: ms(sorted[len(sorted)-1]), Mean: ms(sum) / float64(len(sorted)),
	}
}

// percentile is the nearest rank: the smallest element that at least the share q (0–1] of all elements does not exceed.
func percentile(sorted []time.Duration, q float64) time.Duration {
	// The tiny amount keeps 0.95·100 at 95 where its product is a little above.
	rank := int(math.Ceil(q*float64(len(sorted)) - 1e-9))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Usage is what a process takes of the machine.
type Usage struct {
	CPU     time.Duration // user and system, since its start
	RSS     int64         // bytes now
	PeakRSS int64         // bytes at the most, since its start
}

// FolderSize sums the lengths of the regular files under root, leaving out folders whose name is in skip wherever they are. Files that vanish
// meanwhile count as nothing.
func FolderSize(root string, skip ...string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if path == root {
				return err
			}
			return nil // gone since its folder was read
		}
		if e.IsDir() {
			if path != root && slices.Contains(skip, e.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("size of %s: %w", root, err)
	}
	return sum, nil
}

// Machine says where figures come from.
type Machine struct {
	Cores  int    `json:"cores"`
	RAM    int64  `json:"ram_bytes"` // zero where it is not known
	CPU    string `json:"cpu,omitempty"`
	OS     string `json:"os"`
	Go     string `json:"go"`
	Commit string `json:"commit,omitempty"`
}

// ThisMachine describes the machine and the build.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	m.RAM, m.CPU = hardware()
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				m.Commit = s.Value
			}
		}
	}
	return m
}

//go:build !linux

package measure

import (
	"errors"
	"time"
)

var errPlatform = errors.New("not measured on this platform")

// OfProcess is not known on this platform.
func OfProcess(int) (Usage, error) { return Usage{}, errPlatform }

// OwnCPU is not known on this platform.
func OwnCPU() time.Duration { return 0 }

// PinThread measures nothing on this platform.
func PinThread() (used func() time.Duration, release func()) {
	return func() time.Duration { return 0 }, func() {}
}

// DropCaches is not possible on this platform.
func DropCaches() error { return errPlatform }

func hardware() (ram int64, cpu string) { return 0, "" }

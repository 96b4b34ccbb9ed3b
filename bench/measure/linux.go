//go:build linux

package measure

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of processor time in /proc: USER_HZ, which Linux fixes at 100 for programs.
const clockTick = 10 * time.Millisecond

// OfProcess reads the usage of a running process.
func OfProcess(pid int) (Usage, error) {
	var u Usage
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, fmt.Errorf("usage of process %d: %w", pid, err)
	}
	for line := range strings.Lines(string(status)) {
		name, rest, _ := strings.Cut(line, ":")
		switch name {
		case "VmRSS":
			u.RSS = kilobytes(rest)
		case "VmHWM":
			u.PeakRSS = kilobytes(rest)
		}
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, fmt.Errorf("usage of process %d: %w", pid, err)
	}
	// The name of the program, in parentheses, may hold anything; fields are counted from its end. User and system time are 14 and 15.
	if i := strings.LastIndexByte(string(stat), ')'); i >= 0 {
		if f := strings.Fields(string(stat[i+1:])); len(f) > 12 {
			user, _ := strconv.ParseInt(f[11], 10, 64)
			system, _ := strconv.ParseInt(f[12], 10, 64)
			u.CPU = time.Duration(user+system) * clockTick
		}
	}
	return u, nil
}

func kilobytes(s string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(s), " kB"), 10, 64)
	return n << 10
}

// OwnCPU is the processor time of this process.
func OwnCPU() time.Duration { return cpu(syscall.RUSAGE_SELF) }

// PinThread keeps the calling goroutine on a thread of its own, and returns the processor time of that thread and its release.
func PinThread() (used func() time.Duration, release func()) {
	runtime.LockOSThread()
	start := cpu(rusageThread)
	return func() time.Duration { return cpu(rusageThread) - start }, runtime.UnlockOSThread
}

// rusageThread asks getrusage for the calling thread (RUSAGE_THREAD of the kernel's uapi).
const rusageThread = 1

func cpu(who int) time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(who, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func hardware() (ram int64, cpu string) {
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) == nil {
		ram = int64(info.Totalram) * int64(info.Unit)
	}
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ram, ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return ram, strings.TrimSpace(v)
		}
	}
	return ram, ""
}

// DropCaches empties the page cache of the machine; it takes root.
func DropCaches() error {
	syscall.Sync()
	if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0); err != nil {
		return fmt.Errorf("drop the page cache: %w", err)
	}
	return nil
}

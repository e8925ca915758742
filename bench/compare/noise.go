package main

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// noise is what else the machine did during a lap.
type noise struct {
	Foreign   float64 `json:"foreign"`   // cores that worked for others, on average
	Yardstick float64 `json:"yardstick"` // milliseconds of a fixed piece of work on one core, just before
}

// beside measures the noise around what f does.
func beside(f func()) noise {
	n := noise{Yardstick: yardstick()}
	start, busy, ours := time.Now(), busyTicks(), ourTicks()
	f()
	ticks := float64(busyTicks()-busy) - float64(ourTicks()-ours)
	n.Foreign = max(0, ticks/ticksPerSecond/time.Since(start).Seconds())
	return n
}

const ticksPerSecond = 100 // USER_HZ of Linux

var hashed [32]byte // so that no compiler leaves the work out

// yardstick is a fixed piece of work that needs nothing but a core.
func yardstick() float64 {
	const blocks = 400
	block := make([]byte, 64<<10)
	start := time.Now()
	for range blocks {
		hashed = sha256.Sum256(block)
		copy(block, hashed[:])
	}
	return milliseconds(time.Since(start))
}

// busyTicks is what all cores worked since the machine started, time stolen by the
// host included.
func busyTicks() (n int64) {
	text, _ := os.ReadFile("/proc/stat")
	first, _, _ := strings.Cut(string(text), "\n")
	for i, f := range strings.Fields(first) {
		// cpu user nice system idle iowait irq softirq steal guest…
		if i == 0 || i == 4 || i == 5 || i > 8 {
			continue
		}
		ticks, _ := strconv.ParseInt(f, 10, 64)
		n += ticks
	}
	return n
}

// ourTicks is what this process, those it started, and those that have ended
// among them worked.
func ourTicks() (n int64) {
	type process struct {
		parent int
		ticks  int64
	}
	all := map[int]process{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		var p process
		p.parent, _ = strconv.Atoi(f[1])
		for _, ticks := range f[11:15] { // its own, and those of its children that ended
			t, _ := strconv.ParseInt(ticks, 10, 64)
			p.ticks += t
		}
		all[pid] = p
	}
	for pid, p := range all {
		for at, steps := pid, 0; at > 1 && steps < 64; at, steps = all[at].parent, steps+1 {
			if at == os.Getpid() {
				n += p.ticks
				break
			}
		}
	}
	return n
}

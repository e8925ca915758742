package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A child is a program that runs beside the driver until it is stopped.
type child struct {
	cmd   *exec.Cmd
	said  said
	ended chan error
}

// said keeps what a program prints.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// start runs a program and returns when it has printed a text.
func start(ctx context.Context, cmd *exec.Cmd, until string) (*child, error) {
	c := &child{cmd: cmd, ended: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = &c.said, &c.said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { c.ended <- cmd.Wait() }()
	const often = 20 * time.Millisecond
	for tick := time.NewTicker(often); ; {
		if strings.Contains(c.said.String(), until) {
			tick.Stop()
			return c, nil
		}
		select {
		case <-tick.C:
		case err := <-c.ended:
			return nil, fmt.Errorf("%s ended: %w\n%s", cmd.Path, err, c.said.String())
		case <-ctx.Done():
			c.stop()
			return nil, context.Cause(ctx)
		}
	}
}

// word is what follows a text in what the program printed, up to the line's end.
func (c *child) word(text string) string {
	_, rest, _ := strings.Cut(c.said.String(), text)
	rest, _, _ = strings.Cut(rest, "\n")
	return strings.TrimSpace(rest)
}

// stop asks the program to end, and insists after a while.
func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-c.ended:
	case <-time.After(patience):
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

// resident is the memory of the program, in MiB.
func (c *child) resident() float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	var kib float64
	for line := range strings.SplitSeq(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			_, _ = fmt.Sscan(rest, &kib)
		}
	}
	return kib / 1024
}

// call runs a program to its end and returns what it printed on stdout.
func call(ctx context.Context, program string, args ...string) (string, error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}

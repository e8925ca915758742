package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of these tests. What they wait for takes fractions
// of a second; a machine at its limits takes longer.
const patience = time.Minute

// A process is a seatlink that runs on its own. It ends with its test at the
// latest.
type process struct {
	tb        testing.TB
	cmd       *exec.Cmd
	out, errs *transcript
	ended     chan struct{} // closed when it has, by err
	err       error
}

// launch starts seatlink with these arguments.
func launch(tb testing.TB, args ...string) *process {
	tb.Helper()
	return launchProgram(tb, "seatlink", args...)
}

func launchProgram(tb testing.TB, program string, args ...string) *process {
	tb.Helper()
	p := &process{tb: tb, out: newTranscript(), errs: newTranscript(), ended: make(chan struct{})}
	p.cmd = exec.CommandContext(tb.Context(), program, args...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.errs
	p.cmd.Env = append(os.Environ(), lifeline+"=1")
	life, err := p.cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		_ = life.Close()
		close(p.ended)
	}()
	tb.Cleanup(func() { <-p.ended }) // the test's context has killed it
	return p
}

// serve starts seatlink serve on a free port and returns when it is ready.
func serve(tb testing.TB, db, key string, args ...string) (p *process, url string) {
	tb.Helper()
	return serveProgram(tb, "seatlink", db, key, args...)
}

func serveProgram(tb testing.TB, program, db, key string, args ...string) (p *process, url string) {
	tb.Helper()
	args = append([]string{"serve", "--db", db, "--key", key, "--addr", "127.0.0.1:0", "--log-level", "warn"}, args...)
	p = launchProgram(tb, program, args...)
	_, url, _ = strings.Cut(p.await("seatlink serves ", "\n"), "seatlink serves ")
	if status, body, err := fetch(tb.Context(), url+"/readyz"); err != nil || status != 200 {
		tb.Fatalf("GET /readyz after the start: %d %s %v", status, body, err)
	}
	return p, url
}

// await waits until the process has printed all of these texts, each after the
// one before, and returns what it has printed up to the end of the last.
func (p *process) await(texts ...string) string {
	p.tb.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		printed, more := p.out.read()
		if end := behind(printed, texts); end >= 0 {
			return strings.TrimSuffix(printed[:end], "\n")
		}
		select {
		case <-more:
		case <-p.ended:
			if printed, _ := p.out.read(); behind(printed, texts) >= 0 {
				continue
			}
			p.tb.Fatalf("%v ended (%v) before it printed %q:\n%s%s", p.cmd.Args, p.err, texts, printed, p.errs)
		case <-deadline.C:
			p.tb.Fatalf("%v does not print %q:\n%s%s", p.cmd.Args, texts, printed, p.errs)
		}
	}
}

// behind is where the last of the texts ends in s, or -1.
func behind(s string, texts []string) int {
	at := 0
	for _, text := range texts {
		i := strings.Index(s[at:], text)
		if i < 0 {
			return -1
		}
		at += i + len(text)
	}
	return at
}

// interrupt asks the process to stop, as an operator does.
func (p *process) interrupt() {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.tb.Fatal(err)
	}
}

// stop asks the process to stop, and fails the test unless it does so without
// an error.
func (p *process) stop() {
	p.tb.Helper()
	p.interrupt()
	if err := p.wait(); err != nil {
		p.tb.Fatalf("%v did not stop well: %v\n%s", p.cmd.Args, err, p.errs)
	}
}

// kill ends the process as a crash does.
func (p *process) kill() {
	p.tb.Helper()
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.tb.Fatal(err)
	}
	_ = p.wait() // killed is how it was to end
}

// wait returns how the process ended.
func (p *process) wait() error {
	p.tb.Helper()
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	select {
	case <-p.ended:
		return p.err
	case <-ctx.Done():
		p.tb.Fatalf("%v does not end:\n%s%s", p.cmd.Args, p.out, p.errs)
		return nil
	}
}

// refused waits for a process that must not start, and returns what it says.
func (p *process) refused() string {
	p.tb.Helper()
	exit, ok := errors.AsType[*exec.ExitError](p.wait())
	if !ok || exit.ExitCode() != 1 {
		p.tb.Fatalf("%v ended by %v; want exit status 1\n%s%s", p.cmd.Args, p.err, p.out, p.errs)
	}
	return p.errs.String()
}

// A transcript keeps what a process prints, and tells when there is more.
type transcript struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

var _ io.Writer = (*transcript)(nil)

func newTranscript() *transcript { return &transcript{changed: make(chan struct{})} }

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.changed)
	t.changed = make(chan struct{})
	return t.text.Write(p)
}

// read returns all that was printed, and what is closed when there is more.
func (t *transcript) read() (string, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String(), t.changed
}

func (t *transcript) String() string {
	s, _ := t.read()
	return s
}

// awaitText waits until a text is printed.
func (t *transcript) awaitText(tb testing.TB, text string) {
	tb.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		printed, more := t.read()
		if strings.Contains(printed, text) {
			return
		}
		select {
		case <-more:
		case <-deadline.C:
			tb.Fatalf("%q is not printed:\n%s", text, printed)
		}
	}
}

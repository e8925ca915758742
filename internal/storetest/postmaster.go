package storetest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

// logLines is how much of a server's log is kept to explain a failure.
const logLines = 50

// A postmaster is the running process of a server, with its children.
type postmaster struct {
	cmd   *exec.Cmd
	ready chan struct{}                      // closed when it takes connections
	gone  chan struct{}                      // closed when the last of its processes has ended
	log   []string                           // its last lines, to be read when it is gone
	hear  *atomic.Pointer[func(line string)] // is told each of them; nil is nobody
}

// serve starts postgres and waits until it takes connections.
func serve(cmd *exec.Cmd, hear *atomic.Pointer[func(line string)]) (*postmaster, error) {
	p := &postmaster{cmd: cmd, hear: hear, ready: make(chan struct{}), gone: make(chan struct{})}
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go p.follow(log)
	select {
	case <-p.ready:
		return p, nil
	case <-p.gone:
		return nil, fmt.Errorf("postgres ended at once\n%s", strings.Join(p.log, "\n"))
	case <-time.After(patience):
		err := fmt.Errorf("postgres takes no connections after %v", patience)
		return nil, errors.Join(err, p.end(os.Kill))
	}
}

// follow reads the server's log to its end, which comes when the last process
// that could write to it is gone.
func (p *postmaster) follow(log io.Reader) {
	defer close(p.gone)
	ready := false
	const longLine = 64 << 10 // a plan tells its query
	for lines := bufio.NewReaderSize(log, longLine); ; {
		line, _, err := lines.ReadLine() // a longer line comes in pieces
		if err != nil {
			break
		}
		if hear := p.hear.Load(); hear != nil {
			(*hear)(string(line))
		}
		p.log = append(p.log, string(line))
		p.log = p.log[max(0, len(p.log)-logLines):]
		if !ready && strings.Contains(string(line), "system is ready to accept ") { // connections, or read-only ones
			ready = true
			close(p.ready)
		}
	}
	_ = p.cmd.Wait() // a crash that was asked for has an exit status too
}

// end sends the signal and waits for the last process.
func (p *postmaster) end(signal os.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil {
		return err
	}
	select {
	case <-p.gone:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("postgres still runs %v after the signal %q", patience, signal)
	}
}

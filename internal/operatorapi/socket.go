package operatorapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
)

// socketFile is the socket's name in the folder of the database.
const socketFile = "seatlink.sock"

// Socket is where the server of a SQLite file listens for operators.
func Socket(database string) string { return filepath.Join(filepath.Dir(database), socketFile) }

// Listen opens a socket that only this user may reach. It takes the place of one
// that a dead process left, and never that of a living one. Closing the listener
// leaves the file to Remove.
func Listen(ctx context.Context, path string) (net.Listener, error) {
	switch conn, err := dial(ctx, path); {
	case err == nil:
		return nil, errors.Join(fmt.Errorf("another seatlink server listens at %s", path), conn.Close())
	case Absent(err) && !errors.Is(err, fs.ErrNotExist):
		if about, err := os.Lstat(path); err != nil || about.Mode().Type() != fs.ModeSocket {
			return nil, fmt.Errorf("%s is no socket: it is in the way of the operators' one", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("the socket of a server that is gone: %w", err)
		}
	case !Absent(err):
		return nil, fmt.Errorf("operators' socket: %w", err)
	}
	name, done, err := within(path)
	if err != nil {
		return nil, err
	}
	defer done()
	// The file gets the mode that the socket has when it is bound, so that there is
	// no moment in which others may reach it. Where that is not so, chmod follows.
	private := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
	}}
	listener, err := private.Listen(ctx, "unix", name)
	if err != nil {
		return nil, fmt.Errorf("operators' socket: %w", err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false) // it knows the file by another name
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// Over reaches the server behind a socket.
func Over(path string) http.RoundTripper {
	return &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, path) },
		DisableKeepAlives: true, // a command asks once or twice
	}
}

// Absent reports that a socket is not there, or that nobody listens behind it.
func Absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	name, done, err := within(path)
	if err != nil {
		return nil, err
	}
	defer done()
	return (&net.Dialer{}).DialContext(ctx, "unix", name)
}

// maxSocketName is what every system takes for the name of a socket.
const maxSocketName = 100

// within is a name for the path that is short enough for a socket, good until
// done: a long one is named by its opened folder.
func within(path string) (name string, done func(), err error) {
	if len(path) <= maxSocketName {
		return path, func() {}, nil
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	name = fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), filepath.Base(path))
	return name, func() { _ = folder.Close() }, nil
}

// Through reaches a handler in this process.
func Through(h http.Handler) http.RoundTripper { return direct{h} }

type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &written{header: http.Header{}, status: http.StatusOK}
	d.handler.ServeHTTP(answer, r)
	return &http.Response{
		StatusCode: answer.status, Status: http.StatusText(answer.status), Header: answer.header, Request: r,
		Body: io.NopCloser(&answer.body),
	}, nil
}

// written is an answer that was written into memory.
type written struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *written) Header() http.Header            { return w.header }
func (w *written) WriteHeader(status int)         { w.status = status }
func (w *written) Write(text []byte) (int, error) { return w.body.Write(text) }

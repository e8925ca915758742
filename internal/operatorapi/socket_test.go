package operatorapi

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// attend serves the door behind a socket until the test ends.
func attend(t *testing.T, path, database string) {
	t.Helper()
	listener, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: New(Work{}, Options{Database: database}), ReadHeaderTimeout: time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve = %v; want that it was closed", err)
		}
	})
}

func TestASocketIsForItsUserAlone(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	for _, tt := range []struct{ name, folder string }{
		{"in a near folder", "near"},
		{"in a folder far away", strings.Repeat("far/", 60) + "away"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), tt.folder)
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			path := Socket(filepath.Join(folder, "seatlink.db"))
			attend(t, path, "here.db")
			about, err := os.Lstat(path)
			if err != nil || about.Mode() != fs.ModeSocket|0o600 {
				t.Errorf("the socket has mode %v, %v; want 0600", about.Mode(), err)
			}
			if got, err := NewClient(Over(path), "ada").About(t.Context()); err != nil || got.Database != "here.db" {
				t.Errorf("About = %+v, %v; want here.db", got, err)
			}
		})
	}
}

func TestASocketOfALivingServerIsItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), socketFile)
	attend(t, path, "first.db")
	if l, err := Listen(t.Context(), path); err == nil || !strings.Contains(err.Error(), "another seatlink server listens at "+path) {
		t.Errorf("Listen beside a server = %v, %v; want it refused", l, err)
	}
	if got, err := NewClient(Over(path), "ada").About(t.Context()); err != nil || got.Database != "first.db" {
		t.Errorf("About = %+v, %v; want the first still there", got, err)
	}
}

func TestASocketOfADeadServerIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), socketFile)
	dead, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.Close(); err != nil { // which leaves the file, as a crash does
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Fatalf("void: the dead server left no socket: %v", err)
	}
	if _, err := NewClient(Over(path), "ada").About(t.Context()); !Absent(err) {
		t.Errorf("About of a dead server: %v; want it absent", err)
	}
	attend(t, path, "next.db")
	if got, err := NewClient(Over(path), "ada").About(t.Context()); err != nil || got.Database != "next.db" {
		t.Errorf("About = %+v, %v; want next.db", got, err)
	}
}

func TestWhatIsNoSocketIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), socketFile)
	if err := os.WriteFile(path, []byte("a letter"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := Listen(t.Context(), path); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("Listen = %v, %v; want it refused", l, err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "a letter" {
		t.Errorf("the file holds %q, %v", text, err)
	}
}

func TestASocketThatIsNotThereIsAbsent(t *testing.T) {
	for _, path := range []string{
		filepath.Join(t.TempDir(), socketFile),
		filepath.Join(t.TempDir(), "nowhere", socketFile),
		filepath.Join(t.TempDir(), strings.Repeat("far/", 60), socketFile),
	} {
		if _, err := NewClient(Over(path), "ada").About(t.Context()); !Absent(err) {
			t.Errorf("About at %s: %v; want it absent", path, err)
		}
	}
}

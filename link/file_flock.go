//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package link

import (
	"errors"
	"os"
	"syscall"
)

// flock locks a file until it is closed, and reports whether nobody else had it.
func flock(file *os.File) (bool, error) {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return false, nil
	}
	return err == nil, err
}

//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package link

import "os"

// flock locks nothing: one process at a time may use a File on such a system.
func flock(*os.File) (bool, error) { return true, nil }

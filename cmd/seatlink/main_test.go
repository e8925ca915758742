package main

import (
	"io"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seatlink/seatlink/internal/pagetest"
	"github.com/seatlink/seatlink/internal/storetest"
)

// TestMain puts this binary, under the name seatlink, first on the PATH: run by
// that name it is the program itself. So every test here has real processes, with
// their signals, exits and crashes, and nothing is built for them.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"seatlink": program, "zoo": zoo})
}

type tests struct{ m *testing.M }

// Run also ends the PostgreSQL server and the browser that the tests shared.
func (t tests) Run() int {
	defer pagetest.Close()
	return storetest.Main(t.m)
}

// lifeline is set for a process that ends with its standard input, which is a
// pipe from the tests: it ends when they do, in whatever way that is.
const lifeline = "SEATLINK_TEST_LIFELINE"

func program() {
	endWithTests()
	main()
}

// endWithTests ends a process of the tests when they do.
func endWithTests() {
	if os.Getenv(lifeline) != "" {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(1)
		}()
	}
}

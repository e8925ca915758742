package partnerapi

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/seatlink/seatlink/api/apitest"
)

// complaints are what the document has against the exchanges of these tests,
// each with the line that made it. They fail the whole package, for the tests
// that cause them look at other things and have no testing.TB at hand.
var complaints struct {
	sync.Mutex
	all     []string
	watched int
}

// TestMain fails when the wire of any test is not as api/link.yaml says.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, one := range complaints.all {
		fmt.Println(one)
	}
	if len(complaints.all) > 0 {
		fmt.Printf("FAIL: %d of %d exchanges are not as api/link.yaml describes them\n", len(complaints.all), complaints.watched)
		code = max(code, 1)
	}
	os.Exit(code)
}

// door is New, watched by the document.
func door(office BoxOffice, desk Desk, options Options) http.Handler {
	document, err := apitest.Load()
	if err != nil {
		panic(err)
	}
	return tallied(document.Handler(New(office, desk, options), func(complaint error) {
		complaints.Lock()
		defer complaints.Unlock()
		complaints.all = append(complaints.all, caller()+complaint.Error())
	}))
}

func tallied(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		complaints.Lock()
		complaints.watched++
		complaints.Unlock()
		next.ServeHTTP(w, r)
	})
}

// caller is the line of the test that sent the request, "" from a server's goroutine.
func caller() string {
	const deepest = 64
	frames := make([]uintptr, deepest)
	walk := runtime.CallersFrames(frames[:runtime.Callers(1, frames)])
	for {
		frame, more := walk.Next()
		file := filepath.Base(frame.File)
		if strings.HasSuffix(file, "_test.go") && file != "watch_test.go" && file != "fake_test.go" {
			return fmt.Sprintf("%s:%d: ", file, frame.Line)
		}
		if !more {
			return ""
		}
	}
}

package pagetest

import (
	"context"
	"errors"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// shared is the one browser of the test binary.
var shared browser

type browser struct {
	once sync.Once
	ctx  context.Context // it is how chromedp hands out a browser
	stop func()
	err  error
}

// Main runs the tests, and ends the browser if any of them started it. A test
// binary that is killed takes its browser with it too.
func Main(m *testing.M) int {
	defer Close()
	return m.Run()
}

// Close ends the browser, for packages whose TestMain has more to do. From here
// on nobody starts it.
func Close() {
	shared.once.Do(func() { shared.err = errors.New("the browser has ended") })
	if shared.stop != nil {
		shared.stop()
	}
}

// start returns the context of the browser, which runs.
func (b *browser) start() (context.Context, error) {
	b.once.Do(func() {
		program, err := chromium()
		if err != nil {
			b.err = err
			return
		}
		// Its folder is a new one, which chromedp removes: nothing is left of earlier
		// runs, and nothing is asked of anybody but the pages' own servers.
		allocator, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-component-update", true),
		)...)
		ctx, end := chromedp.NewContext(allocator)
		b.ctx, b.stop = ctx, func() { end(); stop() }
		b.err = chromedp.Do(ctx)
	})
	return b.ctx, b.err
}

var errNoChromium = errors.New("no Chromium in PATH; install it: apt-get install chromium")

// chromium is the browser's program. tools/chromium looks for the same names.
func chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNoChromium
}

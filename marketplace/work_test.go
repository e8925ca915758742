package marketplace

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatlink/seatlink/link"
)

// The background may ask for a lot's locks before its seller does. Then the seller
// waits for that answer, and is not told that there is none.
func TestASellerWaitsForWhoeverAsksForTheirLocksAlready(t *testing.T) {
	t.Parallel()
	var locks atomic.Int32
	began, release := make(chan struct{}), make(chan struct{})
	venue := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v1/auth/token" {
			_, _ = io.WriteString(w, `{"accessToken":"a","refreshToken":"r","tokenType":"Bearer","expiration":"2099-01-01T00:00:00.000000000Z"}`)
			return
		}
		if locks.Add(1) == 1 {
			close(began)
		}
		<-release
		_, _ = io.WriteString(w, `{"success":[{"token":"999T1","ownerId":"1000"}]}`)
	}))
	t.Cleanup(venue.Close)
	answer := sync.OnceFunc(func() { close(release) })
	t.Cleanup(answer)
	client, err := link.New(link.Options{URL: venue.URL, Product: "Tests/1.0", Application: "com.example.market", APIKey: "key", Channel: "market", Code: "code", Keep: new(link.Memory)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	m, err := New(Options{Client: client, Name: "Second Row", State: filepath.Join(t.TempDir(), "market.json"), Venues: []Venue{{Organization: 999, Currency: "USD", Digits: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	err = m.shelf.change(func(r *records) error {
		return r.addLot(lot{ID: "L-1", Source: link.MyAccount}, []offer{{Token: "999T1", Event: "999:F23:F01", Price: link.Minor(5000, 2)}}, time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}

	var background sync.WaitGroup
	background.Go(func() { m.round(t.Context()) })
	<-began
	seller := make(chan state, 1)
	go func() {
		m.atOnce(t.Context(), func(ctx context.Context) { m.lockLot(ctx, "L-1") })
		seller <- m.shelf.read().Lots["L-1"].State
	}()
	select {
	case s := <-seller:
		t.Fatalf("the seller did not wait, and finds the lot %s", s)
	case <-time.After(50 * time.Millisecond):
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	m.lockLot(gone, "L-1") // whoever cannot wait does not
	answer()
	if s := <-seller; s != open {
		t.Errorf("the seller finds the lot %s, want %s", s, open)
	}
	background.Wait()
	if n := locks.Load(); n != 1 {
		t.Errorf("the locks were asked for %d times", n)
	}
}

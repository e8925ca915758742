package link_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/link"
)

// A server answers requests without a network.
type server func(*http.Request) (*http.Response, error)

func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return s(r)
}

// reply is an answer; header are names and values in turn.
func reply(r *http.Request, status int, body string, header ...string) *http.Response {
	w := &http.Response{
		StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	for i := 0; i < len(header); i += 2 {
		w.Header.Set(header[i], header[i+1])
	}
	return w
}

// entered keeps a pair that is good for an hour.
func entered(tb testing.TB) *link.Memory {
	tb.Helper()
	keep := new(link.Memory)
	pair := link.Pair{AccessToken: "access", RefreshToken: "refresh", Expiration: time.Now().Add(time.Hour)}
	if err := keep.Renew(tb.Context(), func(link.Pair) (link.Pair, error) { return pair, nil }); err != nil {
		tb.Fatal(err)
	}
	return keep
}

func options(keep link.Keep, s server) link.Options {
	return link.Options{
		URL: "https://tickets.example.com", Product: "Tests/1.0", Application: "com.example.tests", APIKey: "key", Channel: "tests",
		Keep: keep, HTTP: &http.Client{Transport: s},
	}
}

// connect makes a client that is in, of a server that gives a status and a body.
func connect(tb testing.TB, retries link.Retries, answer func(*http.Request) (int, string)) *link.Client {
	tb.Helper()
	o := options(entered(tb), func(r *http.Request) (*http.Response, error) {
		status, body := answer(r)
		return reply(r, status, body), nil
	})
	o.Retries = retries
	return begin(tb, o)
}

func begin(tb testing.TB, o link.Options) *link.Client {
	tb.Helper()
	client, err := link.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

// as finds an error of a type, or fails the test.
func as[E error](tb testing.TB, err error) E {
	tb.Helper()
	found, ok := errors.AsType[E](err)
	if !ok {
		tb.Fatalf("the error is %T: %v; want %T", err, err, found)
	}
	return found
}

func TestARequestCarriesWhatTheContractWants(t *testing.T) {
	var got *http.Request
	var body string
	client := connect(t, link.Retries{}, func(r *http.Request) (int, string) {
		got = r
		text, _ := io.ReadAll(r.Body)
		body = string(text)
		return 200, string(read(t, "tickets-transfer.200.json"))
	})
	id := link.NewRequestID()
	transfer, err := client.Transfer(t.Context(), link.TransferRequest{
		RequestID: id, DistributorCode: "AM TX", Organization: 999, Sender: "1", Recipient: link.Recipient{Email: "juan@example.com"},
		Seats: []link.TransferSeats{{Season: "F23", Event: "F01", SeatInfo: link.SeatInfo{Section: "U:1", Row: "1", Seats: "8-10"}}},
	})
	if err != nil || transfer.TransferID != "w53hKM1ZPmDBgYsq68VW6xR6KLLeoWCR" {
		t.Fatalf("Transfer = %+v, %v", transfer, err)
	}
	if got.Method != "POST" || got.URL.String() != "https://tickets.example.com/v1/tickets/transfer?distributorCode=AM+TX" {
		t.Errorf("it went to %s %s", got.Method, got.URL)
	}
	for name, want := range map[string]string{
		"User-Agent": "Tests/1.0", "Authorization": "Bearer access", "Accept": "application/json", "Content-Type": "application/json",
		"PAC-Application-ID": "com.example.tests", "PAC-API-Key": "key", "PAC-Channel-Code": "tests", "PAC-Organization-ID": "999", "Request-ID": id,
	} {
		if values := got.Header.Values(name); len(values) != 1 || values[0] != want {
			t.Errorf("%s is %q; want %q", name, values, want)
		}
	}
	want := `{"transferRequests":[{"sender":{"patronId":"1"},"recipient":{"email":"juan@example.com","recipientFirstName":"","recipientLastName":""},` +
		`"seats":[{"season":"F23","event":"F01","seatInfo":{"section":"U:1","row":"1","seats":"8-10"}}]}]}`
	if body != want {
		t.Errorf("the body is\n%s\nwant\n%s", body, want)
	}
}

func TestPartsOfARequestStandBesideEachOther(t *testing.T) {
	locking := link.LockRequest{Source: link.MyAccount, Listing: link.LockListing{ExternalListingID: "L"}}
	t.Run("some locked", func(t *testing.T) {
		client := connect(t, link.Retries{}, func(*http.Request) (int, string) { return 207, string(read(t, "tickets-lock.207.json")) })
		locked, err := client.Lock(t.Context(), locking)
		if err != nil || len(locked.Success) != 1 || len(locked.Errors) != 1 || locked.Errors[0].Code != link.CodeTokenLocked {
			t.Errorf("Lock = %+v, %v; want one locked and one refused", locked, err)
		}
	})
	t.Run("none locked", func(t *testing.T) {
		client := connect(t, link.Retries{}, func(*http.Request) (int, string) { return 422, string(read(t, "tickets-lock.422.json")) })
		locked, err := client.Lock(t.Context(), locking)
		if said := as[*link.Error](t, err); said.Code != link.CodeNothingDone || len(locked.Success) != 0 || len(locked.Errors) != 2 || len(said.Failures) != 2 {
			t.Errorf("Lock = %+v, %v; want two refused and NOTHING_DONE", locked, err)
		}
	})
	t.Run("none unlocked", func(t *testing.T) {
		client := connect(t, link.Retries{}, func(*http.Request) (int, string) { return 409, string(read(t, "tickets-unlock.409.json")) })
		unlocked, err := client.Unlock(t.Context(), "A", "B")
		if said := as[*link.Error](t, err); said.Type != link.TypeConflict || len(unlocked.Errors) != 2 {
			t.Errorf("Unlock = %+v, %v; want two in conflict", unlocked, err)
		}
	})
	t.Run("some verified", func(t *testing.T) {
		client := connect(t, link.Retries{}, func(*http.Request) (int, string) { return 207, string(read(t, "tickets-verify.207.json")) })
		verified, err := client.Verify(t.Context(), link.VerifyGroup{Tokens: []link.Token{"A", "B"}})
		if err != nil || len(verified.Seats()) != 1 || len(verified.Failures()) != 1 {
			t.Errorf("Verify = %+v, %v; want one valid and one not", verified, err)
		}
	})
	t.Run("none verified", func(t *testing.T) {
		client := connect(t, link.Retries{}, func(*http.Request) (int, string) { return 422, string(read(t, "tickets-verify.422.json")) })
		verified, err := client.Verify(t.Context(), link.VerifyGroup{AccessID: "e", Barcodes: []link.Barcode{"43125975439416"}})
		if failures := verified.Failures(); err == nil || len(failures) != 1 || failures[0].Barcode != "43125975439416" {
			t.Errorf("Verify = %+v, %v; want the barcode refused", verified, err)
		}
	})
	t.Run("an order that had failed", func(t *testing.T) {
		client := connect(t, link.Retries{}, func(*http.Request) (int, string) { return 422, string(read(t, "cart-complete-order.422.failed.json")) })
		sale, err := client.Complete(t.Context(), link.CompleteRequest{})
		if err == nil || sale.ProcessID != "d4e5f6" || sale.Status != link.Failed || len(sale.Errors) != 1 {
			t.Errorf("Complete = %+v, %v; want the process, ERROR and its reason", sale, err)
		}
	})
	t.Run("none printed", func(t *testing.T) {
		client := connect(t, link.Retries{}, func(*http.Request) (int, string) { return 422, string(read(t, "tickets-print.422.json")) })
		printed, err := client.Print(t.Context(), link.PrintRequest{})
		if err == nil || len(printed.Errors) != 2 {
			t.Errorf("Print = %+v, %v; want two refused", printed, err)
		}
	})
	t.Run("a catalog that did not change", func(t *testing.T) {
		client := connect(t, link.Retries{}, func(r *http.Request) (int, string) {
			if r.Header.Get("If-None-Match") != `"7"` {
				return 200, `[]`
			}
			return 304, ""
		})
		if catalog, err := client.Events(t.Context(), 999, link.EventQuery{ETag: `"7"`}); err != nil || !catalog.Unchanged {
			t.Errorf("Events = %+v, %v; want unchanged", catalog, err)
		}
	})
}

// Ids come from outside: from the address that a patron arrived with.
func TestAnIDLeadsToNoOtherPath(t *testing.T) {
	client := connect(t, link.Retries{}, func(r *http.Request) (int, string) {
		if got, want := r.URL.EscapedPath(), "/v1/listings/..%2Ftickets%3Fx=%23y"; got != want {
			t.Errorf("it went to %s; want %s", got, want)
		}
		return 404, string(read(t, "listings.404.json"))
	})
	_, err := client.Listing(t.Context(), "../tickets?x=#y")
	if said := as[*link.Error](t, err); said.Code != link.CodeListingNotFound || strings.Contains(err.Error(), "tickets?") {
		t.Errorf("the error is %v; want LISTING_NOT_FOUND without the id", err)
	}
	unasked := connect(t, link.Retries{}, func(r *http.Request) (int, string) {
		t.Errorf("the server was asked for %s", r.URL)
		return 500, ""
	})
	for _, id := range []link.ListingID{"", ".", ".."} {
		if _, err := unasked.Listing(t.Context(), id); err == nil {
			t.Errorf("Listing(%q) went through", id)
		}
	}
	if _, err := unasked.Print(t.Context(), link.PrintRequest{RequestID: "constant"}); err == nil || link.Undecided(err) {
		t.Errorf("a RequestID under which no server knows a request again went through: %v", err)
	}
	code := connect(t, link.Retries{}, func(r *http.Request) (int, string) {
		if got, want := r.URL.EscapedPath(), "/v1/tickets/transfer/3785222-AMTX:10237"; got != want {
			t.Errorf("it went to %s; want %s", got, want)
		}
		return 200, string(read(t, "tickets-transfer-history.200.json"))
	})
	if _, err := code.History(t.Context(), "3785222-AMTX:10237"); err != nil {
		t.Error(err)
	}
}

func TestSecretsGoToNoOtherHost(t *testing.T) {
	visited := 0
	o := options(entered(t), func(r *http.Request) (*http.Response, error) {
		visited++
		return reply(r, http.StatusTemporaryRedirect, "", "Location", "https://elsewhere.example.com/"), nil
	})
	_, err := begin(t, o).Order(t.Context(), "p")
	if said := as[*link.Error](t, err); said.Status != 307 || visited != 1 {
		t.Errorf("%d requests, and then %v; want one, and 307", visited, err)
	}
	for url, good := range map[string]bool{
		"https://tickets.example.com": true, "https://tickets.example.com/link/": true, "http://127.0.0.1:8080": true, "http://localhost:8080": true, "http://[::1]:8080": true,
		"http://tickets.example.com": false, "http://127.0.0.1.example.com": false, "ftp://tickets.example.com": false, "tickets.example.com": false,
		"https://user:word@tickets.example.com": false, "https://tickets.example.com?x=1": false, "": false,
	} {
		o := options(new(link.Memory), nil)
		o.URL = url
		if _, err := link.New(o); (err == nil) != good {
			t.Errorf("New with URL %q: %v", url, err)
		}
		if o.PlainHTTP = true; strings.HasPrefix(url, "http://") {
			begin(t, o)
		}
	}
	for name, spoil := range map[string]func(*link.Options){
		"no key": func(o *link.Options) { o.APIKey = "" }, "a line break": func(o *link.Options) { o.Channel = "a\r\nb" },
		"no product": func(o *link.Options) { o.Product = "" }, "no keep": func(o *link.Options) { o.Keep = nil },
	} {
		o := options(new(link.Memory), nil)
		if spoil(&o); func() error { _, err := link.New(o); return err }() == nil {
			t.Errorf("New with %s went through", name)
		}
	}
}

// zeros is a body without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestABodyWithoutEndIsNotReadToIt(t *testing.T) {
	asked := 0
	client := begin(t, options(entered(t), func(r *http.Request) (*http.Response, error) {
		asked++
		w := reply(r, 200, "")
		w.Body = io.NopCloser(zeros{})
		return w, nil
	}))
	if _, err := client.Order(t.Context(), "p"); !errors.Is(err, link.ErrTooLarge) || asked != 1 {
		t.Errorf("after %d tries: %v; want ErrTooLarge after one", asked, err)
	}
}

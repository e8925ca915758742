package partnerapi

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	contract "github.com/seatlink/seatlink/api"
	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// What stands behind the door in production fits it.
var (
	_ BoxOffice = (*boxoffice.Office)(nil)
	_ Desk      = (*access.Desk)(nil)
)

// officeFunc is a BoxOffice made of one function: it is given what was asked and
// returns the answer of the same method.
type officeFunc func(asked any) (answer any, err error)

// catalogAsked is what officeFunc is given for Catalog.
type catalogAsked struct {
	org access.OrganizationID
	q   boxoffice.CatalogQuery
}

func ask[T any](f officeFunc, asked any) (T, error) {
	answer, err := f(asked)
	typed, _ := answer.(T)
	return typed, err
}

func (f officeFunc) Catalog(_ context.Context, _ access.Principal, org access.OrganizationID, q boxoffice.CatalogQuery) (*boxoffice.Program, error) {
	answer, err := f(catalogAsked{org, q})
	if same, ok := answer.(*boxoffice.Program); ok {
		return same, err
	}
	events, _ := answer.([]boxoffice.Event)
	return &boxoffice.Program{Events: events}, err
}

func (f officeFunc) Listing(_ context.Context, _ access.Principal, id boxoffice.ListingID) (boxoffice.ShownListing, error) {
	return ask[boxoffice.ShownListing](f, id)
}

func (f officeFunc) Verify(_ context.Context, _ access.Principal, groups []boxoffice.VerifyGroup) ([]boxoffice.Verified, error) {
	return ask[[]boxoffice.Verified](f, groups)
}

func (f officeFunc) Lock(_ context.Context, _ access.Principal, req boxoffice.LockRequest) (boxoffice.Locking, error) {
	return ask[boxoffice.Locking](f, req)
}

func (f officeFunc) Unlock(_ context.Context, _ access.Principal, tokens []boxoffice.Token) (boxoffice.Unlocking, error) {
	return ask[boxoffice.Unlocking](f, tokens)
}

func (f officeFunc) Complete(_ context.Context, _ access.Principal, cart boxoffice.Cart) (boxoffice.Sale, error) {
	cart.Repeat = boxoffice.Repeat[boxoffice.Sale]{} // which cannot be compared
	sale, err := ask[boxoffice.Sale](f, cart)
	if sale.Status == "" {
		sale.Status, sale.Process, sale.Currency = boxoffice.OrderComplete, "P1", "USD" // nobody cares which
	}
	return sale, err
}

func (f officeFunc) Process(_ context.Context, _ access.Principal, id boxoffice.ProcessID) (boxoffice.Sale, error) {
	return ask[boxoffice.Sale](f, id)
}

func (f officeFunc) Print(_ context.Context, _ access.Principal, req boxoffice.PrintRequest) (boxoffice.Printing, error) {
	req.Repeat = boxoffice.Repeat[boxoffice.Printing]{} // which cannot be compared
	return ask[boxoffice.Printing](f, req)
}

func (f officeFunc) Give(_ context.Context, _ access.Principal, req boxoffice.TransferRequest) (boxoffice.Giving, error) {
	req.Repeat = boxoffice.Repeat[boxoffice.Giving]{} // which cannot be compared
	giving, err := ask[boxoffice.Giving](f, req)
	switch {
	case giving.Transfer.ID != "" || len(giving.Refused) > 0:
	case req.HandsOver: // nobody cares which
		giving = inProcess("a1b2c3", boxoffice.OrderComplete, true)
	default:
		giving.Transfer = given()
	}
	return giving, err
}

func (f officeFunc) Cancel(_ context.Context, _ access.Principal, req boxoffice.CancelRequest) (boxoffice.Transfer, error) {
	req.Repeat = boxoffice.Repeat[boxoffice.Giving]{}
	return ask[boxoffice.Transfer](f, req)
}

func (f officeFunc) History(_ context.Context, _ access.Principal, code string, org access.OrganizationID) (boxoffice.Transfer, error) {
	return ask[boxoffice.Transfer](f, boxoffice.CancelRequest{Code: code, Organization: org})
}

// processAsked is what officeFunc is given for TransferProcess.
type processAsked struct{ id boxoffice.ProcessID }

func (f officeFunc) TransferProcess(_ context.Context, _ access.Principal, id boxoffice.ProcessID) (boxoffice.Giving, error) {
	giving, err := ask[boxoffice.Giving](f, processAsked{id})
	if giving.Transfer.ID == "" {
		giving = inProcess(id, boxoffice.OrderComplete, false) // nobody cares which
	}
	return giving, err
}

func (f officeFunc) Accept(_ context.Context, _ access.Principal, req boxoffice.AcceptRequest) (boxoffice.Transfer, error) {
	req.Repeat = boxoffice.Repeat[boxoffice.Giving]{}
	t, err := ask[boxoffice.Transfer](f, req)
	if t.ID == "" {
		t = given()
	}
	return t, err
}

// closed is an office nobody may ask.
func closed(tb testing.TB) officeFunc {
	tb.Helper()
	return func(asked any) (any, error) {
		tb.Errorf("the office was asked: %+v", asked)
		return nil, nil
	}
}

// answers is an office that always answers the same.
func answers(answer any, err error) officeFunc {
	return func(any) (any, error) { return answer, err }
}

const (
	goodToken = "access-good"
	goodApp   = "com.mycompany.myapp"
	goodKey   = "key-good"
	goodChan  = "my-application"
)

// fakeDesk lets the good credentials in.
type fakeDesk struct {
	pair  access.Pair
	err   error // of Exchange
	pace  error
	guess func(unknown int) error // nil forgives everything
}

func (fakeDesk) Authenticate(_ context.Context, c access.Credentials) (access.Principal, error) {
	switch {
	case c.AccessToken == "access-old":
		return access.Principal{}, fault.AccessTokenExpired
	case c.AccessToken != goodToken:
		return access.Principal{}, fault.AccessTokenRequired
	case c.Application != goodApp || c.APIKey != goodKey:
		return access.Principal{}, fault.KeyInvalid
	case c.Channel != goodChan:
		return access.Principal{}, fault.NotPermitted
	}
	return access.Principal{Application: c.Application, Channel: c.Channel, Organizations: []access.OrganizationID{999}}, nil
}

func (d fakeDesk) Pace(access.Principal) error { return d.pace }

func (d fakeDesk) Guess(_ access.Principal, _ access.Guessed, unknown int) error {
	if d.guess == nil {
		return nil
	}
	return d.guess(unknown)
}

func (d fakeDesk) Exchange(context.Context, access.Grant) (access.Pair, error) { return d.pair, d.err }

var goodPair = access.Pair{
	AccessToken:  "hsfsdgfdsgvb4354gfnbnkaerAtrJKNnrtusiJNOuts",
	RefreshToken: "sflk5j6q2kgmKjfrs_kijdngka9qpoutrei45gfnm",
	Expires:      time.Date(2023, 2, 18, 20, 39, 39, 548608815, time.FixedZone("", 3600)),
}

// request is a good one, but for what the test changes.
func request(method, target, body string) *http.Request {
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(context.Background(), method, target, from)
	r.Header.Set("User-Agent", "MyApplication/1.0")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Request-ID", "8f14e45f-ceea-467f-a0e6-8e1d1c1d0a11")
	r.Header.Set("PAC-Application-ID", goodApp)
	if target != authPath {
		r.Header.Set("Authorization", "Bearer "+goodToken)
		r.Header.Set("PAC-API-Key", goodKey)
		r.Header.Set("PAC-Channel-Code", goodChan)
	}
	if strings.HasPrefix(target, "/v1/catalog") {
		r.Header.Set("PAC-Organization-ID", "999")
	}
	return r
}

// do sends one request through a door over the office.
func do(office BoxOffice, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	door(office, fakeDesk{pair: goodPair}, Options{}).ServeHTTP(w, r)
	return w
}

// sample is a published sample.
func sample(tb testing.TB, name string) string {
	tb.Helper()
	text, err := fs.ReadFile(contract.Examples(), name+".json")
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}

// number is an amount.
func number(text string) *boxoffice.Amount {
	a, err := boxoffice.ParseAmount(text)
	if err != nil {
		panic(err)
	}
	return &a
}

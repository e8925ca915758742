package partnerapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

const lockOfFour = `{"source":"MY_ACCOUNT","listing":{"externalListingId":"L1","totalPrice":200,"tokens":[` +
	`{"token":"999ABCDEFGHJKMNPQ","individualPrice":50},{"token":"999BBCDEFGHJKMNPQ","individualPrice":50},` +
	`{"token":"999CBCDEFGHJKMNPQ","individualPrice":50},{"token":"999DBCDEFGHJKMNPQ","individualPrice":50}]}}`

// BenchmarkLock is the door alone: a lock of four tickets over an office that
// answers at once.
func BenchmarkLock(b *testing.B) {
	office := answers(boxoffice.Locking{
		Sellers: []boxoffice.PatronID{"123456"},
		Done: []boxoffice.Owned{
			{Token: "999ABCDEFGHJKMNPQ", Owner: "1"}, {Token: "999BBCDEFGHJKMNPQ", Owner: "1"},
			{Token: "999CBCDEFGHJKMNPQ", Owner: "1"}, {Token: "999DBCDEFGHJKMNPQ", Owner: "1"},
		},
	}, nil)
	handler := New(office, fakeDesk{}, Options{})
	sent := request(http.MethodPut, "/v1/tickets/lock", lockOfFour)
	b.ReportAllocs()
	for b.Loop() {
		r := sent.Clone(b.Context())
		r.Body = readCloser{strings.NewReader(lockOfFour)}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "locks/s")
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

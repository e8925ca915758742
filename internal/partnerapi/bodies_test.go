package partnerapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"pgregory.net/rapid"

	contract "github.com/seatlink/seatlink/api"
	"github.com/seatlink/seatlink/api/apitest"
)

// Ensure that bodies made from the document, as they are and spoiled in one
// place, never get an answer that it does not describe, never a 5xx, and are
// taken or refused as it says.
func TestBodiesOfTheDocument(t *testing.T) {
	d := document(t)
	for _, c := range contract.Calls() {
		if c.NotBuiltYet || c.Path == "" || !slices.Contains([]string{"POST", "PUT"}, c.Method) {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				body := d.Body(t, c.ID)
				throw(t, d, c, body)
				throw(t, d, c, apitest.Spoil(t, body))
			})
		})
	}
}

// throw sends a body to the door.
func throw(t *rapid.T, d *apitest.Document, c contract.Call, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	watched := d.Handler(New(answers(nil, nil), fakeDesk{pair: goodPair}, Options{}), func(complaint error) { t.Error(complaint) })
	w := httptest.NewRecorder()
	watched.ServeHTTP(w, request(c.Method, c.Path, string(text)))
	if w.Code >= http.StatusInternalServerError {
		t.Errorf("%v = %d %s for %s", c, w.Code, w.Body, text)
	}
}

package receive_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/link/receive"
)

const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	other  = "whsec_AAECAwQFBgcICQoLDA0ODw=="
)

var now = time.Unix(1_700_000_000, 0)

func clockOfTests() time.Time { return now }

func body(status string) string {
	return `{"data":{"seats":[{"accessId":"999:F23:F01","season":"F23","item":"F01","section":"ES:9","row":"30","seat":"25","status":"` + status +
		`"}]},"metadata":{"messageEntity":"seats","pacOrganizationId":999,"requestId":"a1b2c3"}}`
}

// post is a message as a publisher sends it, with headers changed or, where "",
// taken away.
func post(body string, headers ...string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/seats", strings.NewReader(body))
	r.SetBasicAuth("ada", "word")
	r.Header.Set("Webhook-Id", "m-1")
	r.Header.Set("Webhook-Timestamp", fmt.Sprint(now.Unix()))
	r.Header.Set("Link-Epoch", "1")
	r.Header.Set("Link-Sequence", "7")
	r.Header.Set("Webhook-Signature", signature(secret, "m-1", fmt.Sprint(now.Unix()), body))
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Del(headers[i]); headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return r
}

func signature(secret, id, stamp, body string) string {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestWhatIsTakenAndWhatIsNot(t *testing.T) {
	stale := fmt.Sprint(now.Add(-6 * time.Minute).Unix())
	for _, tt := range []struct {
		name    string
		request *http.Request
		status  int
		taken   bool
	}{
		{"a message", post(body("LOCK")), 204, true},
		{"the other secret of a roll", post(body("LOCK"), "Webhook-Signature", signature(other, "m-1", fmt.Sprint(now.Unix()), body("LOCK"))), 204, true},
		{"one of two signatures", post(body("LOCK"), "Webhook-Signature", "v1,AAAA v2,BBBB "+signature(secret, "m-1", fmt.Sprint(now.Unix()), body("LOCK"))), 204, true},
		{"no sequence", post(body("UNLOCK"), "Link-Sequence", "", "Link-Epoch", ""), 204, true},
		{"no authorization", post(body("LOCK"), "Authorization", ""), 401, false},
		{"another password", post(body("LOCK"), "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("ada:sword"))), 401, false},
		{"another user", post(body("LOCK"), "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("eve:word"))), 401, false},
		{"no signature", post(body("LOCK"), "Webhook-Signature", ""), 401, false},
		{"a signature of other words", post(body("UNLOCK"), "Webhook-Signature", signature(secret, "m-1", fmt.Sprint(now.Unix()), body("LOCK"))), 401, false},
		{"a signature of another id", post(body("LOCK"), "Webhook-Id", "m-2"), 401, false},
		{"an old signature", post(body("LOCK"), "Webhook-Timestamp", stale, "Webhook-Signature", signature(secret, "m-1", stale, body("LOCK"))), 401, false},
		{"no time", post(body("LOCK"), "Webhook-Timestamp", ""), 401, false},
		{"no JSON", post("{"), 400, false},
		{"an unknown status", post(body("GONE")), 400, false},
		{"an unknown entity", post(strings.Replace(body("LOCK"), `"messageEntity":"seats"`, `"messageEntity":"rows"`, 1)), 400, false},
		{"a sequence that is none", post(body("LOCK"), "Link-Sequence", "seven"), 400, false},
		{"too large", post(`"` + strings.Repeat("a", 2<<20) + `"`), 400, false},
		{"a GET", httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/seats", nil), 405, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			taken := false
			h := receive.New(receive.Options{User: "ada", Password: "word", Secrets: []string{"whsec_!", other, secret}, Clock: func() time.Time { return now }},
				func(context.Context, receive.Message) error { taken = true; return nil })
			w := httptest.NewRecorder()
			h.ServeHTTP(w, tt.request)
			if w.Code != tt.status || taken != tt.taken {
				t.Errorf("answered %d, taken %v; want %d, %v", w.Code, taken, tt.status, tt.taken)
			}
			if w.Code == http.StatusBadRequest && w.Body.String() != "{}" {
				t.Errorf("its body is %q; want {}", w.Body)
			}
		})
	}
}

func TestMessagesAreTakenInTheirOrderAndOnce(t *testing.T) {
	var taken []string
	var fail error
	h := receive.New(receive.Options{}, func(_ context.Context, m receive.Message) error {
		if fail == nil {
			taken = append(taken, fmt.Sprintf("%d-%d", m.Epoch, m.Sequence))
		}
		return fail
	})
	h.Resume(999, "seats", receive.Place{Epoch: 1, Sequence: 3})
	send := func(epoch, sequence string, want int, headers ...string) {
		t.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, post(body("LOCK"), append(headers, "Link-Epoch", epoch, "Link-Sequence", sequence)...))
		if w.Code != want {
			t.Errorf("message %s-%s is answered %d; want %d", epoch, sequence, w.Code, want)
		}
	}
	send("1", "3", 204) // seen before the restart
	send("1", "5", 204)
	send("1", "5", 204) // again
	send("1", "4", 204) // older
	fail = errors.New("the disk is full")
	send("1", "8", 500)
	fail = nil
	send("1", "8", 204)
	send("1", "8", 204, "Link-Resent", "1")
	send("1", "7", 204, "Link-Resent", "1") // older than what is known
	send("2", "2", 204)                     // a restored publisher
	send("1", "9", 204)
	if want := []string{"1-5", "1-8", "1-8", "2-2"}; !slices.Equal(taken, want) {
		t.Errorf("taken: %v; want %v", taken, want)
	}
}

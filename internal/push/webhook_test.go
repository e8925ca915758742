package push

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAWebhookIsTheContractsWithASignature(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	type seen struct {
		header http.Header
		body   string
	}
	var got []seen
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, seen{r.Header, string(body)})
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()
	sender := NewWebhook(NewDoor(Rules{Sandbox: true}), func() time.Time { return now })
	sub := amtx("S")
	sub.Endpoint, sub.User, sub.Password, sub.Secret = receiver.URL+"/seats", "ada", "pass:word", NewSecret()
	d := newDraft(seatsOf999, sub.View, 2, MostSeats)
	d.add(stepsOf(41, "A lock")[0])
	send := func() seen {
		t.Helper()
		if a, err := sender.Send(t.Context(), sub, d.Message); err != nil || a.Status != http.StatusNoContent {
			t.Fatalf("Send = %+v, %v; want 204", a, err)
		}
		return got[len(got)-1]
	}
	first := send()
	for name, want := range map[string]string{
		"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("ada:pass:word")), "Content-Type": "application/json",
		"Webhook-Id": "999-seats-2-41", "Webhook-Timestamp": strconv.FormatInt(now.Unix(), 10), "Link-Sequence": "41", "Link-Epoch": "2", "Link-Resent": "",
	} {
		if g := first.header.Get(name); g != want {
			t.Errorf("%s: %q; want %q", name, g, want)
		}
	}
	signed := func(secret, body string) string {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) != 32 {
			t.Fatalf("%s is no secret: %v", secret, err)
		}
		mac := hmac.New(sha256.New, key)
		io.WriteString(mac, "999-seats-2-41.1700000000."+body)
		return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	if g, want := first.header.Get("Webhook-Signature"), signed(sub.Secret, first.body); g != want {
		t.Errorf("Webhook-Signature: %q; want %q", g, want)
	}
	former := sub.Secret
	sub.Secret, sub.Former, sub.FormerUntil = NewSecret(), former, now.Add(time.Hour)
	rolled := send()
	if g, want := rolled.header.Get("Webhook-Signature"), signed(sub.Secret, rolled.body)+" "+signed(former, rolled.body); g != want {
		t.Errorf("while it is rolled: %q; want both, %q", g, want)
	}
	now = now.Add(time.Hour)
	if g := send().header.Get("Webhook-Signature"); strings.Contains(g, " ") {
		t.Errorf("after the roll: %q; want one signature", g)
	}
	sub.User, sub.Password, d.Resent = "", "", true
	last := send()
	if last.header.Get("Authorization") != "" || last.header.Get("Link-Resent") != "1" || last.header.Get("Webhook-Id") != "999-seats-2-41-resent-TA" {
		t.Errorf("without credentials, resent: %v", last.header)
	}
}

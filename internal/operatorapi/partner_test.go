package operatorapi

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// What stands behind the door in production fits it.
var (
	_ Partners    = (*access.Desk)(nil)
	_ Credentials = (*access.Desk)(nil)
)

// A roll has the partners there are. All else it does is to issue one secret, or
// to fail.
type roll struct {
	*access.Desk
	partners []access.Partner
	fail     error
}

func (r roll) Partners(context.Context) ([]access.Partner, error) { return r.partners, nil }
func (r roll) NewAPIKey(context.Context, access.ApplicationID) (string, error) {
	return "lkk_canary", r.fail
}

func (r roll) client(log *slog.Logger) *Client {
	return NewClient(Through(New(Work{Partners: r, Credentials: r, House: house{organizations: []boxoffice.Organization{{ID: 9}}}}, Options{Log: log})), "ada")
}

func TestAPartnerIsShownWithItsKeysAndWithoutTheirSecrets(t *testing.T) {
	hence := time.Now().Add(time.Hour)
	r := roll{partners: []access.Partner{{Application: "com.example.bare"}, {
		Application: "com.example.full", Name: "Full", Channels: []access.Channel{"a", "b"}, Organizations: []access.OrganizationID{9, 10},
		CallbackHosts: []string{"hooks.example.com"}, Rate: access.Rate{PerSecond: 5, Burst: 7},
		Keys: []access.Key{{ID: "K1", MAC: "canary", Created: noon, Ends: noon}, {ID: "K2", Created: noon, Ends: hence}, {ID: "K3", Created: noon}},
	}}}
	const at = "2026-05-20T12:00:00Z"
	want := PartnerList{[]Partner{
		{Application: "com.example.bare", Channels: []string{}, Organizations: []int64{}, CallbackHosts: []string{}, Keys: []Key{}},
		{
			Application: "com.example.full", Name: "Full", Channels: []string{"a", "b"}, Organizations: []int64{9, 10},
			CallbackHosts: []string{"hooks.example.com"}, PerSecond: 5, Burst: 7,
			Keys: []Key{{"K1", at, at, false}, {"K2", at, instant(hence), true}, {"K3", at, "", true}},
		},
	}}
	got, err := r.client(nil).Partners(t.Context())
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Partners: %v (-want +got):\n%s", err, diff)
	}
	want.Partners[1].Missing = []int64{10}
	one, err := r.client(nil).Partner(t.Context(), "com.example.full")
	if diff := cmp.Diff(want.Partners[1], one); err != nil || diff != "" {
		t.Errorf("Partner: %v (-want +got):\n%s", err, diff)
	}
	if _, err := r.client(nil).Partner(t.Context(), "com.example.none"); !errors.Is(err, access.ErrPartnerUnknown) {
		t.Errorf("Partner of none: %v; want %v", err, access.ErrPartnerUnknown)
	}
	if none, err := (roll{}).client(nil).Partners(t.Context()); err != nil || none.Partners == nil {
		t.Errorf("Partners of nobody = %+v, %v; want an empty list", none, err)
	}
}

func TestASecretIsAnsweredAndNotLogged(t *testing.T) {
	var log bytes.Buffer
	s, err := roll{}.client(slog.New(slog.NewJSONHandler(&log, nil))).NewKey(t.Context(), "com.example.full")
	if err != nil || s != (Secret{"com.example.full", "lkk_canary"}) {
		t.Errorf("NewKey = %+v, %v; want the secret", s, err)
	}
	if text := log.String(); !strings.Contains(text, keyPath) || strings.Contains(text, "canary") {
		t.Errorf("the log says %s; want the route and no secret", text)
	}
}

func TestReasonsOfTheDeskComeThroughTheDoor(t *testing.T) {
	for _, want := range []error{access.ErrPartnerUnknown, access.ErrKeyUnknown, access.ErrKeysLive, access.ErrChannelTaken} {
		if _, err := (roll{fail: want}).client(nil).NewKey(t.Context(), "com.example.full"); !errors.Is(err, want) {
			t.Errorf("NewKey: %v; want %v", err, want)
		}
	}
}

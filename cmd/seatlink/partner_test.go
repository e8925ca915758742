package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/operatorapi"
)

// A partnerDesk is an operator at the shell who lets partners in.
type partnerDesk struct {
	t       *testing.T
	db, key string
}

func (d partnerDesk) args(words ...string) []string {
	return slices.Concat([]string{"partner"}, words, []string{"--db", d.db, "--key", d.key, "--as", "ada"})
}

// says fails the test unless the command succeeds and says these, in this order.
func (d partnerDesk) says(words []string, want ...string) {
	d.t.Helper()
	said, err := command(d.t.Context(), d.args(words...)...)
	if err != nil || behind(said, want) < 0 {
		d.t.Errorf("seatlink partner %q: %v\n%s\nwant %q", words, err, said, want)
	}
}

// refuses fails the test unless the command fails and its error says this.
func (d partnerDesk) refuses(words []string, want string) {
	d.t.Helper()
	said, err := command(d.t.Context(), d.args(words...)...)
	if err == nil || !strings.Contains(err.Error(), want) {
		d.t.Errorf("seatlink partner %q: %v; want %q\n%s", words, err, want, said)
	}
}

// issues takes a secret from the command's JSON.
func (d partnerDesk) issues(words ...string) string {
	d.t.Helper()
	said, err := command(d.t.Context(), d.args(append(words, "--output", "json")...)...)
	var s operatorapi.Secret
	if err == nil {
		err = json.Unmarshal([]byte(said), &s)
	}
	if err != nil || s.Secret == "" {
		d.t.Fatalf("seatlink partner %q: %v; want a secret", words, err)
	}
	return s.Secret
}

// do gives a command that must succeed.
func (d partnerDesk) do(words ...string) func() error {
	return func() error {
		_, err := command(d.t.Context(), d.args(words...)...)
		return err
	}
}

const market = "com.example.market"

func TestAnOperatorLetsAPartnerInBesideAServerAndWithout(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			db := database.open(t)
			key, _ := furnish(t, db)
			desk := partnerDesk{t, db, key}
			desk.says([]string{"list"}, "There is no partner yet: see seatlink partner add --help.\n")
			desk.says([]string{"list", "--output", "json"}, `{"partners":[]}`)
			desk.says([]string{"add", market, "--name", "Example Market"}, "partner", market, "Example Market",
				"channels", "none: it cannot call yet", "organizations", "none: it sees nothing yet", "to any host", "limit", "none", "none: see seatlink partner key")

			// The others are told to a server, where the database is a file.
			server, url := serve(t, db, key)
			desk.says([]string{"add", market, "--name", "Another", "--channel", "market"}, "Example Market", "channels", "market")
			desk.says([]string{"grant", market, "999"}, "organizations", "999")
			partner := demoPartner{Application: market, Channel: "market", APIKey: desk.issues("key", market), Code: desk.issues("code", market)}
			caller := enter(t, url, partner)
			if got := caller.told(t, "GET", "/v1/catalog/events", nil); got != "200" {
				t.Errorf("the partner that was let in is answered %s; want 200", got)
			}
			desk.says([]string{"list"}, "PARTNER", "LIVE KEYS", market, "Example Market", "1", "1", "1", "none")
			desk.says([]string{"show", market}, "organizations", "999", "key", string(keyID(partner.APIKey)), "live since")
			desk.says([]string{"limit", market, "50"}, "50/s, burst 50")
			desk.says([]string{"limit", market, "50", "--burst", "200"}, "50/s, burst 200")
			desk.says([]string{"limit", market, "0"}, "limit", "none")
			desk.says([]string{"callbacks", market, "Hooks.example.com", "a.example.com"}, "callbacks", "a.example.com, hooks.example.com")
			desk.says([]string{"callbacks", market, "--any"}, "to any host")

			const stranger = "com.example.stranger"
			for _, words := range [][]string{
				{"show", stranger}, {"grant", stranger, "999"}, {"withdraw", stranger, "999"}, {"key", stranger}, {"key", stranger, "--revoke", "K"},
				{"code", stranger}, {"code", stranger, "--revoke-all"}, {"disable", stranger}, {"limit", stranger, "5"}, {"callbacks", stranger, "--any"},
			} {
				desk.refuses(words, "there is no partner com.example.stranger: see seatlink partner list")
			}
			desk.refuses([]string{"add", "com example"}, "an application id has 1 to 128 letters")
			desk.refuses([]string{"add", stranger, "--channel", "market"}, "the channel is another application's: see seatlink partner list")
			desk.refuses([]string{"add", stranger, "--organization", "0"}, "an organization's id is a number from 1 on")
			desk.refuses([]string{"grant", market, "0"}, "an organization's id is a number from 1 on")
			desk.refuses([]string{"limit", market, "5", "--burst", "2000000"}, "a rate is 1 to")
			desk.refuses([]string{"callbacks", market, "https://hooks.example.com"}, "a callback host is a name")
			desk.refuses([]string{"key", market, "--revoke", "NONE"}, "no such API key of that id: see seatlink partner show "+market)
			second := desk.issues("key", market)
			desk.refuses([]string{"key", market}, "two live API keys; revoke one first: see seatlink partner show "+market)
			desk.says([]string{"show", market}, string(keyID(partner.APIKey)), "live until", string(keyID(second)), "live since")
			server.stop()
			for _, secret := range []string{partner.APIKey, partner.Code, second} {
				if strings.Contains(server.errs.String()+server.out.String(), secret) {
					t.Error("the server's log has a secret")
				}
				if said, err := command(t.Context(), desk.args("show", market, "--output", "json")...); err != nil || strings.Contains(said, secret) {
					t.Errorf("partner show tells a secret again, or %v", err)
				}
			}
			desk.says([]string{"disable", market}, string(keyID(partner.APIKey)), "ended", string(keyID(second)), "ended")
			audit(t, db)
		})
	}
}

// Each act of the operator counts on a running server within a second, here over
// HTTP, with a caller who asks without a pause.
func TestWhatAnOperatorTakesAwayIsGoneWithinASecond(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			key, _ := furnish(t, db)
			server, url := serve(t, db, key)
			desk := partnerDesk{t, db, key}
			desk.says([]string{"add", market, "--channel", "market", "--organization", "999"}, market)
			f := &fleet{urls: []string{url}}
			enter := func() *caller {
				return enter(t, url, demoPartner{Application: market, Channel: "market", APIKey: desk.issues("key", market), Code: desk.issues("code", market)})
			}

			c := enter()
			f.besiege(t, c, "403 NOT_PERMITTED", desk.do("withdraw", market, "999"))
			desk.says([]string{"grant", market, "999"}, "999")
			wantWithinASecond(t, c, "200")
			desk.says([]string{"limit", market, "1"}, "1/s, burst 1")
			wantWithinASecond(t, c, "429 RATE_LIMITED")
			desk.says([]string{"limit", market, "0"}, "none")
			wantWithinASecond(t, c, "200")
			f.besiege(t, c, "401 TOKEN_REVOKED", desk.do("key", market, "--revoke", string(keyID(c.partner.APIKey))))
			c = enter()
			f.besiege(t, c, "401 TOKEN_REVOKED", desk.do("code", market, "--revoke-all"))
			desk.says([]string{"key", market, "--revoke", string(keyID(c.partner.APIKey))}, "ended")
			c = enter()
			f.besiege(t, c, "401 TOKEN_REVOKED", desk.do("disable", market))
			if got := enter().told(t, "GET", "/v1/catalog/events", nil); got != "200" {
				t.Errorf("with a new key and a new code the disabled partner is answered %s; want 200", got)
			}
			server.stop()
		})
	}
}

// wantWithinASecond asks without a pause until the answer is this one; no request
// that begins a second from now may have another.
func wantWithinASecond(t *testing.T, c *caller, want string) {
	t.Helper()
	until := time.Now().Add(time.Second)
	for {
		begun := time.Now()
		got := c.told(t, "GET", "/v1/catalog/events", nil)
		if got == want {
			return
		}
		if begun.After(until) {
			t.Errorf("a second later the answer is %s; want %s", got, want)
			return
		}
	}
}

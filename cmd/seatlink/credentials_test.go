package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// A fleet is servers on one database, and a desk at which the operator changes
// what partners may do. On PostgreSQL that is a server of this process and two
// processes of their own; on SQLite, which belongs to one process, there is one
// server. The operator's desk is no server's own, so they all have to find out.
type fleet struct {
	*stage
	urls     []string
	operator *access.Desk
}

func startFleet(t *testing.T, db string) *fleet {
	t.Helper()
	s := startStage(t, db)
	f := &fleet{stage: s, urls: []string{s.url}, operator: access.NewDesk(s.store, s.keys, time.Now)}
	if strings.HasPrefix(db, "sqlite:") {
		return f
	}
	const others = 2
	for range others {
		_, url := serve(t, db, s.key)
		f.urls = append(f.urls, url)
	}
	return f
}

// at is a caller at one of the servers.
func (c *caller) at(url string) *caller {
	there := *c
	there.url = url
	return &there
}

// told is the status of an answer with the code of its error.
func (c *caller) told(tb testing.TB, method, path string, body []byte) string {
	tb.Helper()
	status, said, err := c.call(tb.Context(), method, path, requestID(), body)
	if err != nil {
		tb.Errorf("%s %s: %v", method, path, err)
		return err.Error()
	}
	var answer errorAnswer
	_ = json.Unmarshal(said, &answer) // the catalog answers a list
	return strings.TrimSpace(fmt.Sprint(status, " ", answer.Error.AppErrorCode))
}

// What was revoked or withdrawn is refused by every process that knew it to be
// good a moment ago: no request that begins a second later gets through.
func TestRevocationReachesEveryProcessWithinASecond(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			f := startFleet(t, database.open(t))
			for i, tt := range []struct {
				name   string
				revoke func(t *testing.T, c *caller, code string) error
				want   string
			}{
				{"a family of which a spent code was shown", func(t *testing.T, _ *caller, code string) error {
					t.Helper()
					if answer, body := f.send(t, row{method: "POST", path: authPath, body: codeGrant(code)}, requestID()); answer.status != 400 {
						return fmt.Errorf("the spent code is answered %d %s", answer.status, body)
					}
					return nil
				}, "401 TOKEN_REVOKED"},
				{"all tokens of an application", func(t *testing.T, c *caller, _ string) error {
					t.Helper()
					return f.operator.RevokeTokens(t.Context(), c.partner.Application)
				}, "401 TOKEN_REVOKED"},
				{"an API key", func(t *testing.T, c *caller, _ string) error {
					t.Helper()
					return f.operator.RevokeKey(t.Context(), c.partner.Application, keyID(c.partner.APIKey))
				}, "401 TOKEN_REVOKED"},
				{"an organization", func(t *testing.T, c *caller, _ string) error {
					t.Helper()
					return f.operator.Withdraw(t.Context(), c.partner.Application, 999)
				}, "403 NOT_PERMITTED"},
			} {
				t.Run(tt.name, func(t *testing.T) {
					partner := f.partner(t, access.Channel(fmt.Sprint("revoked-", i)), 999)
					code, err := f.operator.NewCode(t.Context(), partner.partner.Application)
					if err != nil {
						t.Fatal(err)
					}
					partner.accessToken = f.exchange(t, codeGrant(code)).AccessToken
					f.besiege(t, partner, tt.want, func() error { return tt.revoke(t, partner, code) })
				})
			}
		})
	}
}

// besiege has a caller ask all servers without a pause, revokes something, and
// goes on until each server refuses as it should.
func (f *fleet) besiege(t *testing.T, partner *caller, want string, revoke func() error) {
	t.Helper()
	const everywhere = time.Second
	var (
		revoking atomic.Bool
		revoked  atomic.Pointer[time.Time] // when revoke had returned
		knowing  sync.WaitGroup            // servers that have let the caller in
		asking   sync.WaitGroup
	)
	knowing.Add(len(f.urls))
	for _, url := range f.urls {
		c := partner.at(url)
		asking.Go(func() {
			in := sync.OnceFunc(knowing.Done)
			defer in()
			for {
				begun := time.Now()
				switch got := c.told(t, "GET", "/v1/catalog/events", nil); {
				case got == want:
					if !revoking.Load() {
						t.Errorf("%s answers %s before it was revoked", url, got)
					}
					return
				case got != "200":
					t.Errorf("%s answers %s; want 200 before and %s after", url, got, want)
					return
				}
				in()
				if at := revoked.Load(); at != nil && begun.Sub(*at) > everywhere {
					t.Errorf("%s lets in who came %v after the revocation", url, begun.Sub(*at))
					return
				}
			}
		})
	}
	knowing.Wait()
	revoking.Store(true)
	if err := revoke(); err != nil {
		t.Error(err)
	}
	now := time.Now()
	revoked.Store(&now)
	asking.Wait()
}

// What belongs to an organization that was withdrawn looks as if it did not
// exist, on every process and for every call.
func TestAWithdrawnOrganizationIsGone(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			f := startFleet(t, database.open(t))
			locked, sold := f.locked(t, f.first), f.sold(t, f.first, "before")
			var sale struct{ ProcessID string }
			f.first.want(t, 200, "POST", "/v1/cart/complete-order", rawBody(saleBody("before", "ada", []string{sold})), &sale)
			f.besiege(t, f.first, "403 NOT_PERMITTED", func() error {
				return f.operator.Withdraw(t.Context(), f.first.partner.Application, 999)
			})
			before := stateOf(t, f.books, f.db)
			for _, url := range f.urls {
				c := f.first.at(url)
				for _, tt := range []struct{ method, path, body, want string }{
					{"GET", "/v1/listings/Lmine", "", "404 LISTING_NOT_FOUND"},
					{"PUT", "/v1/tickets/lock", string(lockBody("L-1", f.free[:1])), "422 NOTHING_DONE"},
					{"PUT", "/v1/tickets/unlock", string(unlockBody([]string{locked})), "422 NOTHING_DONE"},
					{"POST", "/v1/cart/complete-order", string(saleBody("after", "ada", []string{locked})), "422 NOTHING_DONE"},
					{"GET", "/v1/cart/complete-order/" + sale.ProcessID, "", "404 PROCESS_NOT_FOUND"},
					{"POST", "/v1/tickets/verify", string(encode(object{"tickets": object{"tokens": []string{locked}}})), "422 NOTHING_DONE"},
					{"POST", "/v1/tickets/print", string(encode(object{"externalOrderId": "before", "tokens": []string{sold}})), "422 NOTHING_DONE"},
				} {
					if got := c.told(t, tt.method, tt.path, []byte(tt.body)); got != tt.want {
						t.Errorf("%s %s = %s; want %s", tt.method, tt.path, got, tt.want)
					}
				}
			}
			if changed := before.changed(stateOf(t, f.books, f.db)); len(changed) > 0 {
				t.Errorf("%v changed", changed)
			}
		})
	}
}

// A new API key is good beside the old one, on every process, until that is
// revoked: so a partner replaces it without a pause.
func TestTwoKeysOverlap(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			f := startFleet(t, database.open(t))
			app, old := f.first.partner.Application, f.first
			key, err := f.operator.NewAPIKey(t.Context(), app)
			if err != nil {
				t.Fatal(err)
			}
			renewed := *old
			renewed.partner.APIKey = key
			for _, url := range f.urls {
				for name, c := range map[string]*caller{"old": old, "new": &renewed} {
					if got := c.at(url).told(t, "GET", "/v1/catalog/events", nil); got != "200" {
						t.Errorf("%s: the %s key is answered %s; want 200", url, name, got)
					}
				}
			}
			if _, err := f.operator.NewAPIKey(t.Context(), app); err == nil {
				t.Error("a third live key was issued")
			}
			f.besiege(t, old, "401 TOKEN_REVOKED", func() error { return f.operator.RevokeKey(t.Context(), app, keyID(old.partner.APIKey)) })
			for _, url := range f.urls {
				if got := renewed.at(url).told(t, "GET", "/v1/catalog/events", nil); got != "200" {
					t.Errorf("%s: the new key is answered %s after the old one was revoked; want 200", url, got)
				}
			}
		})
	}
}

// Many threads of a partner refresh at once, at every process: all get the same
// pair, and it is good everywhere.
func TestRefreshesAtOnceConverge(t *testing.T) {
	const threads, rounds = 12, 5
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			f := startFleet(t, database.open(t))
			newest := f.exchange(t, codeGrant(f.code(t)))
			for n := range rounds {
				var everyone sync.WaitGroup
				pairs := make([]tokens, threads)
				for i := range pairs {
					c := f.first.at(f.urls[i%len(f.urls)])
					everyone.Go(func() {
						status, body, err := c.call(t.Context(), "POST", authPath, requestID(), encode(refreshGrant(newest.RefreshToken)))
						if err != nil || status != 200 {
							t.Errorf("refresh = %d %s, %v", status, body, err)
							return
						}
						if err := json.Unmarshal(body, &pairs[i]); err != nil {
							t.Error(err)
						}
					})
				}
				everyone.Wait()
				for _, pair := range pairs {
					if pair != pairs[0] || pair.AccessToken == newest.AccessToken || pair.AccessToken == "" {
						t.Fatalf("round %d: the pairs differ, or are the old one", n)
					}
				}
				newest = pairs[0]
				for _, url := range f.urls {
					c := f.first.at(url)
					c.accessToken = newest.AccessToken
					if got := c.told(t, "GET", "/v1/catalog/events", nil); got != "200" {
						t.Errorf("round %d: %s answers %s to the new pair; want 200", n, url, got)
					}
				}
			}
		})
	}
}

// A family's life, each step at another process: the answer of an exchange is
// lost and asked for again, a pair is used, what gave it is spent and shown again.
func TestAFamilyWalksOverProcesses(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			f := startFleet(t, database.open(t))
			step := 0
			next := func() *caller {
				step++
				return f.first.at(f.urls[step%len(f.urls)])
			}
			trade := func(grant object) (pair tokens) {
				t.Helper()
				next().want(t, 200, "POST", authPath, grant, &pair)
				return pair
			}
			use := func(pair tokens) string {
				t.Helper()
				c := next()
				c.accessToken = pair.AccessToken
				return c.told(t, "GET", "/v1/catalog/events", nil)
			}
			code := f.code(t)
			first := trade(codeGrant(code))
			if again := trade(codeGrant(code)); again != first {
				t.Error("the code repeated at another process gave another pair")
			}
			second := trade(refreshGrant(first.RefreshToken)) // without the first ever used
			if again := trade(refreshGrant(first.RefreshToken)); again != second {
				t.Error("the refresh repeated at another process gave another pair")
			}
			if got := use(second); got != "200" {
				t.Errorf("the second pair is answered %s; want 200", got)
			}
			third := trade(refreshGrant(second.RefreshToken))
			if got := use(third); got != "200" {
				t.Errorf("the third pair is answered %s; want 200", got)
			}
			thief := *f.first
			thief.accessToken = third.AccessToken
			f.besiege(t, &thief, "401 TOKEN_REVOKED", func() error {
				for _, spent := range []tokens{first, second} { // the one reveals the theft, the other finds it revealed
					if got := next().told(t, "POST", authPath, encode(refreshGrant(spent.RefreshToken))); !strings.HasPrefix(got, "400") {
						return fmt.Errorf("a spent refresh token is answered %s; want 400", got)
					}
				}
				return nil
			})
		})
	}
}

// More than five failures in five minutes are 429, for an address whatever it
// brings, for an application unless it brings what is good.
func TestFailedExchangesAreLimited(t *testing.T) {
	s := startStage(t, sqliteFile(t))
	wrong := codeGrant("lkc_" + strings.Repeat("A", 43))
	post := func(through *http.Client, grant object, application string) (int, string, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), "POST", s.url+authPath, strings.NewReader(string(encode(grant))))
		if err != nil {
			t.Fatal(err)
		}
		if application != "" {
			request.Header.Set("PAC-Application-ID", application)
		}
		response, err := through.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		var answer struct{ Error string }
		_ = json.NewDecoder(response.Body).Decode(&answer) // a pair has no error
		return response.StatusCode, answer.Error, response.Header.Get("Retry-After")
	}
	const free = 5
	before := stateOf(t, s.books, s.db)
	greedy := somewhere(t)
	for i := range free + 3 {
		status, word, wait := post(greedy, wrong, "")
		want := "400 invalid_grant "
		if i >= free {
			want = "429 rate_limited 60"
		}
		if got := fmt.Sprint(status, " ", word, " ", wait); got != want {
			t.Errorf("failure %d of an address is answered %q; want %q", i+1, got, want)
		}
	}
	code := s.code(t)
	if status, word, _ := post(greedy, codeGrant(code), ""); status != 429 {
		t.Errorf("a good code of a limited address is answered %d %s; want 429", status, word)
	}
	application := string(s.first.partner.Application)
	for i := range free + 1 {
		status, word, _ := post(somewhere(t), wrong, application)
		if limited := i >= free; limited != (status == 429) {
			t.Errorf("failure %d of an application from anywhere is answered %d %s", i+1, status, word)
		}
	}
	after := stateOf(t, s.books, s.db)
	if changed := before.changed(after); len(changed) != 1 || changed[0] != "family" { // by the new code alone
		t.Errorf("failures changed %v; want nothing but the code that was issued", changed)
	}
	if status, word, _ := post(somewhere(t), codeGrant(code), application); status != 200 {
		t.Errorf("a good code of a limited application is answered %d %s; want 200", status, word)
	}
}

// An application that sends more than the operator lets it is told to wait, and
// nobody else.
func TestARateIsKept(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			f := startFleet(t, database.open(t))
			token := f.token()
			f.besiege(t, f.first, "429 RATE_LIMITED", func() error {
				return f.operator.Limit(t.Context(), f.first.partner.Application, 1, 1)
			})
			limited := 0
			before := stateOf(t, f.books, f.db)
			const tries = 200
			for range tries {
				request := row{method: "PUT", path: "/v1/tickets/lock", body: string(lockBody("L-1", []string{token, f.void}))}
				request.with = map[string][]string{"Accept": {"text/html"}} // 406 for those it lets through
				answer, body := f.send(t, request, requestID())
				switch answer.status {
				case 429:
					limited++
					if answer.header.Get("Retry-After") != "1" || !strings.Contains(string(body), "RATE_LIMITED") {
						t.Fatalf("429 with Retry-After %q: %s; want 1", answer.header.Get("Retry-After"), body)
					}
				case 406:
				default:
					t.Fatalf("= %d %s; want 429 or 406", answer.status, body)
				}
			}
			if limited == 0 {
				t.Errorf("none of %d requests was too many", tries)
			}
			if changed := before.changed(stateOf(t, f.books, f.db)); len(changed) > 0 {
				t.Errorf("%v changed", changed)
			}
			if got := f.second.told(t, "GET", "/v1/catalog/events", nil); got != "200" {
				t.Errorf("another application is answered %s; want 200", got)
			}
			if err := f.operator.Limit(t.Context(), f.first.partner.Application, 0, 0); err != nil {
				t.Fatal(err)
			}
			for begun := time.Now(); ; {
				got := f.first.told(t, "GET", "/v1/catalog/events", nil)
				if got == "200" && time.Since(begun) > time.Second/2 {
					break
				}
				if got != "200" && got != "429 RATE_LIMITED" || time.Since(begun) > patience {
					t.Fatalf("when the limit was lifted it is answered %s; want 200", got)
				}
			}
		})
	}
}

package link_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatlink/seatlink/link"
)

// A desk is the server's rules of call 1, for one code: until a pair is used, what
// gave it is good again; within 10 s it gives the same pair, later another in its
// place; what is spent is refused and revokes everything.
type desk struct {
	tb   testing.TB
	code string
	lose func(n int, done bool) bool // whether exchange n is lost, before or after it is done
	used func(access link.Secret)    // hears of every use

	mu                  sync.Mutex
	made                int // pairs
	issued              map[string]time.Time
	access              map[string]time.Time // known access tokens: until when
	refresh             map[string]bool      // known refresh tokens, and the code
	last, before        string               // the newest pair, and what gave it
	spent               bool                 // what gave it is
	revoked             bool
	exchanges, calls    int
	refused, overlapped int
	under               atomic.Int32
}

func newDesk(tb testing.TB, code string) *desk {
	tb.Helper()
	return &desk{
		tb: tb, code: code, issued: map[string]time.Time{}, access: map[string]time.Time{}, refresh: map[string]bool{code: true},
		lose: func(int, bool) bool { return false }, used: func(link.Secret) {},
	}
}

func (d *desk) serve(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/v1/auth/token" {
		if d.under.Add(1) > 1 {
			d.overlapped++
		}
		defer d.under.Add(-1)
		return d.exchange(r)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	token := r.Header.Get("Authorization")[len("Bearer "):]
	d.used(link.Secret(token))
	until, known := d.access[token]
	switch {
	case !known:
		return reply(r, 401, string(read(d.tb, "any-call.401.auth-required.json"))), nil
	case d.revoked:
		return reply(r, 401, string(read(d.tb, "any-call.401.token-revoked.json"))), nil
	case !time.Now().Before(until):
		return reply(r, 401, string(read(d.tb, "any-call.401.token-expired.json"))), nil
	}
	if "access-"+d.last == token {
		d.spent = true
	}
	return reply(r, 200, `{"success":[]}`), nil
}

func (d *desk) exchange(r *http.Request) (*http.Response, error) {
	var asked struct{ GrantType, Code, RefreshToken string }
	text, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(text, &asked); err != nil || (asked.Code == "") != (asked.GrantType == "refresh_token") || r.Header.Get("Authorization") != "" {
		d.tb.Errorf("the exchange is %s, %v", text, err)
	}
	d.mu.Lock()
	d.exchanges++
	n := d.exchanges
	d.mu.Unlock()
	if d.lose(n, false) {
		return nil, io.ErrUnexpectedEOF
	}
	status, body := d.trade(asked.Code + asked.RefreshToken)
	if d.lose(n, true) {
		return nil, io.ErrUnexpectedEOF
	}
	return reply(r, status, body), nil
}

// trade is the server's rule.
func (d *desk) trade(shown string) (int, string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	newest := shown == "refresh-"+d.last || d.last == "" && shown == d.code
	repeat := d.last != "" && shown == d.before && !d.spent
	switch {
	case d.refresh[shown] && !d.revoked && newest:
		d.before, d.spent = shown, false
		d.issue()
	case d.refresh[shown] && !d.revoked && repeat:
		if time.Since(d.issued[d.last]) >= 10*time.Second {
			delete(d.access, "access-"+d.last)
			delete(d.refresh, "refresh-"+d.last)
			d.issue()
		}
	default:
		d.refused++
		d.revoked = d.revoked || d.refresh[shown]
		return 400, string(read(d.tb, "auth-token.4XX.json"))
	}
	return 200, fmt.Sprintf(`{"accessToken":"access-%s","expiration":%q,"refreshToken":"refresh-%s","tokenType":"Bearer"}`,
		d.last, d.access["access-"+d.last].UTC().Format("2006-01-02T15:04:05.000000000Z"), d.last)
}

func (d *desk) issue() {
	d.made++
	d.last = fmt.Sprint(d.made)
	d.issued[d.last], d.access["access-"+d.last], d.refresh["refresh-"+d.last] = time.Now(), time.Now().Add(time.Hour), true
}

// enter makes a client with the desk's code.
func (d *desk) enter(tb testing.TB, keep link.Keep) *link.Client {
	tb.Helper()
	o := options(keep, d.serve)
	o.Code = link.Secret(d.code)
	return begin(tb, o)
}

// elapse lets time pass in a bubble.
func elapse(d time.Duration) { <-time.After(d) }

func work(ctx context.Context, c *link.Client) error {
	_, err := c.Unlock(ctx, "A")
	return err
}

func TestTheCodeIsTradedOnceAndThePairRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code")
		keep := new(link.Memory)
		client := d.enter(t, keep)
		const hours = 50
		for range 2 * hours {
			if err := work(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			elapse(30 * time.Minute)
		}
		if d.exchanges < hours || d.exchanges > hours+2 || d.refused != 0 || d.calls != 2*hours {
			t.Errorf("in %d hours there were %d exchanges, %d of them refused, and %d calls", hours, d.exchanges, d.refused, d.calls)
		}
		if err := work(t.Context(), d.enter(t, keep)); err != nil || d.refused != 0 {
			t.Errorf("after a restart: %v, %d exchanges refused", err, d.refused)
		}
	})
}

// Many goroutines of two processes use one pair over days, while exchanges are
// lost on their way there and back. No call fails, nothing spent is ever shown,
// and what is used was saved before.
func TestRenewalSurvivesConcurrentUseAndLostAnswers(t *testing.T) {
	for name, lose := range map[string]func(n int, done bool) bool{
		"nothing is lost":               func(int, bool) bool { return false },
		"requests are lost":             func(n int, done bool) bool { return n%3 != 0 && !done },
		"answers are lost":              func(n int, done bool) bool { return n%3 != 0 && done },
		"what is lost changes":          func(n int, done bool) bool { return n%4 == 1 && !done || n%4 == 2 && done },
		"answers are lost for a minute": func(n int, done bool) bool { return n%5 != 0 && done },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, "code")
				d.lose = lose
				keep := &witness{Memory: new(link.Memory), saved: map[link.Secret]bool{}}
				first, second := d.enter(t, keep), d.enter(t, keep)
				d.used = func(access link.Secret) {
					if !keep.knows(access) {
						t.Errorf("%s was used before it was saved", string(access))
					}
				}
				var goroutines sync.WaitGroup
				for i := range 40 {
					client := []*link.Client{first, second}[i%2]
					goroutines.Go(func() {
						for range 30 {
							if err := work(t.Context(), client); err != nil {
								t.Errorf("a call failed: %v", err)
								return
							}
							elapse(25*time.Minute + time.Duration(i)*time.Second)
						}
					})
				}
				goroutines.Wait()
				if d.refused != 0 || d.revoked {
					t.Errorf("%d exchanges were refused; the family is revoked: %v", d.refused, d.revoked)
				}
			})
		})
	}
}

// A witness is a Keep that knows what was saved.
type witness struct {
	*link.Memory
	mu    sync.Mutex
	saved map[link.Secret]bool
}

func (w *witness) Renew(ctx context.Context, next func(link.Pair) (link.Pair, error)) error {
	return w.Memory.Renew(ctx, func(kept link.Pair) (link.Pair, error) {
		pair, err := next(kept)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.saved[pair.AccessToken] = err == nil
		return pair, err
	})
}

func (w *witness) knows(access link.Secret) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.saved[access]
}

func TestOneRenewsAndTheOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code")
		client := d.enter(t, new(link.Memory))
		var goroutines sync.WaitGroup
		for range 100 {
			goroutines.Go(func() {
				if err := work(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		}
		goroutines.Wait()
		if d.exchanges != 1 || d.overlapped != 0 {
			t.Errorf("100 goroutines exchanged %d times, %d of them at once", d.exchanges, d.overlapped)
		}
	})
}

// A try that everybody took for lost comes late, and replaces the pair that was
// given since and is not used yet.
func TestALateTryThatReplacedThePairIsMadeUpFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code")
		d.lose = func(n int, done bool) bool { return n == 1 && !done }
		var late sync.Once
		client := d.enter(t, &hook{new(link.Memory), func() {
			late.Do(func() {
				elapse(11 * time.Second)
				d.trade("code") // the first try arrives at last
			})
		}})
		for range 2 {
			if err := work(t.Context(), client); err != nil || d.refused != 0 || d.made != 2 {
				t.Fatalf("%v after %d pairs, %d exchanges refused; want the second pair", err, d.made, d.refused)
			}
		}
	})
}

type hook struct {
	link.Keep
	saved func()
}

func (h *hook) Renew(ctx context.Context, next func(link.Pair) (link.Pair, error)) error {
	err := h.Keep.Renew(ctx, next)
	h.saved()
	return err
}

func TestAPairThatCannotBeSavedIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code")
		full := errors.New("the disk is full")
		keep := &failing{Memory: new(link.Memory), err: full}
		client := d.enter(t, keep)
		err := work(t.Context(), client)
		if entry := as[*link.EntryError](t, err); !errors.Is(entry, full) || d.calls != 0 || link.Undecided(err) {
			t.Errorf("%v after %d calls; want the disk's error and no call", err, d.calls)
		}
		elapse(time.Minute)
		keep.err = nil
		if err := work(t.Context(), client); err != nil || d.refused != 0 {
			t.Errorf("when it can be saved: %v, %d exchanges refused", err, d.refused)
		}
	})
}

type failing struct {
	*link.Memory
	err error
}

func (f *failing) Renew(ctx context.Context, next func(link.Pair) (link.Pair, error)) error {
	return f.Memory.Renew(ctx, func(kept link.Pair) (link.Pair, error) {
		pair, err := next(kept)
		return pair, cmp.Or(err, f.err)
	})
}

// Another process has renewed the pair: it is found kept, by the clock and by the
// server's refusal.
func TestARenewalByAnotherProcessIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code")
		keep := new(link.Memory)
		first, second := d.enter(t, keep), d.enter(t, keep)
		for _, client := range []*link.Client{first, second} {
			if err := work(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		elapse(time.Hour)
		for _, client := range []*link.Client{first, second} {
			if err := work(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		if d.exchanges != 2 || d.refused != 0 {
			t.Errorf("%d exchanges, %d refused; want one for the code and one for both processes", d.exchanges, d.refused)
		}
	})
}

func TestAClockThatIsWrongCostsNoMoreThanARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code")
		keep := new(link.Memory)
		client := d.enter(t, keep)
		if err := work(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		// The server's clock is far ahead: the token expired before we thought so.
		d.access["access-1"] = time.Now()
		if err := work(t.Context(), client); err == nil {
			t.Error("a pair that is a moment old was renewed; want the server's word")
		}
		elapse(2 * time.Minute)
		if err := work(t.Context(), client); err != nil || d.exchanges != 2 || d.refused != 0 {
			t.Errorf("%v after %d exchanges; want success after two", err, d.exchanges)
		}
	})
}

func TestARefusedCredentialIsShownOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, "code")
		keep := new(link.Memory)
		client := d.enter(t, keep)
		if err := work(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		d.revoked = true
		elapse(time.Hour)
		for range 10 {
			err := work(t.Context(), client)
			if said := as[*link.Error](t, err); said.Code != link.CodeInvalidGrant || link.Undecided(err) {
				t.Errorf("of a revoked family: %v", err)
			}
		}
		if d.exchanges != 2 {
			t.Errorf("%d exchanges; want the code's and one that was refused", d.exchanges)
		}
		// The operator gives a new code; the client starts again over what it kept.
		again := newDesk(t, "new")
		for range 2 {
			if err := work(t.Context(), again.enter(t, keep)); err != nil || again.exchanges != 2 {
				t.Errorf("with a new code: %v after %d exchanges; want success after two", err, again.exchanges)
			}
		}
	})
}

func TestWithoutPairAndCodeThereIsNoWayIn(t *testing.T) {
	o := options(new(link.Memory), func(r *http.Request) (*http.Response, error) {
		t.Errorf("the server was asked for %s", r.URL.Path)
		return nil, io.EOF
	})
	if err := work(t.Context(), begin(t, o)); !errors.Is(err, link.ErrNoCode) {
		t.Errorf("%v; want ErrNoCode", err)
	}
}

func TestAFileKeepsThePairForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pair.json")
	one, other := link.File(path), link.File(path)
	pair := func(n string) link.Pair {
		return link.Pair{AccessToken: link.Secret("a" + n), RefreshToken: link.Secret("r" + n), Expiration: time.Now().UTC().Round(0), Code: "c"}
	}
	replace := func(file link.File, want, next link.Pair) {
		t.Helper()
		err := file.Renew(t.Context(), func(kept link.Pair) (link.Pair, error) {
			if kept != want {
				t.Errorf("%v is kept; want %v", kept, want)
			}
			return next, nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	first, second := pair("1"), pair("2")
	replace(one, link.Pair{}, first)
	replace(other, first, second)
	full := errors.New("no")
	if err := one.Renew(t.Context(), func(link.Pair) (link.Pair, error) { return first, full }); !errors.Is(err, full) {
		t.Errorf("Renew = %v; want the error of next", err)
	}
	replace(one, second, second)
	for _, file := range []string{path, path + ".lock"} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", file, info, err)
		}
	}
	if err := os.WriteFile(path, []byte(`{"accessToken":"ses`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := one.Renew(t.Context(), func(link.Pair) (link.Pair, error) { panic("asked") }); err == nil || strings.Contains(err.Error(), "ses") {
		t.Errorf("half a file was read as a pair, or shown: %v", err)
	}
}

// Who shares a file takes turns, and gives up when the context ends.
func TestAFileIsRenewedByOneAtATime(t *testing.T) {
	file := link.File(filepath.Join(t.TempDir(), "pair.json"))
	var inside, turns int
	var goroutines sync.WaitGroup
	for range 20 {
		goroutines.Go(func() {
			err := file.Renew(t.Context(), func(kept link.Pair) (link.Pair, error) {
				inside++
				defer func() { inside-- }()
				turns++
				if inside != 1 || kept.Code != fmt.Sprint(turns-1) && turns > 1 {
					t.Errorf("%d are inside; kept is %s at turn %d", inside, kept.Code, turns)
				}
				return link.Pair{RefreshToken: link.Secret(fmt.Sprint(turns)), Code: fmt.Sprint(turns)}, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	goroutines.Wait()
	if turns != 20 {
		t.Errorf("%d turns; want 20", turns)
	}
	err := file.Renew(t.Context(), func(kept link.Pair) (link.Pair, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := file.Renew(ctx, func(link.Pair) (link.Pair, error) { panic("two inside") }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a second Renew = %v; want the deadline", err)
		}
		return kept, nil
	})
	if err != nil {
		t.Error(err)
	}
}

package main

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/link/linktest"
	hear "github.com/seatlink/seatlink/link/receive"
)

// An snsMarket keeps the seats that may not be listed, as SNS tells it of them.
type snsMarket struct {
	mu     sync.Mutex
	locked map[string]bool
}

func (m *snsMarket) take(_ context.Context, told hear.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range told.Seats {
		if at := s.AccessID + "|" + s.Section + "|" + s.Row + "|" + s.Seat; s.Status == hear.Lock {
			m.locked[at] = true
		} else {
			delete(m.locked, at)
		}
	}
	return nil
}

func (m *snsMarket) seats() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.locked)
}

// Locks over HTTP go through SNS to a market: a call is throttled, entries of
// batches fail, an answer is lost, deliveries overtake each other and are refused.
// The market's map is the database's in the end.
func TestLocksReachAMarketThroughSNSWhateverFailsOnTheWay(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			order := rand.New(rand.NewPCG(1, 2))
			amazon, err := linktest.NewSNS(linktest.SNSOptions{Next: order.IntN, RetryDelay: time.Millisecond, Retries: 100})
			if err != nil {
				t.Fatal(err)
			}
			defer amazon.Close()
			db := database.open(t)
			key, callers := furnish(t, db, "market", "rival")
			tokens := freeTokens(t, db)[:120]
			secret := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(secret, []byte(linktest.SecretKey+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			server, url := serveSandbox(t, db, key)
			rival := callers[1]
			rival.url = url
			added := launch(t, "subscription", "add", amazon.URL, "--sns-topic", "seats-999", "--sns-region", "us-east-1", "--sns-key-id", linktest.KeyID, "--sns-key-file", secret,
				"--channel", "market", "--organization", "999", "--db", db, "--key", key, "--output", "json")
			if err := added.wait(); err != nil {
				t.Fatalf("subscription add: %v\n%s", err, added.errs)
			}
			var subscription struct{ ID, Topic, Secret string }
			decode(t, added.out.String(), &subscription)
			if subscription.Secret != "" || !strings.HasSuffix(subscription.Topic, ":seats-999") {
				t.Errorf("subscription add tells %+v", subscription)
			}

			market := &snsMarket{locked: map[string]bool{}}
			handler := hear.New(hear.Options{SNS: &hear.SNS{Topics: []string{subscription.Topic}, Host: amazon.Host, Client: amazon.Client(), Roots: amazon.Roots}}, market.take)
			receiver := httptest.NewServer(handler)
			defer receiver.Close()
			if err := amazon.Subscribe(subscription.Topic, receiver.URL, false, `{"messageEntity":["seats"],"organization":[999]}`); err != nil {
				t.Fatal(err)
			}
			if drained := amazon.Drain(t.Context()); drained != nil || !amazon.Confirmed(subscription.Topic) {
				t.Fatalf("the subscription is not confirmed: %v", drained)
			}
			books := look(t, db)
			agree := func(when string) {
				t.Helper()
				want := map[string]bool{}
				query(t, books, func(scan func(...any) error) error {
					var event, section, row, seat string
					err := scan(&event, &section, &row, &seat)
					want[event+"|"+section+"|"+row+"|"+seat] = true
					return err
				}, `SELECT event, section, row, seat FROM ticket WHERE hold = 'lock' AND hold_by = 'rival'`)
				deadline, tick := time.After(patience), time.NewTicker(10*time.Millisecond)
				defer tick.Stop()
				for !maps.Equal(market.seats(), want) {
					select {
					case <-deadline:
						t.Fatalf("%s the market knows %d seats as locked; want %d", when, len(market.seats()), len(want))
					case <-tick.C:
					}
				}
			}

			amazon.Throttle(1)
			rival.want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", tokens[:60])), nil)
			agree("after a call that was throttled")

			var mu sync.Mutex
			failed := map[string]bool{}
			amazon.Fail(func(p linktest.Published) *linktest.Failure {
				mu.Lock()
				defer mu.Unlock()
				if id := p.Attributes["sequence"].Value; !failed[id] && strings.HasSuffix(id, "3") {
					failed[id] = true
					return &linktest.Failure{Code: "InternalError"}
				}
				return nil
			})
			before := len(amazon.Published(subscription.Topic))
			rival.want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-2", tokens[60:])), nil)
			agree("after entries failed")
			mu.Lock()
			if got := len(amazon.Published(subscription.Topic)) - before; len(failed) == 0 || got != 60 {
				t.Errorf("%d entries failed, and 60 seats were published %d times; want some, and each once", len(failed), got)
			}
			mu.Unlock()

			amazon.Fail(nil)
			amazon.LoseAnswers(1)
			rival.want(t, 200, "PUT", "/v1/tickets/unlock", json.RawMessage(unlockBody(tokens[:40])), nil)
			rival.want(t, 200, "POST", "/v1/cart/complete-order", json.RawMessage(saleBody("O-1", "ada", tokens[40:60])), nil)
			agree("after an answer was lost")
			if n := len(market.seats()); n != 60 {
				t.Errorf("the market knows %d seats as locked; want 60", n)
			}
			server.stop()
			audit(t, db)
			if log := server.errs.String(); strings.Contains(log, linktest.SecretKey) || strings.Contains(log, linktest.KeyID) {
				t.Errorf("the log tells the keys:\n%s", log)
			}
		})
	}
}

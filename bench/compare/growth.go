package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// growthCalls are what is measured as a house grows, in the order it is done:
// sales last, after all rounds of the others, for what is sold stays so.
var growthCalls = []string{"lock", "verify", "listing", "catalog", "feed", "push", "complete"}

// growth measures each call as the tickets grow, over 100 events, and as the events
// grow, over as many tickets. A house of one event may have 250,000 seats at most.
func growth(ctx context.Context, o options, most int) error {
	const steady = 200_000
	r := newResults(o)
	var byTickets, byEvents []house
	for n := 10_000; n <= most; n *= 10 {
		byTickets = append(byTickets, house{tickets: n, events: 100, listings: 100})
	}
	for n := 1; n <= 1000; n *= 10 {
		byEvents = append(byEvents, house{tickets: min(steady, most), events: n, listings: 100})
	}
	name := func(what string, h house) string { return fmt.Sprintf("%s %d/%d", what, h.tickets, h.events) }
	for _, h := range distinct(slices.Concat(byTickets, byEvents)) {
		progress("a house of %d tickets in %d events", h.tickets, h.events)
		s, _, err := lite(ctx, o, h, fmt.Sprintf("growth-%d-%d", h.tickets, h.events))
		if err != nil {
			return err
		}
		last := len(growthCalls) - 1
		for _, calls := range [][]string{growthCalls[:last], growthCalls[last:]} {
			for round := 1; round <= o.Rounds && err == nil; round++ {
				for _, what := range calls {
					var l lap
					n := beside(func() { l, err = s.one(ctx, o, r, what, name("lock", h)) })
					if err != nil {
						err = fmt.Errorf("%s: %w", name(what, h), err)
						break
					}
					l.noise, l.Contestant, l.Clients, l.Round = n, name(what, h), growthClients, round
					r.Laps = append(r.Laps, l)
					progress("round %d, %-24s %7.0f/s  p99 %6.1f ms  others %.2f cores %s", round, l.Contestant, l.Rate, l.P99, l.Foreign, l.Void)
				}
			}
		}
		if err == nil {
			err = s.audit(ctx)
		}
		s.server.stop()
		_ = s.db.Close()
		if err != nil {
			return err
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s; %s; SQLite, %d clients; %d rounds of %g s, medians (lowest to highest) a second; push in seats a second to one subscriber.\n\n",
		r.When.Format("2006-01-02 15:04 UTC"), r.Machine, growthClients, o.Rounds, o.Each)
	picture := ""
	for _, axis := range []struct {
		what   string
		houses []house
		label  func(house) string
	}{
		{"tickets in 100 events", byTickets, func(h house) string { return fmt.Sprint(h.tickets) }},
		{fmt.Sprintf("events, %d tickets", min(steady, most)), byEvents, func(h house) string { return fmt.Sprint(h.events) }},
	} {
		var labels []string
		b.WriteString("| " + axis.what + " |")
		for _, h := range axis.houses {
			labels = append(labels, axis.label(h))
			b.WriteString(" " + axis.label(h) + " |")
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(labels)) + "\n")
		var series []line2d
		for _, what := range growthCalls {
			line := line2d{name: what}
			b.WriteString("| " + what + " |")
			for _, h := range axis.houses {
				all := r.of(name(what, h), growthClients, rate)
				line.y = append(line.y, median(all))
				fmt.Fprintf(&b, " %.0f (%.0f to %.0f) |", median(all), slices.Min(all), slices.Max(all))
			}
			b.WriteString("\n")
			series = append(series, line)
		}
		b.WriteString("\n")
		if picture == "" {
			picture = plot("A second, by tickets", labels, series)
		}
	}
	return errors.Join(r.keep(o, "growth", o.Rounds >= 5 && most >= 1_000_000, b.String(), picture), r.voids())
}

// distinct leaves out what comes twice: a small run may have one house on both axes.
func distinct(all []house) (each []house) {
	for _, h := range all {
		if !slices.Contains(each, h) {
			each = append(each, h)
		}
	}
	return each
}

const growthClients = 32

// one measures one call once.
func (s *seatlink) one(ctx context.Context, o options, r *results, what, lock string) (lap, error) {
	switch what {
	case "lock":
		l, err := s.locks(ctx, growthClients, o.Seconds, 0)
		if err != nil {
			return l, err
		}
		return l, s.unlock(ctx)
	case "verify":
		return s.verifies(ctx, growthClients, o.Seconds)
	case "listing":
		return s.looks(ctx, growthClients, o.Seconds)
	case "catalog":
		return s.catalogs(ctx, growthClients, o.Seconds)
	case "feed":
		return s.feeds(ctx, growthClients, o.Seconds)
	case "push":
		return s.pushes(ctx, o.Seconds)
	}
	blocks := int(2*o.Each*median(r.of(lock, growthClients, rate)))/o.Rounds + 100
	return s.sales(ctx, growthClients, o.Seconds, blocks)
}

// feeds reads pages of 100 seats from the feed's beginning on, each client its own
// way. All changes are the channel's own, so it asks for those too: without echo
// a page is a walk over the whole journal for nothing.
func (s *seatlink) feeds(ctx context.Context, clients int, d time.Duration) (lap, error) {
	return drive(ctx, s.host, clients, d, 0, func(int) asker {
		after := "0"
		return func() (ask, bool) {
			return ask{s.request("GET", "/v1/feed/seats?limit=100&echo=true&after="+after, "").text, func(body []byte) bool {
				var page struct {
					Data     struct{ Seats []json.RawMessage }
					Metadata struct {
						Position string
						More     bool
					}
				}
				if json.Unmarshal(body, &page) != nil || page.Metadata.Position == "" || after == "0" && len(page.Data.Seats) == 0 {
					return false
				}
				if after = page.Metadata.Position; !page.Metadata.More {
					after = "0"
				}
				return true
			}}, true
		}
	})
}

// pushes has a subscriber receive what one lap of locks and unlocks changed while
// it was paused: how fast it catches up, in seats.
func (s *seatlink) pushes(ctx context.Context, d time.Duration) (lap, error) {
	var seats atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return lap{}, err
	}
	subscriber := http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seats.Add(int64(strings.Count(string(body), `"status":`)))
		w.WriteHeader(http.StatusNoContent)
	})}
	go func() { _ = subscriber.Serve(listener) }()
	defer subscriber.Close()
	verb := func(what string, args ...string) (string, error) {
		return call(ctx, s.program, append([]string{"subscription", what, "--db", s.url, "--output", "json"}, args...)...)
	}
	out, err := verb("add", "http://"+listener.Addr().String()+"/", "--channel", channel, "--organization", "999", "--echo")
	if err != nil {
		return lap{}, err
	}
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(out), &made); err != nil || made.ID == "" {
		return lap{}, fmt.Errorf("a subscription without an id: %s %w", out, err)
	}
	if _, err := verb("pause", made.ID); err != nil {
		return lap{}, err
	}
	already := seats.Load()
	locked, err := s.locks(ctx, growthClients, d, 0)
	if err != nil {
		return locked, err
	}
	want := already + int64(locked.Done)*blockSize
	if _, err := verb("resume", made.ID); err != nil {
		return lap{}, err
	}
	began := time.Now() // the command's own end is not counted: it is over
	for seats.Load() < want {
		if time.Since(began) > patience {
			return lap{}, fmt.Errorf("of %d seats the subscriber heard of %d", want, seats.Load())
		}
		time.Sleep(time.Millisecond)
	}
	took := time.Since(began)
	if _, err := verb("remove", made.ID); err != nil {
		return lap{}, err
	}
	l := lap{Done: locked.Done * blockSize, Seconds: took.Seconds(), Rate: float64(locked.Done*blockSize) / took.Seconds(), Void: locked.Void}
	return l, s.unlock(ctx)
}

package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seatlink/seatlink/internal/push"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

// newRelay is who carries changes to subscribers.
func (s *server) newRelay(tail *push.Tail) *push.Relay {
	options := push.RelayOptions{}
	if m := s.watch.meter; m != nil {
		options.Met = func(class string) { m.attempts.WithLabelValues(class).Inc() }
	}
	return push.NewRelay(s.store, tail, push.Ways{Webhook: push.NewWebhook(s.door, time.Now), SNS: push.NewSNS(s.door)}, s.log, options)
}

// replays are what operators do with subscriptions.
func replays(store *sqlstore.Store) push.Replay {
	return push.Replay{Subscriptions: store, Letters: store, Journal: store}
}

// subscriptions adds how far each subscription is behind.
func (m *meter) subscriptions(read func(context.Context) ([]push.Lag, error)) {
	describe := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("seatlink_subscription_"+name, help, []string{"subscription", "channel", "entity"}, nil)
	}
	m.registry.MustRegister(&subscriptionMeter{
		read:    read,
		rows:    describe("lag_rows", "Rows of the journal that the subscription has not passed."),
		seconds: describe("lag_seconds", "How long ago the first of them was written; 0 where there is none."),
		dead:    describe("dead_letters", "Seats or events that the subscriber refused, of the last 30 days."),
		active:  describe("active", "1 while messages go to the subscription, 0 while it is paused, disabled or must resync, or its partner is shut out."),
	})
}

// A subscriptionMeter asks the database when it is asked itself. Its labels are of
// subscriptions, which operators add one by one.
type subscriptionMeter struct {
	read                        func(context.Context) ([]push.Lag, error)
	rows, seconds, dead, active *prometheus.Desc
}

// Describe is prometheus.Collector's.
func (s *subscriptionMeter) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{s.rows, s.seconds, s.dead, s.active} {
		out <- desc
	}
}

// Collect is prometheus.Collector's. A database that is away tells nothing.
func (s *subscriptionMeter) Collect(out chan<- prometheus.Metric) {
	ctx, done := context.WithTimeout(context.Background(), progressTime)
	defer done()
	all, err := s.read(ctx)
	if err != nil {
		return
	}
	for _, lag := range all {
		tell := func(desc *prometheus.Desc, value float64) {
			out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, lag.ID, string(lag.Channel), string(lag.Entity))
		}
		tell(s.rows, float64(lag.Rows))
		tell(s.dead, float64(lag.Dead))
		seconds, active := 0.0, 0.0
		if !lag.Oldest.IsZero() {
			seconds = max(time.Since(lag.Oldest).Seconds(), 0)
		}
		if lag.State == push.Active && !lag.Rests {
			active = 1
		}
		tell(s.seconds, seconds)
		tell(s.active, active)
	}
}

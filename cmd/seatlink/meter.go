package main

import (
	"context"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A meter is the process in numbers. Labels are routes, statuses and codes of the
// catalogue of errors, of which there are few and ours: never a token, a seat, or
// what a partner wrote.
type meter struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec   // by route, status, code
	took      *prometheus.HistogramVec // by route
	inHand    prometheus.Gauge
	batches   *prometheus.HistogramVec // seconds, by kind
	batchActs prometheus.Histogram
	waits     prometheus.Histogram
	acts      *prometheus.CounterVec // by outcome
	bugs      prometheus.Counter
	catalogs  *prometheus.CounterVec // by whether it was known
	attempts  *prometheus.CounterVec // to deliver a message, by the kind of the answer
}

// The outcomes of an act.
const (
	actDone    = "done"
	actRefused = "refused" // by its own rules
	actBusy    = "busy"    // it never ran: the queue was full, or no writer had time
	actFailed  = "failed"
)

func newMeter() *meter {
	const name = "seatlink"
	counter := func(what, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: name, Name: what, Help: help}, labels)
	}
	times := func(what, help string, from float64, labels ...string) *prometheus.HistogramVec {
		const steps = 14 // each twice the one before
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: name, Name: what, Help: help, Buckets: prometheus.ExponentialBuckets(from, 2, steps),
		}, labels)
	}
	m := &meter{
		registry: prometheus.NewRegistry(),
		requests: counter("requests_total", "Requests answered, by route, status and error code.", "route", "status", "code"),
		took:     times("request_seconds", "How long requests took, by route.", 0.001, "route"),
		inHand: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: name, Name: "requests_in_hand", Help: "Requests that have no answer yet.",
		}),
		batches: times("batch_seconds", "How long transactions took, of acts or of solo work.", 0.00025, "kind"),
		batchActs: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: name, Name: "batch_acts", Help: "Acts that shared a transaction.", Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}),
		waits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: name, Name: "act_seconds", Help: "How long callers waited for the verdict on an act.", Buckets: prometheus.ExponentialBuckets(0.00025, 2, 14),
		}),
		acts:     counter("acts_total", "Acts by outcome; busy ones never ran.", "outcome"),
		bugs:     prometheus.NewCounter(prometheus.CounterOpts{Namespace: name, Name: "bugs_total", Help: "Statements that changed another number of rows than they must. Anything but 0 is a bug."}),
		catalogs: counter("catalog_reads_total", "Catalogs asked for, by whether the one in memory was good.", "known"),
		attempts: counter("message_attempts_total", "Attempts to deliver a message to a subscriber, by the kind of the answer.", "answer"),
	}
	m.registry.MustRegister(m.requests, m.took, m.inHand, m.batches, m.batchActs, m.waits, m.acts, m.bugs, m.catalogs, m.attempts,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), build())
	for _, outcome := range []string{actDone, actRefused, actBusy, actFailed} {
		m.acts.WithLabelValues(outcome) // there from the start, so that rates are
	}
	return m
}

// build is what runs, as labels of a 1.
func build() prometheus.Collector {
	version, revision, goVersion := builtFrom()
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "seatlink", Name: "build_info", Help: "What runs, as labels.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "go": goVersion},
	})
	g.Set(1)
	return g
}

// builtFrom is what the binary knows of itself.
func builtFrom() (version, revision, goVersion string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown", "unknown", "unknown"
	}
	version, revision = info.Main.Version, "unknown"
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return version, revision, info.GoVersion
}

// gauge adds a number that is read when it is asked for.
func (m *meter) gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "seatlink", Name: name, Help: help}, read))
}

// progress adds the numbers that are in the database.
func (m *meter) progress(read func(context.Context) (boxoffice.Progress, error)) {
	describe := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("seatlink_"+name, help, nil, nil)
	}
	m.registry.MustRegister(&progressMeter{
		read:       read,
		position:   describe("journal_position", "The last row of the journal that has a position."),
		unnumbered: describe("journal_unnumbered_batches", "Batches whose rows have no position yet; counted up to 10,000."),
		due:        describe("tasks_due", "Tasks that should be worked on now; counted up to 10,000."),
	})
}

// A progressMeter asks the database when it is asked itself.
type progressMeter struct {
	read                      func(context.Context) (boxoffice.Progress, error)
	position, unnumbered, due *prometheus.Desc
}

// progressTime bounds how long the database may take.
const progressTime = 2 * time.Second

// Describe is prometheus.Collector's.
func (p *progressMeter) Describe(out chan<- *prometheus.Desc) {
	out <- p.position
	out <- p.unnumbered
	out <- p.due
}

// Collect is prometheus.Collector's. A database that is away has no progress, and
// the other numbers are told all the same.
func (p *progressMeter) Collect(out chan<- prometheus.Metric) {
	ctx, done := context.WithTimeout(context.Background(), progressTime)
	defer done()
	now, err := p.read(ctx)
	if err != nil {
		return
	}
	for desc, value := range map[*prometheus.Desc]int64{p.position: now.Position, p.unnumbered: now.Unnumbered, p.due: now.Due} {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value))
	}
}

// handler answers Prometheus.
func (m *meter) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *meter) served(route string, status int, code string, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status), code).Inc()
	m.took.WithLabelValues(route).Observe(took.Seconds())
}

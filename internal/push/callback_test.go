package push

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A receiver answers the attempts of this number, the first is 1.
type receiver func(attempt int, r *http.Request) (*http.Response, error)

// ledger holds one callback.
type ledger struct {
	callback boxoffice.Callback
	missing  bool
	fail     error // of SettleCallback
	settled  int
}

func (l *ledger) Callback(_ context.Context, id boxoffice.ProcessID) (boxoffice.Callback, bool, error) {
	return l.callback, !l.missing && id == l.callback.Process, nil
}

func (l *ledger) SettleCallback(ctx context.Context, c boxoffice.Callback) error {
	if l.fail != nil || ctx.Err() != nil {
		return errors.Join(l.fail, ctx.Err())
	}
	l.callback = c
	l.settled++
	return nil
}

const secretPath = "https://hooks.example.com/callback?key=canary"

func owing() *ledger {
	return &ledger{callback: boxoffice.Callback{Process: "P-1", Channel: "first", URL: secretPath, State: boxoffice.CallbackOwed}}
}

var theTask = boxoffice.ClaimedTask{Task: boxoffice.Task{ID: "callback/P-1", Kind: "callback", Subject: "P-1"}}

func status(code int) receiver {
	return func(int, *http.Request) (*http.Response, error) { return answering(code, nil), nil }
}

func answering(code int, header http.Header) *http.Response {
	return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader("canary of the receiver"))}
}

// A round is one courier with its receiver.
type round struct {
	courier *Courier
	log     bytes.Buffer
	at      []time.Time // attempts
	bodies  []string
}

func (r receiver) round(l *ledger) *round {
	made := &round{}
	door := NewDoor(Rules{})
	door.http.Transport = roundTripper(func(request *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(request.Body)
		made.at, made.bodies = append(made.at, time.Now()), append(made.bodies, string(body))
		return r(len(made.at), request)
	})
	body := func(_ context.Context, id boxoffice.ProcessID) ([]byte, error) { return []byte("body of " + id), nil }
	made.courier = NewCourier(l, body, door, slog.New(slog.NewTextHandler(&made.log, nil)))
	return made
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// work does what a clerk does, until the task is done.
func (r *round) work(t *testing.T) {
	t.Helper()
	for {
		again, err := r.courier.Deliver(t.Context(), theTask)
		if err != nil {
			t.Fatalf("Deliver: %v", err)
		}
		if again == 0 {
			return
		}
		<-time.After(again)
	}
}

func TestACallbackIsTriedUntilItIsTakenOrGivenUp(t *testing.T) {
	down := func(int, *http.Request) (*http.Response, error) { return nil, errors.New("no route to canary") }
	for _, tt := range []struct {
		name     string
		receiver receiver
		attempts int
		state    boxoffice.CallbackState
		note     string
		least    time.Duration // from the first attempt to the last, jitter included
		most     time.Duration
	}{
		{"204 at once", status(204), 1, boxoffice.CallbackDelivered, "2xx", 0, 0},
		{"500 twice, then 204", func(n int, _ *http.Request) (*http.Response, error) {
			return answering([]int{500, 500, 204}[n-1], nil), nil
		}, 3, boxoffice.CallbackDelivered, "2xx", 4800 * time.Millisecond, 7200 * time.Millisecond},
		{"500 for ever", status(500), 18, boxoffice.CallbackDead, "5xx", 57 * time.Hour, 87 * time.Hour},
		{"unreached for ever", down, 18, boxoffice.CallbackDead, "unreached", 57 * time.Hour, 87 * time.Hour},
		{"404 for ever", status(404), 18, boxoffice.CallbackDead, "4xx", 57 * time.Hour, 87 * time.Hour},
		{"a redirect for ever", status(302), 18, boxoffice.CallbackDead, "3xx", 57 * time.Hour, 87 * time.Hour},
		{"400 for ever", status(400), 5, boxoffice.CallbackDead, "4xx", 10 * time.Minute, 15*time.Minute + 10*time.Second},
		{"410", status(410), 1, boxoffice.CallbackDead, "4xx", 0, 0},
		{"well at the last attempt", func(n int, _ *http.Request) (*http.Response, error) {
			if n < 18 {
				return down(n, nil)
			}
			return answering(202, nil), nil
		}, 18, boxoffice.CallbackDelivered, "2xx", 57 * time.Hour, 87 * time.Hour},
		{"429 that asks for two hours", func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return answering(429, http.Header{"Retry-After": {"7200"}}), nil
			}
			return answering(204, nil), nil
		}, 2, boxoffice.CallbackDelivered, "2xx", 2 * time.Hour, 2 * time.Hour},
		{"503 that asks for a year", func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return answering(503, http.Header{"Retry-After": {"31536000"}}), nil
			}
			return answering(204, nil), nil
		}, 2, boxoffice.CallbackDelivered, "2xx", 8 * time.Hour, 8 * time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := owing()
				r := tt.receiver.round(l)
				r.work(t)
				got := l.callback
				if len(r.at) != tt.attempts || got.Attempts != tt.attempts || l.settled != tt.attempts || got.State != tt.state || got.Note != tt.note {
					t.Errorf("%d attempts left %+v, settled %d times; want %d, %s, %s", len(r.at), got, l.settled, tt.attempts, tt.state, tt.note)
				}
				if took := r.at[len(r.at)-1].Sub(r.at[0]); took < tt.least || took > tt.most {
					t.Errorf("the last attempt came after %v; want %v to %v", took, tt.least, tt.most)
				}
				if slices.ContainsFunc(r.bodies, func(body string) bool { return body != "body of P-1" }) {
					t.Errorf("bodies sent: %q", r.bodies)
				}
				// Running again after it is settled sends nothing.
				r.work(t)
				if len(r.at) != tt.attempts {
					t.Errorf("%d attempts after it was settled", len(r.at)-tt.attempts)
				}
				if log := r.log.String(); strings.Contains(log, "canary") {
					t.Errorf("the log tells the address or what the receiver said:\n%s", log)
				}
				if dead := strings.Count(r.log.String(), "a callback is given up"); (dead == 1) != (tt.state == boxoffice.CallbackDead) {
					t.Errorf("%d lines tell that it was given up:\n%s", dead, &r.log)
				}
				if notices := strings.Count(r.log.String(), "takes no callback"); (notices == 1) != (tt.attempts > noticeAttempt) {
					t.Errorf("%d notices:\n%s", notices, &r.log)
				}
			})
		})
	}
}

func TestAProcessThatOwesNothingSendsNothing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*ledger)
	}{
		{"there is none", func(l *ledger) { l.missing = true }},
		{"it was delivered", func(l *ledger) { l.callback.State = boxoffice.CallbackDelivered }},
		{"it was given up", func(l *ledger) { l.callback.State = boxoffice.CallbackDead }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := owing()
			tt.spoil(l)
			r := status(204).round(l)
			r.work(t)
			if len(r.at) != 0 || l.settled != 0 {
				t.Errorf("%d sent, %d settled; want none", len(r.at), l.settled)
			}
		})
	}
	t.Run("it waits again", func(t *testing.T) {
		l := owing()
		r := status(204).round(l)
		r.courier.body = func(context.Context, boxoffice.ProcessID) ([]byte, error) { return nil, nil }
		r.work(t)
		if len(r.at) != 0 || l.settled != 0 {
			t.Errorf("%d sent, %d settled; want none", len(r.at), l.settled)
		}
	})
}

func TestAnAttemptThatWeCutShortDoesNotCount(t *testing.T) {
	l := owing()
	ctx, stop := context.WithCancel(t.Context())
	r := receiver(func(_ int, request *http.Request) (*http.Response, error) {
		stop()
		<-request.Context().Done()
		return nil, request.Context().Err()
	}).round(l)
	if _, err := r.courier.Deliver(ctx, theTask); !errors.Is(err, context.Canceled) {
		t.Errorf("Deliver = %v; want that it was cancelled", err)
	}
	if l.settled != 0 {
		t.Errorf("settled as %+v; want nothing written", l.callback)
	}
}

func TestAnAnswerIsWrittenDownThoughWeAreToStop(t *testing.T) {
	l := owing()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := receiver(func(int, *http.Request) (*http.Response, error) {
		response := answering(204, nil)
		response.Body = closing{response.Body, stop}
		return response, nil
	}).round(l)
	if again, err := r.courier.Deliver(ctx, theTask); again != 0 || err != nil {
		t.Errorf("Deliver = %v, %v; want that it is done", again, err)
	}
	if l.callback.State != boxoffice.CallbackDelivered {
		t.Errorf("the callback is %+v; want it delivered", l.callback)
	}
}

// closing does something when the body is closed.
type closing struct {
	io.Reader
	then func()
}

func (c closing) Close() error { c.then(); return nil }

func TestABodyOrARecordThatFailsLeavesTheCallbackOwed(t *testing.T) {
	trouble := errors.New("books away")
	l := owing()
	r := status(204).round(l)
	r.courier.body = func(context.Context, boxoffice.ProcessID) ([]byte, error) { return nil, trouble }
	if _, err := r.courier.Deliver(t.Context(), theTask); !errors.Is(err, trouble) || len(r.at) != 0 {
		t.Errorf("without a body: %v and %d sent; want the trouble and none", err, len(r.at))
	}
	l.fail = trouble
	r = status(204).round(l)
	if _, err := r.courier.Deliver(t.Context(), theTask); !errors.Is(err, trouble) {
		t.Errorf("without a record: %v; want the trouble", err)
	}
	l.fail = nil
	r.work(t)
	if l.callback.State != boxoffice.CallbackDelivered || len(r.at) != 2 {
		t.Errorf("it ended as %+v after %d sent; want delivered, the second time", l.callback, len(r.at))
	}
}

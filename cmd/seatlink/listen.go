package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/operatorapi"
	"github.com/seatlink/seatlink/internal/push"
)

type listenCommand struct {
	Channel      string `help:"The channel code to hear as." required:"" placeholder:"CODE"`
	Organization int64  `help:"The organization to hear of." required:"" placeholder:"ID"`
	Entity       string `help:"seats, events or both." enum:"seats,events,both" default:"both"`
	Echo         bool   `help:"Hear of the channel's own locks too."`
	operating
}

// Help is the longer text of seatlink listen --help.
func (listenCommand) Help() string {
	return `Examples:
  seatlink listen --channel market --organization 999
  seatlink listen --channel market --organization 999 --entity seats --echo

It is a receiver on this machine that subscribes itself for as long as it runs, and prints each seat or event as it comes
with the time since its change was written. The server must be a sandbox (seatlink demo, or serve --sandbox): others send
to https alone. Ctrl-C ends it and its subscriptions; where it is killed they end within 45 seconds.

` + besideAServer
}

const (
	// hangUpTime is what removing the subscriptions may take at the end.
	hangUpTime = 5 * time.Second
	// maxHeard bounds a message, which has 100 seats.
	maxHeard = 1 << 20
)

// Run listens until it is told to stop.
func (c *listenCommand) Run(w *surroundings) (err error) {
	if path, isFile := strings.CutPrefix(c.DB, "sqlite:"); isFile {
		house, err := serverOf(w.ctx, path, "listen")
		if err != nil {
			return err
		}
		if house == nil {
			return fmt.Errorf("no server runs on %s: nothing would send", path)
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(w.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: &ear{out: w}, ReadHeaderTimeout: readHeaderTime, ReadTimeout: readTime}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	defer func() { err = errors.Join(err, server.Close()) }()
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		return c.listen(ctx, w, house, "http://"+listener.Addr().String(), ended)
	})
}

const (
	// listenFor is how long its subscriptions outlive a listener that is killed; they
	// are renewed often enough that one renewal may fail.
	listenFor  = 45 * time.Second
	renewAfter = 15 * time.Second
)

// listen subscribes, and holds on to that until ctx or the receiver ends.
func (c *listenCommand) listen(ctx context.Context, w *surroundings, house *operatorapi.Client, endpoint string, ended <-chan error) (err error) {
	entities := []string{c.Entity}
	if c.Entity == "both" {
		entities = []string{"seats", "events"}
	}
	var ids []string
	defer func() {
		last, done := context.WithTimeout(context.WithoutCancel(ctx), hangUpTime)
		defer done()
		for _, id := range ids {
			if gone := house.Unsubscribe(last, id); !errors.Is(gone, fault.SubscriptionUnknown) {
				err = errors.Join(err, gone)
			}
		}
	}()
	for _, entity := range entities {
		s, err := house.Subscribe(ctx, operatorapi.NewSubscription{
			Channel: c.Channel, OrganizationID: c.Organization, Entity: entity, Echo: c.Echo, Endpoint: endpoint + "/" + entity,
			Seconds: int64(listenFor / time.Second),
		})
		if err != nil {
			return err
		}
		ids = append(ids, s.ID)
	}
	fmt.Fprintf(w.stdout, "listening as %s to %s of %d; Ctrl-C ends it\n", printable(c.Channel), strings.Join(entities, " and "), c.Organization)
	renew := time.NewTicker(renewAfter)
	defer renew.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-ended:
			return err
		case <-renew.C:
		}
		for _, id := range ids {
			err := house.RenewSubscription(ctx, id, listenFor)
			if errors.Is(err, fault.SubscriptionUnknown) { // others pass: a server may be starting again
				return fmt.Errorf("its subscription was removed, or has ended while the server was away for %v: listen again", listenFor)
			}
		}
	}
}

// An ear prints the messages that are posted to it.
type ear struct {
	mu  sync.Mutex
	out *surroundings
}

// A heard message is as much of it as is printed.
type heard struct {
	Data struct {
		Seats []struct {
			AccessID string `json:"accessId"`
			Section  string `json:"section"`
			Row      string `json:"row"`
			Seat     string `json:"seat"`
			Status   string `json:"status"`
		} `json:"seats"`
		Events []struct {
			AccessID     string `json:"accessId"`
			ItemName     string `json:"itemName"`
			StartDate    string `json:"startDate"`
			StartTime    string `json:"startTime"`
			FacilityName string `json:"facilityName"`
		} `json:"events"`
	} `json:"data"`
}

// ServeHTTP takes one message.
func (l *ear) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	now := time.Now()
	var m heard
	if err := json.NewDecoder(http.MaxBytesReader(rw, r.Body, maxHeard)).Decode(&m); err != nil {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(rw, "{}")
		return
	}
	delay := "?"
	if at, err := time.Parse(time.RFC3339Nano, r.Header.Get(push.AtHeader)); err == nil {
		delay = fmt.Sprintf("+%.1f ms", float64(now.Sub(at).Microseconds())/1e3)
	}
	begin := fmt.Sprintf("%s  %s  #%s  ", now.Format("15:04:05.000"), delay, printable(r.Header.Get(push.SequenceHeader)))
	l.mu.Lock()
	for _, s := range m.Data.Seats {
		fmt.Fprintf(l.out.stdout, "%s%s  section %s row %s seat %s  %s\n",
			begin, printable(s.AccessID), printable(s.Section), printable(s.Row), printable(s.Seat), printable(s.Status))
	}
	for _, e := range m.Data.Events {
		fmt.Fprintf(l.out.stdout, "%s%s  %s, %s %s, %s\n",
			begin, printable(e.AccessID), printable(e.ItemName), printable(e.StartDate), printable(e.StartTime), printable(e.FacilityName))
	}
	l.mu.Unlock()
	rw.WriteHeader(http.StatusNoContent)
}

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
to https alone. Ctrl-C ends it and its subscriptions.

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
	var ids []string
	defer func() {
		last, done := context.WithTimeout(context.WithoutCancel(w.ctx), hangUpTime)
		defer done()
		leaving := *w
		leaving.ctx = last
		if len(ids) > 0 {
			err = errors.Join(err, c.ask(&leaving, func(ctx context.Context, house *operatorapi.Client) (err error) {
				for _, id := range ids {
					err = errors.Join(err, house.Unsubscribe(ctx, id))
				}
				return err
			}))
		}
		err = errors.Join(err, server.Close())
	}()
	entities := []string{c.Entity}
	if c.Entity == "both" {
		entities = []string{"seats", "events"}
	}
	err = c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		for _, entity := range entities {
			s, err := house.Subscribe(ctx, operatorapi.NewSubscription{
				Channel: c.Channel, OrganizationID: c.Organization, Entity: entity, Echo: c.Echo, Endpoint: "http://" + listener.Addr().String() + "/" + entity,
			})
			if err != nil {
				return err
			}
			ids = append(ids, s.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "listening as %s to %s of %d; Ctrl-C ends it\n", printable(c.Channel), strings.Join(entities, " and "), c.Organization)
	select {
	case <-w.ctx.Done():
		return nil
	case err := <-ended:
		return err
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

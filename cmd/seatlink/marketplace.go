package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/link"
	linkreceive "github.com/seatlink/seatlink/link/receive" // the tests have a receive of their own
	"github.com/seatlink/seatlink/marketplace"
)

type marketplaceCommand struct {
	JSON     string         `help:"The file that seatlink demo --json wrote." required:"" type:"path" placeholder:"FILE"`
	Listen   string         `help:"Where to listen; port 0 takes a free one." default:"127.0.0.1:8081" placeholder:"HOST:PORT"`
	Channel  access.Channel `help:"Which partner of the file to be, by its channel code. Default: the last." placeholder:"CODE"`
	Data     string         `help:"Folder for its tokens, offers and orders; made if it is not there." default:"marketplace-data" type:"path" placeholder:"DIR"`
	Lifeline int            `help:"A file descriptor: when it is closed, the marketplace ends." hidden:"" default:"-1"`
	LogLevel string         `help:"debug, info, warn or error." default:"warn" placeholder:"LEVEL"`
}

// Help is the longer text of seatlink marketplace --help.
func (marketplaceCommand) Help() string {
	return `Examples:
  seatlink marketplace --json demo.json
  seatlink marketplace --json demo.json --channel my-application --listen 127.0.0.1:9000 --data elsewhere

It is a small partner's site that knows nothing of a venue but the Link API: package marketplace, to be read and copied.
seatlink demo starts one by itself, on the port after its own. Here it begins with the authorization code of the file, which
is then used up for others; what it needs afterwards is kept in its folder. Where nobody sends it messages it reads the feed.`
}

// A marketFile is what a marketplace needs to know of the demo's file; the demo's own
// has the credentials of messages besides.
type marketFile struct {
	URL           string             `json:"url"`
	Organizations []demoOrganization `json:"organizations"`
	Partners      []demoPartner      `json:"partners"`
	Messages      *marketMessages    `json:"messages,omitempty"`
}

// marketMessages are what the venue shows when it sends.
type marketMessages struct {
	User     string   `json:"user"`
	Password string   `json:"password"`
	Secrets  []string `json:"secrets"` // one for each subscription
}

// marketDrain is how long the end of a marketplace may take.
const marketDrain = 10 * time.Second

// Run serves the marketplace until it is told to stop.
func (c *marketplaceCommand) Run(w *surroundings) error {
	log, err := w.logger(c.LogLevel)
	if err != nil {
		return err
	}
	file, err := readMarketFile(c.JSON)
	if err != nil {
		return err
	}
	partner, err := file.partner(c.Channel)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(w.ctx, "tcp", c.Listen)
	if err != nil {
		return err
	}
	url := reached(listener.Addr().String())
	market, client, err := c.market(file, partner, url, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer client.Close()
	fmt.Fprintf(w.stdout, "%s, a marketplace, is on %s/\n", marketName(partner), url)
	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	if c.Lifeline >= 0 {
		go func() { // it ends with the process at the latest
			_, _ = io.Copy(io.Discard, os.NewFile(uintptr(c.Lifeline), "lifeline"))
			stop()
		}()
	}
	return serveMarket(ctx, market, listener, log)
}

func readMarketFile(path string) (marketFile, error) {
	var file marketFile
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return file, fmt.Errorf("%w (start seatlink demo --json %s first)", err, path)
	}
	if err == nil && (json.Unmarshal(text, &file) != nil || file.URL == "") {
		err = fmt.Errorf("%s is not what seatlink demo --json writes", path) // it holds secrets: nothing of it is shown
	}
	return file, err
}

// partner is the one with a channel, or the last.
func (f marketFile) partner(channel access.Channel) (demoPartner, error) {
	for _, p := range slices.Backward(f.Partners) {
		if channel == "" || p.Channel == channel {
			return p, nil
		}
	}
	if channel == "" {
		return demoPartner{}, errors.New("the file names no partner")
	}
	return demoPartner{}, fmt.Errorf("the file has no partner with the channel %s", printable(string(channel)))
}

// marketName is what its visitors read. The file need not tell it.
func marketName(p demoPartner) string {
	if p.Name != "" {
		return p.Name
	}
	return string(p.Channel)
}

// market makes the marketplace of a partner.
func (c *marketplaceCommand) market(file marketFile, p demoPartner, url string, log *slog.Logger) (*marketplace.Market, *link.Client, error) {
	// Visitors wait for it; what must be asked again for longer the market asks by itself.
	retries := link.Retries{Times: 2, Longest: 2 * time.Second}
	client, err := link.New(link.Options{
		URL: file.URL, Product: "SeatlinkMarketplace/1.0", Application: string(p.Application), APIKey: link.Secret(p.APIKey), Channel: string(p.Channel),
		Code: link.Secret(p.Code), Keep: link.File(filepath.Join(c.Data, "pair.json")), Retries: retries,
	})
	if err != nil {
		return nil, nil, err
	}
	options := marketplace.Options{Client: client, Name: marketName(p), URL: url, State: filepath.Join(c.Data, "market.json"), Sandbox: true, Log: log}
	for _, o := range file.Organizations {
		if slices.Contains(p.Organizations, o.ID) {
			options.Venues = append(options.Venues, marketplace.Venue{
				Organization: link.OrganizationID(o.ID), Name: o.Name, Currency: o.Currency, Digits: boxoffice.CurrencyDigits(o.Currency),
			})
		}
	}
	if m := file.Messages; m != nil {
		options.Messages = linkreceive.Options{User: m.User, Password: m.Password, Secrets: m.Secrets}
	}
	market, err := marketplace.New(options)
	if err != nil {
		client.Close()
		return nil, nil, err
	}
	return market, client, nil
}

// serveMarket serves until ctx ends, and then finishes the requests in hand.
func serveMarket(ctx context.Context, market *marketplace.Market, listener net.Listener, log *slog.Logger) error {
	const smallHeader = 16 << 10
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	server := &http.Server{
		Handler: market.Handler(), BaseContext: func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: readHeaderTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: smallHeader,
		ErrorLog: slog.NewLogLogger(withoutAddresses{log.Handler()}, slog.LevelWarn),
	}
	var parts errgroup.Group
	parts.Go(func() error { return market.Run(ctx) })
	parts.Go(func() error {
		defer stop()
		if err := server.Serve(newGate(listener, marketBounds, nil)); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	parts.Go(func() error {
		<-ctx.Done()
		last, done := context.WithTimeout(context.WithoutCancel(ctx), marketDrain)
		defer done()
		return server.Shutdown(last)
	})
	return parts.Wait()
}

// marketBounds are few connections: it is one small site.
var marketBounds = bounds{1_000, 256}

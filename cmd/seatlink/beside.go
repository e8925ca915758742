package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/push"
)

// A neighbour is the marketplace that runs beside a demo, as a process of its own:
// all that it knows of the house is a file with a partner's credentials, and what
// it is sent.
type neighbour struct {
	url, listen   string
	folder        string
	channel       access.Channel
	subscriptions []string
	srv           *server
	out           *surroundings
}

const (
	neighbourFolder = "marketplace"
	neighbourFile   = "told.json"
	neighbourUser   = "seatlink"
	messagesPath    = "/messages" // of package marketplace
	sellPath        = "/sell"     // of the same, where patrons come with a listing
)

// beside makes a marketplace of the last partner ready to start; nil, and a line that
// says why, where there is none to be.
func (c *demoCommand) beside(w *surroundings, srv *server, story demoStory) (*neighbour, error) {
	switch {
	case c.NoMarketplace:
		return nil, nil
	case c.TLSCert != "":
		fmt.Fprintln(w.stdout, "no marketplace is started beside a demo with TLS: see seatlink marketplace")
		return nil, nil
	}
	partner := story.Partners[len(story.Partners)-1]
	n := &neighbour{folder: filepath.Join(c.Data, neighbourFolder), channel: partner.Channel, srv: srv, out: w}
	var err error
	if n.listen, n.url, err = nextPort(w.ctx, srv.listener.Addr().String(), c.Addr); err != nil {
		fmt.Fprintf(w.stdout, "no marketplace is started: %v; the demo goes on without (--no-marketplace)\n", err)
		return nil, nil
	}
	if err := os.MkdirAll(n.folder, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	// A code of its own: that of the story stays good for whoever pastes its lines.
	if partner.Code, err = srv.desk.NewCode(w.ctx, partner.Application); err != nil {
		return nil, err
	}
	if err := srv.desk.SetPage(w.ctx, partner.Application, n.url+sellPath); err != nil {
		return nil, err
	}
	messages, err := n.subscribe(w.ctx, partner)
	if err != nil {
		return nil, err
	}
	file := marketFile{URL: reached(srv.listener.Addr().String()), Organizations: story.organizations(), Partners: []demoPartner{partner}, Messages: &messages}
	return n, writeWhole(filepath.Join(n.folder, neighbourFile), file)
}

// nextPort is the address after the demo's own; where that took a free port, another
// free one.
func nextPort(ctx context.Context, own, asked string) (listen, url string, err error) {
	host, text, err := net.SplitHostPort(own)
	if err != nil {
		return "", "", err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return "", "", err
	}
	port++
	if _, free, err := net.SplitHostPort(asked); err == nil && free == "0" {
		port = 0
	}
	trial, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return "", "", err
	}
	listen = trial.Addr().String()
	return listen, reached(listen), trial.Close()
}

// reached is the URL of an address that something listens on.
func reached(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	return "http://" + address
}

// subscribe has the changes of seats sent to the marketplace, and drops what an
// earlier demo left that ended in no good way.
func (n *neighbour) subscribe(ctx context.Context, p demoPartner) (marketMessages, error) {
	m := marketMessages{User: neighbourUser, Password: rand.Text()}
	all, err := n.srv.store.Subscriptions(ctx)
	if err != nil {
		return m, err
	}
	endpoint := n.url + messagesPath
	for _, s := range all {
		if s.Channel == p.Channel && s.User == neighbourUser && s.Endpoint == endpoint {
			if err := n.srv.store.RemoveSubscription(ctx, s.ID); err != nil {
				return m, err
			}
		}
	}
	for _, organization := range p.Organizations {
		const idLength = 12
		added, err := n.srv.store.AddSubscription(ctx, push.Subscription{
			ID: rand.Text()[:idLength], View: push.View{Channel: p.Channel}, Topic: push.Topic{Organization: organization, Entity: boxoffice.Seats},
			Endpoint: endpoint, User: m.User, Password: m.Password, Secret: push.NewSecret(),
		})
		if err != nil {
			return m, err
		}
		n.subscriptions, m.Secrets = append(n.subscriptions, added.ID), append(m.Secrets, added.Secret)
	}
	return m, nil
}

// run runs the marketplace until ctx ends. It holds one end of a pipe that is the
// marketplace's standard input: the other process ends when this one does, in
// whatever way that is. Where the marketplace ends by itself the demo goes on.
func (n *neighbour) run(ctx context.Context) error {
	if err := n.process(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintf(n.out.stderr, "the marketplace has ended (%v); the demo goes on without\n", err)
	}
	<-ctx.Done()
	last, done := context.WithTimeout(context.WithoutCancel(ctx), hangUpTime)
	defer done()
	for _, id := range n.subscriptions {
		if err := n.srv.store.RemoveSubscription(last, id); err != nil {
			return err
		}
	}
	return nil
}

func (n *neighbour) process(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "marketplace", "--json", filepath.Join(n.folder, neighbourFile), "--listen", n.listen, "--data", n.folder, "--lifeline", "0") //nolint:gosec // it is this program
	cmd.Args[0] = "seatlink"
	out, errs := &prefixed{to: n.out.stdout}, &prefixed{to: n.out.stderr}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, errs, marketDrain
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	cmd.Cancel = lifeline.Close
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Wait()
}

// A prefixed writer passes whole lines on and says who says them.
type prefixed struct {
	mu   sync.Mutex
	to   io.Writer
	rest []byte
}

// Write takes a piece of text. A line that never ends is passed on in pieces.
func (p *prefixed) Write(text []byte) (int, error) {
	const longest = 8 << 10
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, text...)
	for {
		end := bytes.IndexByte(p.rest, '\n')
		if end < 0 && len(p.rest) < longest {
			return len(text), nil
		}
		if end < 0 {
			end = len(p.rest)
		}
		if _, err := fmt.Fprintf(p.to, "marketplace | %s\n", p.rest[:end]); err != nil {
			return 0, err
		}
		p.rest = p.rest[min(end+1, len(p.rest)):]
	}
}

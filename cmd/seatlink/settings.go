package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/push"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

// The table of settings is the flags of seatlink serve: the groups here and what
// serveCommand adds. A field's tags are its flag, its default and its help; its
// variable in the environment and its key in a file follow from the flag's name
// (sources.go), and docs/settings.md is printed from it (catalogue.go). Other
// commands embed the groups they need. A flag that has the tag own is no setting,
// whatever it is called: it comes from the command line alone.

// listening is where and how others reach the server.
type listening struct {
	Addr           string   `help:"Where to listen; port 0 takes a free one." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	PublicURL      string   `help:"Where others reach this server, for the addresses of ticket pages: http or https, a host, no path. Default: the address it listens on." placeholder:"URL"`
	TLSCert        string   `name:"tls-cert" help:"Certificate with its chain, in PEM; then the server speaks TLS itself. Read again when it changes, and on SIGHUP." type:"path" placeholder:"FILE"`
	TLSKey         string   `name:"tls-key" help:"Private key of the certificate, in PEM." type:"path" placeholder:"FILE"`
	TrustedProxies []string `help:"Proxies in front of the server, as networks. From them, and nobody else, the client's address is taken from the header below." placeholder:"CIDR,…"`
	ProxyHeader    string   `help:"The header in which the trusted proxies tell the client's address: X-Forwarded-For or Forwarded. The other one is not looked at." default:"X-Forwarded-For" enum:"X-Forwarded-For,Forwarded" placeholder:"NAME"`
	bounds
}

// gates is where scanners reach the server.
type gates struct {
	GateListen string `help:"Where to listen for the scanners at the gates, who show a gate key (seatlink gate key). Without --tls-cert this machine alone may reach it. Default: nowhere." placeholder:"HOST:PORT"`
}

// stopping is how the server ends.
type stopping struct {
	Drain     time.Duration  `help:"How long the end may take in all, from SIGTERM on." default:"30s" placeholder:"TIME"`
	DrainWait *time.Duration `help:"How long the server goes on serving, with /readyz saying no, before it lets nobody in. Default: 5s with --trusted-proxies, for balancers to notice, else 0s." placeholder:"TIME"`
}

// watching is what operators see of the server.
type watching struct {
	OpsAddr       string `help:"Where to listen for operators: /metrics for Prometheus, and /debug/pprof/. Default: nowhere." placeholder:"HOST:PORT"`
	OpsAnywhere   bool   `help:"Let --ops-addr be more than this machine: whoever reaches it may read and slow down the process."`
	TraceEndpoint string `help:"Where to send traces, by OTLP over HTTP, such as http://127.0.0.1:4318. Default: nowhere." placeholder:"URL"`
}

// outgoing is where this installation sends to what partners named. Networks of
// special purpose, private ones and this machine are not dialled.
type outgoing struct {
	OutgoingPorts []string `help:"Ports that callbacks may go to besides 443." placeholder:"PORT,…"`
	OutgoingDeny  []string `help:"Networks that callbacks never go to." placeholder:"CIDR,…"`
	OutgoingAllow []string `help:"Networks that callbacks may go to although they are private." placeholder:"CIDR,…"`
}

// rules are those of the door out, as far as they are settings.
func (o outgoing) rules() (rules push.Rules, err error) {
	for _, text := range o.OutgoingPorts {
		port, err := strconv.ParseUint(strings.TrimSpace(text), 10, 16)
		if err != nil || port == 0 {
			return rules, wrong("outgoing-ports", "are numbers from 1 to 65535: %q is none", text)
		}
		rules.Ports = append(rules.Ports, uint16(port))
	}
	if rules.Deny, err = networks("outgoing-deny", o.OutgoingDeny); err != nil {
		return rules, err
	}
	rules.Allow, err = networks("outgoing-allow", o.OutgoingAllow)
	return rules, err
}

func networks(flag string, texts []string) (list []netip.Prefix, err error) {
	for _, text := range texts {
		network, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, wrong(flag, "are networks, such as 10.0.0.0/8 or 192.0.2.7/32: %q is none", text)
		}
		list = append(list, network.Masked())
	}
	return list, nil
}

// tuning are the store's knobs, for measuring what they are worth.
type tuning struct {
	BatchActs int `help:"Acts that share one transaction at most." default:"256" placeholder:"N"`
	Writers   int `help:"Connections that write; 0 is 1 on SQLite and 2 on PostgreSQL." default:"0" placeholder:"N"`
}

// settings are what a server needs to know: the groups, and what a command made
// of the rest.
type settings struct {
	listening
	stopping
	watching
	outgoing
	gates
	mailing
	wallets
	smtpPassword string

	db      string
	keys    *access.Keyring
	sandbox bool
	store   sqlstore.Options
	log     *slog.Logger
	hangup  <-chan os.Signal // asks for the certificate to be read again
}

// A wrongSetting is a value that cannot be meant.
type wrongSetting struct{ flag, says string }

func (e wrongSetting) Error() string { return "--" + e.flag + " " + e.says }

func wrong(flag, format string, args ...any) error {
	return wrongSetting{flag, fmt.Sprintf(format, args...)}
}

// options are the store's, of which the caller knows the rest.
func (t tuning) options() (sqlstore.Options, error) {
	const mostActs, mostWriters = 256, 16
	if t.BatchActs < 1 || t.BatchActs > mostActs {
		return sqlstore.Options{}, wrong("batch-acts", "is 1 to %d", mostActs)
	}
	if t.Writers < 0 || t.Writers > mostWriters {
		return sqlstore.Options{}, wrong("writers", "is 0 to %d", mostWriters)
	}
	return sqlstore.Options{BatchActs: t.BatchActs, Writers: t.Writers}, nil
}

// check says what is wrong with the groups before anything is opened.
func (s settings) check() error {
	_, proxies := s.proxies()
	_, rules := s.rules()
	return errors.Join(s.checkURL(), s.checkPair(), proxies, rules, s.checkBounds(), s.checkDrain(), s.checkTraces(), s.checkMails(), s.checkWallet())
}

// checkURL: a ticket page's address is the URL and a path, so nothing but the
// path may follow it, and it is printed and sent, so it has no password.
func (l listening) checkURL() error {
	if l.PublicURL == "" {
		return nil
	}
	const says = "is http or https and a host, such as https://tickets.example.com"
	u, err := url.Parse(l.PublicURL)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return wrong("public-url", says)
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "", u.Path != "" && u.Path != "/":
		return wrong("public-url", "%s: without user, path, query or fragment", says)
	}
	return nil
}

func (l listening) checkPair() error {
	switch {
	case l.TLSCert != "" && l.TLSKey == "":
		return wrong("tls-key", "is missing: --tls-cert needs it")
	case l.TLSCert == "" && l.TLSKey != "":
		return wrong("tls-cert", "is missing: --tls-key needs it")
	}
	return nil
}

// address is where people and programs reach a server that listens on at.
func (l listening) address(at string) string {
	switch {
	case l.PublicURL != "":
		return strings.TrimSuffix(l.PublicURL, "/")
	case l.TLSCert != "":
		return "https://" + at
	}
	return "http://" + at
}

// balancersNotice is how long balancers may take to see that /readyz says no.
const balancersNotice = 5 * time.Second

// drainWait is --drain-wait, or what it is when nobody says.
func (s settings) drainWait() time.Duration {
	switch {
	case s.DrainWait != nil:
		return *s.DrainWait
	case len(s.TrustedProxies) > 0:
		return balancersNotice
	}
	return 0
}

func (s settings) checkDrain() error {
	const least, most = 2 * finishing, 10 * time.Minute
	if s.Drain < least || s.Drain > most {
		return wrong("drain", "is %v to %v", least, most)
	}
	if wait := s.drainWait(); wait < 0 || wait > s.Drain-finishing {
		return wrong("drain-wait", "is 0s to %v, with --drain %v", s.Drain-finishing, s.Drain)
	}
	return nil
}

func (w watching) checkTraces() error {
	if w.TraceEndpoint == "" {
		return nil
	}
	u, err := url.Parse(w.TraceEndpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return wrong("trace-endpoint", "is http or https and a host, such as http://127.0.0.1:4318")
	}
	if u.User != nil || u.RawQuery != "" {
		return wrong("trace-endpoint", "has no password: that belongs into OTEL_EXPORTER_OTLP_HEADERS")
	}
	return nil
}

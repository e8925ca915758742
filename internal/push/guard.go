package push

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The limits of an attempt. A receiver has no other way to keep us.
const (
	dialTime     = 5 * time.Second
	tlsTime      = 5 * time.Second
	totalTime    = 15 * time.Second
	maxAnswer    = 16 << 10 // that is read of a body
	maxHeaders   = 64 << 10
	maxIdle      = 512 // connections kept for the next message
	maxIdleEach  = 64  // of one receiver, who may be many subscribers
	idleTime     = 60 * time.Second
	agent        = "seatlink"
	maxRetryWait = 8 * time.Hour
)

// errUnreached is all that is said of an attempt without an answer. Told apart,
// the causes would make a port scanner of us.
var errUnreached = errors.New("the receiver could not be reached")

// An Answer is what a receiver said. Its body is read and dropped.
type Answer struct {
	Status     int
	RetryAfter time.Duration // 0 where it asks for none
	Said       string        // the code of SNS, for the operator
	Overlong   bool          // it went on beyond what is read
}

// A Door sends requests to receivers that partners named, and guards where they
// go. It is safe for concurrent use.
type Door struct {
	rules Rules
	http  *http.Client
}

// NewDoor opens a door that keeps these rules.
func NewDoor(rules Rules) *Door {
	return newDoor(rules, nil, rules.permit)
}

// newDoor takes its own resolver and its own judge of addresses, for tests.
func newDoor(rules Rules, names *net.Resolver, permit func(netip.AddrPort) error) *Door {
	dialer := &net.Dialer{
		Timeout:  dialTime,
		Resolver: names,
		// It sees the resolved address of every attempt, so a name that leads
		// elsewhere a moment later wins nothing.
		ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || network != "tcp4" && network != "tcp6" {
				return errForbidden
			}
			return permit(to)
		},
	}
	return &Door{rules: rules, http: &http.Client{
		Timeout:       totalTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil, // one of the environment would resolve names for itself
			DialContext:            narrow(dialer),
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    tlsTime,
			DisableCompression:     true, // a small answer stays small
			MaxResponseHeaderBytes: maxHeaders,
			MaxIdleConns:           maxIdle,
			MaxIdleConnsPerHost:    maxIdleEach,
			IdleConnTimeout:        idleTime,
		},
	}}
}

// narrow dials, and has a connection take in no more than is read of an answer: one
// that never ends would else fill megabytes of buffers at each attempt.
func narrow(dialer *net.Dialer) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(maxAnswer) // where it cannot be had, no more is read all the same
		}
		return conn, err
	}
}

// Post sends a JSON body to an address that a partner named, and returns the
// answer, or one and the same error when there is none.
func (d *Door) Post(ctx context.Context, address string, body []byte) (Answer, error) {
	return d.Send(ctx, address, nil, body)
}

// Send is Post with headers of the sender's own.
func (d *Door) Send(ctx context.Context, address string, header http.Header, body []byte) (Answer, error) {
	to, err := url.Parse(address)
	if err != nil || !d.mayName(to) {
		return Answer{}, errUnreached
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return Answer{}, errUnreached
	}
	maps.Copy(request.Header, header)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", agent)
	response, err := d.http.Do(request)
	if err != nil {
		return Answer{}, errUnreached
	}
	defer func() { _ = response.Body.Close() }()
	// What was read to its end leaves a connection that can be used again; what a
	// receiver says beyond its limit, or never ends to say, changes no status.
	_, err = io.CopyN(io.Discard, response.Body, maxAnswer)
	return Answer{Status: response.StatusCode, RetryAfter: retryAfter(response.Header.Get("Retry-After")), Overlong: err == nil}, nil
}

// MayName reports whether an address may be one of ours, as it is written. Where
// it leads is judged when it is dialled.
func (d *Door) MayName(address string) bool {
	to, err := url.Parse(address)
	return err == nil && d.mayName(to)
}

// mayName judges an address as it is written: https, no userinfo, a host that is
// a name. The sandbox takes http and this machine too.
func (d *Door) mayName(to *url.URL) bool {
	if to.User != nil || to.Opaque != "" || to.Scheme != "https" && !(d.rules.Sandbox && to.Scheme == "http") {
		return false
	}
	host := strings.TrimSuffix(strings.ToLower(to.Hostname()), ".")
	ip, err := netip.ParseAddr(host)
	if err == nil {
		return d.rules.Sandbox && among(loopback, ip)
	}
	// A host whose last label begins with a digit may be read as an address (127.1,
	// 0x7f.1, 2130706433), and no top-level domain does.
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && (last[0] < '0' || last[0] > '9')
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(header string) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), maxRetryWait)
}

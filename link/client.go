package link

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Options are what a Client needs to know. URL, Product, Application, APIKey,
// Channel and Keep are required.
type Options struct {
	URL         string // of the server, without /v1: https://tickets.example.com
	Product     string // your program, for User-Agent: MyMarketplace/1.0
	Application string // PAC-Application-ID: com.mycompany.myapp
	APIKey      Secret // PAC-API-Key
	Channel     string // PAC-Channel-Code

	// Code is the operator's authorization code. It is needed where Keep has no pair
	// yet, or none that is good any more; a code that was used up may stay here.
	Code Secret
	Keep Keep

	// HTTP carries the requests; nil is one with bounds of its own. Redirects are
	// never followed, whatever it says, for the headers carry secrets.
	HTTP *http.Client
	// PlainHTTP allows an http URL to other hosts than this machine: the secrets then
	// go over the network as they are.
	PlainHTTP bool
	Retries   Retries
}

// A Client speaks for one application on one channel. It is safe for concurrent
// use; make one and share it.
type Client struct {
	url     string
	headers http.Header // of every call but call 1
	product string
	http    *http.Client
	own     *http.Transport // nil where the caller brought theirs
	retries Retries
	wallet  *wallet
}

// New makes a client. It asks the server nothing yet.
func New(o Options) (*Client, error) {
	base, err := baseURL(o.URL, o.PlainHTTP)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Product": o.Product, "Application": o.Application, "APIKey": string(o.APIKey), "Channel": o.Channel,
	} {
		if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, fmt.Errorf("link: %s is missing, or cannot stand in a header", name)
		}
	}
	if o.Keep == nil {
		return nil, errors.New("link: Keep is missing: where is the pair of tokens to be kept?")
	}
	c := &Client{url: base, product: o.Product, retries: o.Retries.orDefault(), headers: http.Header{
		"User-Agent": {o.Product}, "Accept": {"application/json"}, "Pac-Application-Id": {o.Application},
		"Pac-Api-Key": {string(o.APIKey)}, "Pac-Channel-Code": {o.Channel},
	}}
	c.http = c.carrier(o.HTTP)
	c.wallet = newWallet(o.Keep, o.Code, c.exchange)
	return c, nil
}

// String names the application and nothing secret.
func (c *Client) String() string {
	return "link.Client of " + c.headers.Get("PAC-Application-ID") + " at " + c.url
}

// GoString is String.
func (c *Client) GoString() string { return c.String() }

// Close lets idle connections go. A client that brought its own http.Client
// closes those itself.
func (c *Client) Close() {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
}

// How long the client's own carrier waits.
const (
	wholeExchange = 30 * time.Second // more than the server needs for anything
	toConnect     = 10 * time.Second
	idle          = 90 * time.Second
	idlePerHost   = 64 // it is one host, used by all goroutines of a marketplace
)

// carrier is the http.Client to use: the caller's, or one with bounds.
func (c *Client) carrier(theirs *http.Client) *http.Client {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if theirs != nil {
		own := *theirs
		own.CheckRedirect = stay
		return &own
	}
	c.own = &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: toConnect}).DialContext, TLSHandshakeTimeout: toConnect,
		ForceAttemptHTTP2: true, MaxIdleConnsPerHost: idlePerHost, IdleConnTimeout: idle,
	}
	return &http.Client{Transport: c.own, Timeout: wholeExchange, CheckRedirect: stay}
}

// baseURL checks where the secrets are to go.
func baseURL(text string, plain bool) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("link: URL is not that of a server: https://HOST")
	}
	switch {
	case u.Scheme == "https", u.Scheme == "http" && (plain || loopback(u.Hostname())):
		return strings.TrimSuffix(u.Scheme+"://"+u.Host+u.EscapedPath(), "/"), nil
	}
	return "", errors.New("link: URL is not https: the credentials would go over the network as they are (PlainHTTP allows it)")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

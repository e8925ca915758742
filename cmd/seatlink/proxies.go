package main

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// proxies are the ones in front of the server whose word about a client counts.
type proxies struct {
	networks []netip.Prefix
	header   string // in which they tell it, canonical
}

// proxies reads the setting.
func (l listening) proxies() (proxies, error) {
	p := proxies{header: l.ProxyHeader}
	for _, text := range l.TrustedProxies {
		network, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return p, wrong("trusted-proxies", "are networks, such as 10.0.0.0/8 or 192.0.2.7/32: %q is none", text)
		}
		p.networks = append(p.networks, network.Masked())
	}
	return p, nil
}

// trust reports whether an address is one of the proxies. Connections from there
// carry the requests of many clients, so limits by connection leave them alone.
func (p proxies) trust(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, network := range p.networks {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// around gives each request its client's address as RemoteAddr, so that whatever
// counts by address counts clients and not proxies.
func (p proxies) around(next http.Handler) http.Handler {
	if len(p.networks) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && p.trust(peer.Addr()) {
			if client := p.client(peer.Addr(), r.Header); client != peer.Addr() {
				r.RemoteAddr = net.JoinHostPort(client.String(), "0")
			}
		}
		next.ServeHTTP(w, r)
	})
}

// client is the last hop that is not a trusted proxy. Each proxy appends whom it
// heard from, so the list is true from its end up to there; what stands before
// was written by the client itself. Where a trusted proxy names nobody, it is the
// client: better to count too many requests as one's than to believe anybody.
func (p proxies) client(peer netip.Addr, h http.Header) netip.Addr {
	client := peer
	hops := strings.Split(strings.Join(h.Values(p.header), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trust(client); i-- {
		hop, ok := p.hop(hops[i])
		if !ok {
			break
		}
		client = hop
	}
	return client
}

// hop reads one element: an address, also with a port, in Forwarded as its
// parameter for.
func (p proxies) hop(element string) (netip.Addr, bool) {
	text := strings.TrimSpace(element)
	if p.header == "Forwarded" {
		found := ""
		for pair := range strings.SplitSeq(text, ";") {
			if name, value, _ := strings.Cut(strings.TrimSpace(pair), "="); strings.EqualFold(name, "for") {
				found = strings.Trim(value, `"`)
			}
		}
		text = found
	}
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return a.Unmap().WithZone(""), err == nil
}

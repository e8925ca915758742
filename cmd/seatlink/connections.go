package main

import (
	"net"
	"net/netip"
	"sync"
)

// bounds are how many connections a process keeps open (reliability: 10,000, and
// 256 of one address).
type bounds struct {
	Connections           int `help:"Connections kept open at most; more are closed as they come." default:"10000" placeholder:"N"`
	ConnectionsPerAddress int `help:"Connections of one address at most, in IPv6 of one /64. Trusted proxies have no such bound." default:"256" placeholder:"N"`
}

func (b bounds) checkBounds() error {
	switch {
	case b.Connections < 1:
		return wrong("connections", "is 1 or more")
	case b.ConnectionsPerAddress < 1:
		return wrong("connections-per-address", "is 1 or more")
	}
	return nil
}

// A gate is a listener that closes connections beyond its bounds as soon as they
// come, so that a greedy caller costs others nothing: no goroutine, no memory.
type gate struct {
	net.Listener
	bounds bounds
	// exempt says of which addresses there may be any number: those of proxies,
	// which speak for many. nil is nobody.
	exempt func(netip.Addr) bool

	mu   sync.Mutex
	open map[netip.Prefix]int
	all  int
}

func newGate(listener net.Listener, b bounds, exempt func(netip.Addr) bool) *gate {
	return &gate{Listener: listener, bounds: b, exempt: exempt, open: map[netip.Prefix]int{}}
}

// Accept waits for a connection within the bounds.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := addressOf(conn)
		from := origin(address)
		if g.enter(from, g.exempt != nil && g.exempt(address)) {
			return &guest{Conn: conn, left: sync.OnceFunc(func() { g.leave(from) })}, nil
		}
		_ = conn.Close() // nothing was said that could be lost
	}
}

func (g *gate) enter(from netip.Prefix, exempt bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all >= g.bounds.Connections || !exempt && g.open[from] >= g.bounds.ConnectionsPerAddress {
		return false
	}
	g.all++
	g.open[from]++
	return true
}

func (g *gate) leave(from netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all--
	if g.open[from]--; g.open[from] == 0 {
		delete(g.open, from)
	}
}

// addressOf is the address of a peer, the zero Addr where it has none.
func addressOf(conn net.Conn) netip.Addr {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}

// origin is what connections are counted under: an IPv4 address, or the /64 that
// an IPv6 host has for itself.
func origin(address netip.Addr) netip.Prefix {
	const network = 64
	if address.Is6() {
		return netip.PrefixFrom(address, network).Masked()
	}
	return netip.PrefixFrom(address, address.BitLen())
}

// A guest is a connection that was let in.
type guest struct {
	net.Conn
	left func()
}

// Close also makes room for another.
func (c *guest) Close() error {
	defer c.left()
	return c.Conn.Close()
}

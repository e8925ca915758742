package push

import (
	"errors"
	"net"
	"net/netip"
	"slices"
)

// special are the addresses that are not somebody's machine on the internet, by
// the IANA registries of special purpose, and those by which a cloud's machines
// reach its insides.
var special = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // shared by a carrier's customers
	"127.0.0.0/8",     // this machine
	"169.254.0.0/16",  // link-local, with the metadata of clouds
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.31.196.0/24", // AS112
	"192.52.193.0/24", // multicast tunnels
	"192.88.99.0/24",  // relays of 6to4
	"192.168.0.0/16",  // private
	"192.175.48.0/24", // AS112
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, and broadcast
	"168.63.129.16/32",

	// Of IPv6 only 2000::/3 is considered at all. That leaves out v4-mapped
	// addresses, NAT64, unique local, link-local and multicast ones.
	"2001::/23",         // protocol assignments, Teredo and ORCHID among them
	"2001:db8::/32",     // documentation
	"2002::/16",         // 6to4 wraps any address of IPv4
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation
)

var (
	global6  = netip.MustParsePrefix("2000::/3")
	loopback = prefixes("127.0.0.0/8", "::1/128")
)

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// Rules are what an installation chooses about the door.
type Rules struct {
	// Sandbox lets plain http through, any port, and this machine itself.
	Sandbox bool
	// Ports may be dialled besides 443.
	Ports []uint16
	// Deny are addresses that are never dialled, Allow some that are although they
	// are of special purpose. Deny counts more.
	Deny, Allow []netip.Prefix
	// Own are the addresses of this machine, which count as special.
	Own []netip.Prefix
}

// OwnAddresses are those of this machine's interfaces, for Rules.Own.
func OwnAddresses() (own []netip.Prefix, err error) {
	interfaces, err := net.InterfaceAddrs()
	for _, at := range interfaces {
		if network, ok := at.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(network.IP); ok {
				ip = ip.Unmap()
				own = append(own, netip.PrefixFrom(ip, ip.BitLen()))
			}
		}
	}
	return own, err
}

var errForbidden = errors.New("the address may not be dialled")

// permit judges an address as it is about to be dialled. One with a zone is in no
// network, and a v4-mapped one in none of IPv4, so both are forbidden.
func (r Rules) permit(to netip.AddrPort) error {
	ip := to.Addr()
	switch {
	case !ip.IsValid() || among(r.Deny, ip) || !r.permitPort(to.Port()):
		return errForbidden
	case among(r.Allow, ip) || r.Sandbox && among(loopback, ip):
		return nil
	case ip.Is6() && !global6.Contains(ip) || among(special, ip) || among(r.Own, ip):
		return errForbidden
	}
	return nil
}

func (r Rules) permitPort(port uint16) bool {
	const https = 443
	return r.Sandbox || port == https || slices.Contains(r.Ports, port)
}

func among(list []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(ip) })
}

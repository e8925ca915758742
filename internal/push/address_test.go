package push

import (
	"net/netip"
	"testing"
)

func TestTheGuardKnowsEverySpecialAddress(t *testing.T) {
	for _, tt := range []struct {
		name, address string
		want          bool
	}{
		{"a machine on the internet", "93.184.215.14", true},
		{"a resolver", "1.1.1.1", true},
		{"the last before private", "9.255.255.255", true},
		{"the first after private", "11.0.0.0", true},
		{"the last before loopback", "126.255.255.255", true},
		{"the first after loopback", "128.0.0.0", true},
		{"the last before 172.16", "172.15.255.255", true},
		{"the first after 172.31", "172.32.0.0", true},
		{"the last before a carrier's", "100.63.255.255", true},
		{"the first after a carrier's", "100.128.0.0", true},
		{"the last before multicast", "223.255.255.255", true},
		{"the neighbour of Azure's inside", "168.63.129.17", true},
		{"a machine on the internet, IPv6", "2606:4700:4700::1111", true},
		{"the first of global IPv6 after the assignments", "2001:200::1", true},
		{"the last of global IPv6", "3fef:ffff::1", true},

		{"no network", "0.0.0.0", false},
		{"this network", "0.1.2.3", false},
		{"private 10", "10.0.0.1", false},
		{"private 10, last", "10.255.255.255", false},
		{"private 172.16", "172.16.0.1", false},
		{"private 172.31", "172.31.255.255", false},
		{"private 192.168", "192.168.1.1", false},
		{"a carrier's, and a cloud's metadata", "100.100.100.200", false},
		{"loopback", "127.0.0.1", false},
		{"loopback, last", "127.255.255.254", false},
		{"the metadata of clouds", "169.254.169.254", false},
		{"link-local", "169.254.0.1", false},
		{"protocol assignments", "192.0.0.170", false},
		{"documentation 1", "192.0.2.1", false},
		{"documentation 2", "198.51.100.1", false},
		{"documentation 3", "203.0.113.1", false},
		{"AS112", "192.31.196.1", false},
		{"AS112, direct", "192.175.48.1", false},
		{"multicast tunnels", "192.52.193.1", false},
		{"relays of 6to4", "192.88.99.1", false},
		{"benchmarks", "198.18.0.1", false},
		{"benchmarks, last", "198.19.255.255", false},
		{"multicast", "224.0.0.1", false},
		{"multicast, last", "239.255.255.255", false},
		{"reserved", "240.0.0.1", false},
		{"broadcast", "255.255.255.255", false},
		{"Azure's inside", "168.63.129.16", false},
		{"no network, IPv6", "::", false},
		{"loopback, IPv6", "::1", false},
		{"v4-compatible", "::127.0.0.1", false},
		{"v4-mapped loopback", "::ffff:127.0.0.1", false},
		{"v4-mapped loopback in hex", "::ffff:7f00:1", false},
		{"v4-mapped machine on the internet", "::ffff:93.184.215.14", false},
		{"v4-translated", "::ffff:0:127.0.0.1", false},
		{"NAT64", "64:ff9b::7f00:1", false},
		{"NAT64, local", "64:ff9b:1::7f00:1", false},
		{"discard only", "100::1", false},
		{"Teredo", "2001::1", false},
		{"ORCHID", "2001:20::1", false},
		{"documentation, IPv6", "2001:db8::1", false},
		{"6to4 of loopback", "2002:7f00:1::1", false},
		{"6to4 of the metadata", "2002:a9fe:a9fe::1", false},
		{"AS112, IPv6", "2620:4f:8000::1", false},
		{"documentation, the newer", "3fff::1", false},
		{"segment routing", "5f00::1", false},
		{"unique local", "fd00:ec2::254", false},
		{"unique local, first", "fc00::1", false},
		{"link-local, IPv6", "fe80::1", false},
		{"link-local with a zone", "fe80::1%eth0", false},
		{"global with a zone", "2606:4700:4700::1111%eth0", false},
		{"site-local", "fec0::1", false},
		{"multicast, IPv6", "ff02::1", false},
		{"beyond global IPv6", "4000::1", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			to := netip.AddrPortFrom(netip.MustParseAddr(tt.address), 443)
			if err := (Rules{}).permit(to); (err == nil) != tt.want {
				t.Errorf("permit(%v) = %v; want it permitted: %v", to, err, tt.want)
			}
		})
	}
}

func TestRulesOfAnInstallation(t *testing.T) {
	inside := prefixes("10.1.0.0/16", "fd00::/8")
	for _, tt := range []struct {
		name    string
		rules   Rules
		address string
		want    bool
	}{
		{"443 is open", Rules{}, "93.184.215.14:443", true},
		{"another port is not", Rules{}, "93.184.215.14:8443", false},
		{"the port of http is not", Rules{}, "93.184.215.14:80", false},
		{"a port that was named is", Rules{Ports: []uint16{8443}}, "93.184.215.14:8443", true},
		{"what was denied is not dialled", Rules{Deny: prefixes("93.184.0.0/16")}, "93.184.215.14:443", false},
		{"its neighbour is", Rules{Deny: prefixes("93.184.0.0/16")}, "93.185.0.1:443", true},
		{"what was allowed is dialled", Rules{Allow: inside}, "10.1.2.3:443", true},
		{"what was allowed is dialled, IPv6", Rules{Allow: inside}, "[fd00::1]:443", true},
		{"its neighbour is not", Rules{Allow: inside}, "10.2.0.1:443", false},
		{"what was allowed keeps to its port", Rules{Allow: inside}, "10.1.2.3:22", false},
		{"deny counts more than allow", Rules{Allow: inside, Deny: prefixes("10.1.2.0/24")}, "10.1.2.3:443", false},
		{"an address of this machine is not dialled", Rules{Own: prefixes("93.184.215.14/32")}, "93.184.215.14:443", false},
		{"unless it was allowed", Rules{Own: prefixes("93.184.215.14/32"), Allow: prefixes("93.184.215.14/32")}, "93.184.215.14:443", true},
		{"the sandbox dials this machine", Rules{Sandbox: true, Own: prefixes("127.0.0.1/32")}, "127.0.0.1:8081", true},
		{"the sandbox dials this machine, IPv6", Rules{Sandbox: true}, "[::1]:8081", true},
		{"the sandbox dials any port", Rules{Sandbox: true}, "93.184.215.14:8081", true},
		{"the sandbox does not dial the network inside", Rules{Sandbox: true}, "192.168.1.1:80", false},
		{"nor the metadata", Rules{Sandbox: true}, "169.254.169.254:80", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.rules.permit(netip.MustParseAddrPort(tt.address)); (err == nil) != tt.want {
				t.Errorf("permit(%s) = %v; want it permitted: %v", tt.address, err, tt.want)
			}
		})
	}
}

func TestOwnAddressesHasThisMachine(t *testing.T) {
	own, err := OwnAddresses()
	if err != nil || !among(own, netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("OwnAddresses() = %v, %v; want 127.0.0.1 among them", own, err)
	}
}

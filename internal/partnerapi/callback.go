package partnerapi

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// placeholder is what the published samples have for a URL that is not there.
const placeholder = "string"

// callbackURL judges asyncCallbackUrl, "" when it counts as absent: https, no
// userinfo, a host that is a name, and one of the caller's where it has a list
// (contract.md call 7). The sandbox takes http too, and the machine itself, which
// is on nobody's list: its host is not given. Where a name leads to is checked
// again by whoever dials it.
func callbackURL(raw string, who access.Principal) (address, host string, err error) {
	if raw == "" || raw == placeholder {
		return "", "", nil
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "", "", notCalled("it is no URL")
	case u.User != nil:
		return "", "", notCalled("it carries a name or password before the host")
	case u.Scheme != "https" && !(who.Sandbox && u.Scheme == "http"):
		return "", "", notCalled("it must begin with https://")
	}
	host = strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if loopback(host) && who.Sandbox {
		return raw, "", nil
	}
	switch {
	case !hostName(host) || loopback(host):
		return "", "", notCalled("its host must be a public name, not an address or this machine")
	case len(who.CallbackHosts) > 0 && !slices.Contains(who.CallbackHosts, host):
		return "", "", notCalled("its host is not on the list that was agreed for the application")
	}
	return raw, host, nil
}

// notCalled refuses a callback's address and says which rule it breaks.
func notCalled(says string) error { return about(fault.CallbackNotAllowed, "asyncCallbackUrl", says) }

// callbackPort judges the port of a callback's address: 443, or one that the
// installation opened. Whoever dials it holds to the same.
func callbackPort(address string, open []uint16) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	const https = "443"
	port := u.Port()
	return port == "" || port == https || slices.ContainsFunc(open, func(p uint16) bool { return port == strconv.Itoa(int(p)) })
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// hostName reports whether host is a name and not an address in any spelling: a
// host whose last label starts with a digit may be read as an address (127.1,
// 0x7f.1, 2130706433), and no top-level domain does.
func hostName(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "" || '0' <= last[0] && last[0] <= '9' {
		return false
	}
	return strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == "" && !strings.Contains(host, "..")
}

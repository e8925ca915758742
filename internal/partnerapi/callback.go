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
	if err != nil || u.User != nil || u.Scheme != "https" && !(who.Sandbox && u.Scheme == "http") {
		return "", "", fault.CallbackNotAllowed
	}
	host = strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if loopback(host) && who.Sandbox {
		return raw, "", nil
	}
	if !hostName(host) || loopback(host) || len(who.CallbackHosts) > 0 && !slices.Contains(who.CallbackHosts, host) {
		return "", "", fault.CallbackNotAllowed
	}
	return raw, host, nil
}

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

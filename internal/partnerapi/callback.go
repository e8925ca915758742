package partnerapi

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/seatlink/seatlink/internal/fault"
)

// placeholder is what the published samples have for a URL that is not there.
const placeholder = "string"

// callbackURL judges asyncCallbackUrl, "" when it counts as absent: https, no
// userinfo, a host that is a name (contract.md call 7). The sandbox takes http
// too, and the machine itself. Where a name leads to is checked again by whoever
// dials it.
func callbackURL(raw string, sandbox bool) (string, error) {
	if raw == "" || raw == placeholder {
		return "", nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Scheme != "https" && !(sandbox && u.Scheme == "http") {
		return "", fault.CallbackNotAllowed
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if loopback(host) && sandbox {
		return raw, nil
	}
	if !hostName(host) || loopback(host) {
		return "", fault.CallbackNotAllowed
	}
	return raw, nil
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

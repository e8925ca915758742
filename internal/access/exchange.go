package access

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
)

// A LimitError is fault.TooManyRequests with the time to wait.
type LimitError struct {
	Wait time.Duration // for Retry-After
}

// Error returns the message of fault.TooManyRequests.
func (e *LimitError) Error() string { return fault.TooManyRequests.Message }

// Unwrap returns fault.TooManyRequests.
func (e *LimitError) Unwrap() error { return fault.TooManyRequests }

// A ReuseError is fault.GrantInvalid, and says besides that a spent code or
// refresh token was shown, so its family is revoked now. Partners are told
// nothing more; the operator is to be alerted, for somebody may have stolen it.
type ReuseError struct {
	Application ApplicationID // whose family it was
}

// Error returns the message of fault.GrantInvalid.
func (e *ReuseError) Error() string { return fault.GrantInvalid.Message }

// Unwrap returns fault.GrantInvalid.
func (e *ReuseError) Unwrap() error { return fault.GrantInvalid }

// Exchange trades an authorization code or a refresh token for a new pair
// (contract.md §2, call 1). Until the pair is first used a repeat is good: within
// 10 s it gets the same pair, later another that replaces it. It is atomic, and
// durable when it returns; of calls at the same time all get the same pair.
//
// It returns fault.GrantMalformed where the type or its credential is missing,
// GrantTypeUnknown, and GrantInvalid for everything wrong with the credential,
// in one text: as a *ReuseError where a spent one was shown. More than 5 of
// these in 5 minutes from one address, or for one application, are a
// *LimitError. A limited address is refused whatever it brings; a limited
// application is let in with a good credential, lest anybody who knows its id
// could keep it out.
func (d *Desk) Exchange(ctx context.Context, g Grant) (Pair, error) {
	credential, prefix := "", ""
	switch g.Type {
	case "":
		return Pair{}, fault.GrantMalformed
	case "authorization_code":
		credential, prefix = g.Code, codePrefix
	case "refresh_token":
		credential, prefix = g.RefreshToken, refreshPrefix
	default:
		return Pair{}, fault.GrantTypeUnknown
	}
	if credential == "" {
		return Pair{}, fault.GrantMalformed
	}
	now, address := d.now(), addressKey(g.RemoteAddress)
	if wait := d.addresses.wait(address, now); wait > 0 {
		return Pair{}, &LimitError{wait}
	}
	pair, err := Pair{}, error(fault.GrantInvalid)
	if wellFormed(credential, prefix) {
		pair, err = d.trade(ctx, g, hashOf(credential), now)
	}
	if !errors.Is(err, fault.GrantInvalid) {
		return pair, err
	}
	wait := max(d.addresses.fail(address, 1, now), d.applications.fail(string(nameOrNone(g.Application)), 1, now))
	if _, reused := errors.AsType[*ReuseError](err); wait > 0 && !reused {
		return Pair{}, &LimitError{wait}
	}
	return Pair{}, err
}

// trade lets the family of a credential take its next step.
func (d *Desk) trade(ctx context.Context, g Grant, credential Hash, now time.Time) (Pair, error) {
	var pair Pair
	var reused *ReuseError
	err := d.store.Family(ctx, credential, func(f *Family, by Mark) error {
		pair, reused = Pair{}, nil
		if g.Application != "" && g.Application != f.Application {
			return fault.GrantInvalid
		}
		switch s := f.next(by, now); s {
		case refuse:
			return fault.GrantInvalid
		case reuse:
			f.Revoked, f.Replay = now, ""
			reused = &ReuseError{f.Application}
		case repeat:
			var ok bool
			if pair, ok = d.replay(f, now); !ok {
				pair = d.issue(f, s, now)
			}
		case advance:
			pair = d.issue(f, s, now)
		}
		return nil
	})
	switch {
	case errors.Is(err, ErrNoFamily):
		return Pair{}, fault.GrantInvalid
	case err != nil && fault.Of(err) == nil:
		return Pair{}, fmt.Errorf("exchange: %w", err)
	case err != nil:
		return Pair{}, err
	case reused != nil:
		d.recent.clear()
		return Pair{}, reused
	}
	return pair, nil
}

// issue makes a new pair and keeps it sealed for repeats.
func (d *Desk) issue(f *Family, s step, now time.Time) Pair {
	access, refresh := newSecret(accessPrefix), newSecret(refreshPrefix)
	f.issue(s, hashOf(access), hashOf(refresh), now)
	f.Replay = d.keys.Seal(replayPurpose, []byte(access+" "+refresh))
	return Pair{AccessToken: access, RefreshToken: refresh, Expires: f.Head.AccessExpires}
}

// replay returns the newest pair again, if it was issued a moment ago. A record
// that does not open, or is of another pair, counts as none.
func (d *Desk) replay(f *Family, now time.Time) (Pair, bool) {
	if now.Sub(f.Issued) >= replayFor {
		return Pair{}, false
	}
	text, err := d.keys.Open(replayPurpose, f.Replay)
	if err != nil {
		return Pair{}, false
	}
	access, refresh, _ := strings.Cut(string(text), " ")
	if hashOf(access) != f.Head.Access || hashOf(refresh) != f.Head.Refresh {
		return Pair{}, false
	}
	return Pair{AccessToken: access, RefreshToken: refresh, Expires: f.Head.AccessExpires}, true
}

// addressKey is what failures of a remote address are counted under: an IPv6
// host has a whole /64 to itself, so that is counted as one.
func addressKey(remote string) string {
	address, err := netip.ParseAddr(remote)
	if err != nil {
		withPort, err := netip.ParseAddrPort(remote)
		if err != nil {
			return remote[:min(len(remote), nameLimit)]
		}
		address = withPort.Addr()
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	return netip.PrefixFrom(address, 64).Masked().String()
}

package link

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"time"
)

// A wallet has the client's pair, and renews it. The server spends a refresh token
// when the pair that it gave is first used, so
//
//	take the turn ─▶ read what is kept ─▶ exchange ─▶ keep ─▶ leave the turn ─▶ use
//
// may break anywhere and be begun again: until the use, the same refresh token is
// good, and of what it gave only what was kept is used.
type wallet struct {
	keep     Keep
	code     Secret
	exchange func(context.Context, grant) (pair Pair, tries int, err error)
	turn     chan struct{} // whoever has it renews

	mu    sync.Mutex
	pair  Pair
	got   time.Time // when we were given the pair; zero when it was found kept
	stray Secret    // what the pair was traded for, as long as a try may still be under way

	refused Secret // the refresh token or code that was refused last: it is not shown again
	refusal error
}

// A grant is what is traded for a pair.
type grant struct {
	kind       string
	credential Secret
}

const (
	byCode    = "authorization_code"
	byRefresh = "refresh_token"
)

// ErrNoCode is that nothing can be traded for an access token.
var ErrNoCode = errors.New("link: no pair of tokens is kept, and Options have no authorization code")

func newWallet(keep Keep, code Secret, exchange func(context.Context, grant) (Pair, int, error)) *wallet {
	return &wallet{keep: keep, code: code, exchange: exchange, turn: make(chan struct{}, 1)}
}

const (
	// leeway is how long before its end an access token is renewed: the request with
	// it is still to travel.
	leeway = time.Minute
	// settled is how long a pair that we were given is not renewed again, however our
	// clock stands: if it does not work, another one will not.
	settled = time.Minute
)

// access returns an access token that should be good.
func (w *wallet) access(ctx context.Context) (Secret, error) {
	w.mu.Lock()
	token, good := w.pair.AccessToken, w.good()
	w.mu.Unlock()
	if good {
		return token, nil
	}
	_, err := w.renew(ctx, token, "")
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pair.AccessToken, err
}

// good judges the pair by the clock.
func (w *wallet) good() bool {
	return w.pair.AccessToken != "" && (time.Until(w.pair.Expiration) > leeway || w.young())
}

func (w *wallet) young() bool { return !w.got.IsZero() && time.Since(w.got) < settled }

// worked notes that the server knows the pair of an access token.
func (w *wallet) worked(access Secret) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pair.AccessToken == access {
		w.stray = ""
	}
}

// rejected hears that the server did not take an access token, and reports
// whether there is another one now.
func (w *wallet) rejected(ctx context.Context, access Secret, code Code) (better bool, err error) {
	switch code {
	case CodeTokenExpired, CodeTokenRevoked, CodeAuthRequired:
		return w.renew(ctx, access, code)
	}
	return false, nil
}

// renew gets another access token than bad, unless somebody else did it meanwhile.
// why is the server's reason, "" where the clock is.
func (w *wallet) renew(ctx context.Context, bad Secret, why Code) (better bool, err error) {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	var next Pair
	var stray Secret // what next was traded for, if it took several tries
	traded := false
	err = w.keep.Renew(ctx, func(kept Pair) (Pair, error) {
		w.find(kept)
		var err error
		next, stray, traded, err = w.better(ctx, bad, why)
		if err == nil && !traded {
			return kept, nil
		}
		return next, err
	})
	if err != nil {
		return false, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if traded {
		w.pair, w.got, w.stray = next, time.Now(), stray
	}
	return w.pair.AccessToken != bad, nil
}

// find takes the kept pair if it is another one than ours.
func (w *wallet) find(kept Pair) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if kept.RefreshToken != "" && kept.RefreshToken != w.pair.RefreshToken {
		w.pair, w.got, w.stray = kept, time.Time{}, ""
	}
}

// better trades for a new pair where that is of use; else traded is false.
func (w *wallet) better(ctx context.Context, bad Secret, why Code) (next Pair, stray Secret, traded bool, err error) {
	w.mu.Lock()
	pair, other, good, young, before := w.pair, w.pair.AccessToken != bad, w.good(), w.young(), w.stray
	w.mu.Unlock()
	shown := grant{byRefresh, pair.RefreshToken}
	switch {
	case other && good:
		return next, "", false, nil
	case why == CodeAuthRequired && before != "":
		// The pair is unknown though nobody used it: a try of ours that came late has
		// replaced it. What it was traded for is still good.
		shown.credential = before
		if before == w.code {
			shown.kind = byCode
		}
	case !other && young:
		return next, "", false, nil
	case pair.RefreshToken == "":
		shown = grant{byCode, w.code}
	}
	next, tries, err := w.trade(ctx, shown, pair.Code)
	if refused(err) && shown.kind == byRefresh && w.code != "" && pair.Code != digest(w.code) {
		shown = grant{byCode, w.code} // the operator gave a new one
		next, tries, err = w.trade(ctx, shown, "")
	}
	if tries > 1 {
		stray = shown.credential
	}
	return next, stray, err == nil, err
}

// refused reports whether the server will never take a credential again.
func refused(err error) bool {
	said, ok := errors.AsType[*Error](err)
	return ok && said.Code == CodeInvalidGrant
}

// trade shows a credential, unless it was refused before: the server would count
// that as guessing. code is the digest that the pair is to have.
func (w *wallet) trade(ctx context.Context, g grant, code string) (Pair, int, error) {
	switch g.credential {
	case "":
		return Pair{}, 0, ErrNoCode
	case w.refused:
		return Pair{}, 0, w.refusal
	}
	pair, tries, err := w.exchange(ctx, g)
	if refused(err) {
		w.refused, w.refusal = g.credential, err
	}
	pair.Code = code
	if g.kind == byCode {
		pair.Code = digest(g.credential)
	}
	return pair, tries, err
}

// digest names a code without telling it: half a SHA-256.
func digest(code Secret) string {
	if code == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:len(sum)/2])
}

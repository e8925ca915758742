package link

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// exchange trades a code or a refresh token for a pair (call 1), and tells how
// many tries it took. Each try is a repeat, which is good until the pair is first
// used.
func (c *Client) exchange(ctx context.Context, g grant) (Pair, int, error) {
	body := struct {
		GrantType    string `json:"grantType"`
		Code         Secret `json:"code,omitempty"`
		RefreshToken Secret `json:"refreshToken,omitempty"`
	}{GrantType: g.kind}
	if g.kind == byCode {
		body.Code = g.credential
	} else {
		body.RefreshToken = g.credential
	}
	k, err := newCall(http.MethodPost, "/v1/auth/token", "/v1/auth/token", "", body)
	if err != nil {
		return Pair{}, 0, err
	}
	tries := 0
	a, err := c.retries.again(ctx, func() (answer, error) {
		tries++
		r, err := http.NewRequestWithContext(ctx, k.method, c.url+k.path, bytes.NewReader(k.body))
		if err != nil {
			return answer{}, &permanentError{err}
		}
		for name, value := range map[string]string{
			"User-Agent": c.product, "Accept": "application/json", "Content-Type": "application/json", "Request-ID": k.requestID,
			"PAC-Application-ID": c.headers.Get("PAC-Application-ID"),
		} {
			r.Header.Set(name, value)
		}
		return c.exchanged(r, maxTokens)
	}, k.asked)
	switch {
	case err != nil:
		return Pair{}, tries, k.unanswered(err)
	case a.status != http.StatusOK:
		return Pair{}, tries, k.refusal(a, time.Now())
	}
	var pair Pair
	if err := json.Unmarshal(a.body, &pair); err != nil || pair.AccessToken == "" || pair.RefreshToken == "" {
		return Pair{}, tries, k.refusal(a, time.Now()) // whatever it is, it is no pair, and not to be shown
	}
	return pair, tries, nil
}

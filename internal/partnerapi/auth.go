package partnerapi

import (
	"context"
	"net"
	"net/http"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

type authTokenRequest struct {
	GrantType    string `json:"granttype"`
	Code         string `json:"code"`
	RefreshToken string `json:"refreshtoken"`
}

type authTokenResponse struct {
	AccessToken  string `json:"accessToken"`
	Expiration   string `json:"expiration"`
	RefreshToken string `json:"refreshToken"`
	TokenType    string `json:"tokenType"`
}

// nineDigits is the form of an access token's expiration.
const nineDigits = "2006-01-02T15:04:05.000000000Z"

func (a *api) authToken(ctx context.Context, c *call) (int, any, error) {
	var req authTokenRequest
	if err := decode(c.body, &req); err != nil {
		return 0, nil, err
	}
	grant := access.Grant{
		Type: req.GrantType, Code: req.Code, RefreshToken: req.RefreshToken,
		Application:   access.ApplicationID(c.Header.Get(headerApplication)),
		RemoteAddress: c.RemoteAddr,
	}
	if host, _, err := net.SplitHostPort(c.RemoteAddr); err == nil {
		grant.RemoteAddress = host
	}
	if err := checkGrant(grant); err != nil {
		return 0, nil, err
	}
	pair, err := a.desk.Exchange(ctx, grant)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, authTokenResponse{
		AccessToken:  pair.AccessToken,
		Expiration:   pair.Expires.UTC().Format(nineDigits),
		RefreshToken: pair.RefreshToken,
		TokenType:    "Bearer",
	}, nil
}

// checkGrant refuses a grant without what its type needs.
func checkGrant(g access.Grant) error {
	if err := first(
		within(g.Type, maxString, top, "grantType"),
		within(g.Code, maxString, top, "code"),
		within(g.RefreshToken, maxString, top, "refreshToken")); err != nil {
		return err
	}
	proof := ""
	switch g.Type {
	case "":
		return fault.GrantMalformed
	case "authorization_code":
		proof = g.Code
	case "refresh_token":
		proof = g.RefreshToken
	default:
		return fault.GrantTypeUnknown
	}
	if proof == "" {
		return fault.GrantMalformed
	}
	return nil
}

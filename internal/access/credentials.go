package access

import (
	"log/slog"
	"time"
)

// Credentials are what a partner shows with every call, as they came in its
// headers. Logged as a value, they tell only the application and the channel.
type Credentials struct {
	AccessToken string
	Application ApplicationID
	APIKey      string
	Channel     Channel
}

// A Grant is what a partner brings to the token endpoint. Logged as a value, it
// tells no code and no token.
type Grant struct {
	Type, Code, RefreshToken string
	Application              ApplicationID // "" when not sent
	RemoteAddress            string        // of the caller, with or without a port
}

// A Pair is what a grant is traded for. Logged as a value, it tells only when
// it expires.
type Pair struct {
	AccessToken, RefreshToken string
	Expires                   time.Time // of the access token
}

// LogValue keeps the secrets out of logs.
func (c Credentials) LogValue() slog.Value {
	return slog.GroupValue(slog.String("application", string(c.Application)), slog.String("channel", string(c.Channel)))
}

// LogValue keeps the secrets out of logs.
func (g Grant) LogValue() slog.Value {
	return slog.GroupValue(slog.String("type", g.Type), slog.String("application", string(g.Application)))
}

// LogValue keeps the secrets out of logs.
func (p Pair) LogValue() slog.Value { return slog.GroupValue(slog.Time("expires", p.Expires)) }

// String is what formatting shows of credentials: no secret.
func (c Credentials) String() string { return "credentials of " + string(c.Application) }

// String is what formatting shows of a grant: no secret.
func (g Grant) String() string { return "grant of type " + g.Type }

// String is what formatting shows of a pair: no secret.
func (p Pair) String() string { return "pair of tokens until " + p.Expires.Format(time.RFC3339) }

// GoString is the same for the %#v of a debugger's hand.
func (c Credentials) GoString() string { return c.String() }

// GoString is the same for the %#v of a debugger's hand.
func (g Grant) GoString() string { return g.String() }

// GoString is the same for the %#v of a debugger's hand.
func (p Pair) GoString() string { return p.String() }

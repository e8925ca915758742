package boxoffice

import (
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// A Callback is the promise to tell a partner the outcome of a process of which
// an order stayed pending (contract.md call 7), or a transfer.
type Callback struct {
	Process  ProcessID
	Channel  access.Channel
	URL      string // the partner's; it may hold a secret, so it is sealed at rest and never logged
	State    CallbackState
	Attempts int
	Note     string    // of the last attempt: a class of status such as 5xx, never what was answered
	At       time.Time // when State, Attempts or Note last changed
	Round    int64     // from 1: how often it became owed; what was done in one round settles that one alone
}

// A CallbackState says how far a callback has come.
type CallbackState string

// The states of a callback. Owed becomes one of the others.
const (
	CallbackOwed      CallbackState = "owed"
	CallbackDelivered CallbackState = "delivered"
	CallbackDead      CallbackState = "dead" // given up
)

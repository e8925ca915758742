// Package access says who is calling: which application, over which channel,
// for which organizations. Partners are made known by an operator; they trade
// an authorization code for access and refresh tokens, and show the access
// token, their application id, an API key and a channel code with every call.
//
// Only hashes of credentials are kept, and they are compared in constant time.
package access

import "slices"

type (
	// An OrganizationID is a venue's data account, such as 999.
	OrganizationID int64
	// An ApplicationID names a partner's program in reverse-domain form.
	ApplicationID string
	// A Channel is the code issued to a partner at on-boarding; it has letters,
	// digits, hyphens, underscores and dots only.
	Channel string
)

// A Principal is a caller whose credentials were found good, and the request
// it makes. It is a value and never changes.
type Principal struct {
	Application   ApplicationID
	Channel       Channel
	Organizations []OrganizationID // granted to the application, ascending
	CallbackHosts []string         // that its callbacks may go to; none is any
	Rate          Rate             // how much it may send
	Sandbox       bool             // the server plays the published test cases
	RequestID     string           // for the journal and the log
}

// Serves reports whether the organization is granted to the caller.
func (p Principal) Serves(id OrganizationID) bool {
	_, ok := slices.BinarySearch(p.Organizations, id)
	return ok
}

package link

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
)

// What the contract names by ids. They are opaque: compare them, and no more.
type (
	// An OrganizationID is a venue's data account.
	OrganizationID int64
	// An AccessID names an event: organization, season and item.
	AccessID string
	// A Token names one ticket. It is not a credential.
	Token string
	// A Barcode opens the gate, until its ticket changes hands.
	Barcode string
	// A PatronID names an account of a venue.
	PatronID string
	// A ListingID names what a patron picked to be listed.
	ListingID string
	// A ProcessID names a complete-order or a transfer that may take its time.
	ProcessID string
	// A TransferID names a transfer to its recipient; whoever has it can accept.
	TransferID string
	// A ConfirmationCd names a transfer to its sender.
	ConfirmationCd string
)

// NewRequestID makes a UUID of version 4. A request that has one in its RequestID
// before it is first sent can be sent again after a crash, and has its effect
// once.
func NewRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// isRequestID reports whether a text is a UUID of version 4: the only form under
// which the server knows a request again.
func isRequestID(s string) bool {
	const form = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx"
	if len(s) != len(form) {
		return false
	}
	for i, c := range []byte(strings.ToLower(s)) {
		allowed := string(form[i])
		switch form[i] {
		case 'x':
			allowed = "0123456789abcdef"
		case 'y':
			allowed = "89ab"
		}
		if strings.IndexByte(allowed, c) < 0 {
			return false
		}
	}
	return true
}

// String is the id as the header has it.
func (o OrganizationID) String() string { return strconv.FormatInt(int64(o), 10) }

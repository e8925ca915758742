package web

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

const (
	// ticketPath comes before the secret in a ticket page's address.
	ticketPath = "/t/"
	// receivePath comes before a transferId, receivedPath before a sealed key.
	receivePath  = "/myaccount/receive/"
	receivedPath = "/myaccount/received/"

	// A secret is 160 bits as 32 characters: exactly, so that no two texts are
	// the same secret.
	secretBytes  = 20
	secretLength = secretBytes * 8 / 5
)

// alphabet has neither punctuation, which mail programs cut off at the end of an
// address, nor 0 and 1, which people take for letters when they type it.
const alphabet = "abcdefghijklmnopqrstuvwxyz234567"

var secretText = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// Addresses makes the addresses of ticket pages (boxoffice.Pages). It is safe
// for concurrent use.
type Addresses struct {
	keys *access.Keyring
	base string
}

// NewAddresses makes addresses below publicURL, which is where patrons reach
// this server, such as https://tickets.example.com; a slash at its end does not
// matter. Where it is made from a port the system chose, the listener comes
// first.
func NewAddresses(keys *access.Keyring, publicURL string) Addresses {
	return Addresses{keys: keys, base: strings.TrimRight(publicURL, "/")}
}

// Ticket returns the address of a ticket bought with an order, and the id by
// which the page is found: the hash of the secret in the address, which is all
// that is ever stored. The secret is made from the installation's key, so the
// same ticket of the same order always has the same address, and nobody without
// the key can tell it from order and token.
func (a Addresses) Ticket(order boxoffice.OrderKey, token boxoffice.Token) (id, url string) {
	mac := a.keys.MAC("ticket page", order.String(), string(token))
	secret := secretText.EncodeToString(mac[:secretBytes])
	return pageID(secret), a.base + ticketPath + secret
}

// Receive returns the address before those of the pages where transfers are
// accepted (boxoffice.Pages).
func (a Addresses) Receive() string { return a.base }

// receivedPurpose seals the addresses of what was accepted.
const receivedPurpose = "received tickets"

// received is the path of the page that shows what was accepted with a transfer.
// It is another one each time, and only the key opens it: the address by which
// the transfer was accepted does not lead there.
func (a Addresses) received(key boxoffice.TransferKey) string {
	return receivedPath + a.keys.Seal(receivedPurpose, []byte(key))
}

// receivedBy is the transfer of such a path's last part; false where it is none of
// ours.
func (a Addresses) receivedBy(sealed string) (boxoffice.TransferKey, bool) {
	key, err := a.keys.Open(receivedPurpose, sealed)
	return boxoffice.TransferKey(key), err == nil
}

// passwordPurpose seals the addresses where passwords are set.
const passwordPurpose = "password link"

// Password is where somebody with a link may set a password.
func (a Addresses) Password(link string) string {
	return a.base + passwordPath + "/" + a.keys.Seal(passwordPurpose, []byte(link))
}

// passwordBy is the link of such an address's last part; false where it is none of ours.
func (a Addresses) passwordBy(sealed string) (string, bool) {
	link, err := a.keys.Open(passwordPurpose, sealed)
	return string(link), err == nil
}

// secure reports whether browsers reach this server by https alone.
func (a Addresses) secure() bool { return strings.HasPrefix(a.base, "https://") }

// pageID is the SHA-256 of a secret as 43 characters of base64url. A secret has
// 160 bits nobody can guess, so a slow hash would add nothing.
func pageID(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// isSecret reports whether s can be a secret of ours at all; others need not be
// looked up.
func isSecret(s string) bool {
	return len(s) == secretLength && strings.Trim(s, alphabet) == ""
}

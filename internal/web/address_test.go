package web

import (
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

var _ boxoffice.Pages = Addresses{}

func ring(t *testing.T, letter string) *access.Keyring {
	t.Helper()
	keys, err := access.ParseKeyring(strings.Repeat(letter, 43) + "=")
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestATicketHasOneAddress(t *testing.T) {
	order := boxoffice.OrderKey{Channel: "second-row", ExternalOrderID: "O1"}
	a := NewAddresses(ring(t, "A"), "https://tickets.example.com/")
	id, url := a.Ticket(order, "999TOKEN")
	secret, found := strings.CutPrefix(url, "https://tickets.example.com/t/")
	if !found || !isSecret(secret) {
		t.Fatalf("Ticket = %q, want a secret below /t/", url)
	}
	if id != pageID(secret) || strings.Contains(id, secret) || len(id) != 43 {
		t.Errorf("id = %q, want the hash of %q", id, secret)
	}

	again := NewAddresses(ring(t, "A"), "https://tickets.example.com")
	if sameID, sameURL := again.Ticket(order, "999TOKEN"); sameID != id || sameURL != url {
		t.Errorf("after a restart Ticket = %q, %q; want %q, %q", sameID, sameURL, id, url)
	}
	others := []struct {
		name  string
		keys  string
		order boxoffice.OrderKey
		token boxoffice.Token
	}{
		{"another token", "A", order, "999TOKEM"},
		{"another order", "A", boxoffice.OrderKey{Channel: "second-row", ExternalOrderID: "O2"}, "999TOKEN"},
		{"another channel", "A", boxoffice.OrderKey{Channel: "first-row", ExternalOrderID: "O1"}, "999TOKEN"},
		{"order and token cut elsewhere", "A", boxoffice.OrderKey{Channel: "second-row", ExternalOrderID: "O19"}, "99TOKEN"},
		{"another installation", "E", order, "999TOKEN"},
	}
	for _, tt := range others {
		t.Run(tt.name, func(t *testing.T) {
			other := NewAddresses(ring(t, tt.keys), "https://tickets.example.com")
			if otherID, otherURL := other.Ticket(tt.order, tt.token); otherID == id || otherURL == url {
				t.Errorf("Ticket(%v, %v) = %q too", tt.order, tt.token, otherURL)
			}
		})
	}
}

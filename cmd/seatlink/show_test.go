package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/seatlink/seatlink/internal/operatorapi"
)

// What is asked for by whichever of its names is told with its story, and without
// persons unless they are asked for.
func TestAnOperatorIsShownHowATicketStandsAndItsStory(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			key, callers := furnish(t, db, "market")
			server, url := serve(t, db, key)
			c := callers[0]
			c.url = url
			tokens := freeTokens(t, db)[:2]
			token := tokens[0]
			show := func(words ...string) (string, error) {
				return command(t.Context(), slices.Concat([]string{"show"}, words, []string{"--db", db, "--key", key})...)
			}
			says := func(words []string, want ...string) string {
				t.Helper()
				said, err := show(words...)
				if err != nil || behind(said, want) < 0 {
					t.Errorf("seatlink show %q: %v\n%s\nwant %q", words, err, said, want)
				}
				return said
			}
			says([]string{token}, "ticket", token, "event", "999:", ": open", "seat", "owner", "stands", "free", "nothing has happened to it")

			locking := uuid.NewString()
			status, answer, err := c.call(t.Context(), "PUT", "/v1/tickets/lock", locking, lockBody("L-1", tokens))
			if err != nil || status != http.StatusOK {
				t.Fatalf("lock: %d %v\n%s", status, err, answer)
			}
			says([]string{token}, "stands", "lock of market since", "WHEN", "lock", "market", "lock of market", locking)
			c.want(t, http.StatusOK, "POST", "/v1/cart/complete-order", json.RawMessage(saleBody("O-1", "ada", tokens)), nil)
			story := []string{token, "WHEN", "1", "lock", "market", "lock of market", locking, "2", "sale", "free, order market/O-1"}
			plain := says([]string{token}, story...)
			says([]string{token, "--limit", "1"}, "1 older rows are left out", "WHEN", "2", "sale")
			says([]string{"market/O-1"}, append([]string{"order", "market/O-1", "COMPLETE", "ticket"}, tokens[0], "sale", tokens[1], "sale")...)
			says([]string{locking}, "searched", "SUBJECT", "lock", "lock of market")
			says([]string{locking, "--kind", "request", "--back", "1h"}, tokens[0], tokens[1])

			var shown operatorapi.Shown
			said := says([]string{token, "--personal", "--output", "json"})
			decode(t, said, &shown)
			if len(shown.Tickets) != 1 || len(shown.People) != 1 || shown.People[0].Email != "ada@example.com" {
				t.Fatalf("show --personal tells %+v; want the ticket and Ada", shown)
			}
			at := shown.Tickets[0]
			if at.Barcode == "" || strings.Contains(plain, at.Barcode) || strings.Contains(plain, "ada@") || strings.Contains(plain, "Example") {
				t.Errorf("without --personal it tells a person or the barcode %q:\n%s", at.Barcode, plain)
			}
			says([]string{"--personal", at.Barcode}, "ticket", token, "barcode", at.Barcode) // by the barcode alone
			says([]string{at.Event, at.Section, at.Row, at.Seat}, story...)

			for words, want := range map[string]string{
				"NONE":                       "there is no ticket, order, listing, transfer or barcode NONE",
				token + " --kind listing":    "there is no listing " + token,
				"market/O-2":                 "there is no ticket, order",
				at.Event + " ES:9 Z 9999":    "there is no ticket",
				uuid.NewString():             "changed anything since",
				token + " --limit 1001":      "1 to 1000 rows",
				"constant-id --kind request": "no request constant-id changed anything",
			} {
				if said, err := show(strings.Fields(words)...); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("seatlink show %s: %v; want %q\n%s", words, err, want, said)
				}
			}
			server.stop()
			says([]string{token}, story...) // without a server too
		})
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/operatorapi"
)

// Rules that an operator sets count from the next request on, beside a server and
// on one that has the catalog in memory.
func TestRulesOfAnOrganizationCountFromTheNextRequestOn(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			db := database.open(t)
			key, callers := furnish(t, db, "market")
			server, url := serve(t, db, key)
			c := callers[0]
			c.url = url
			set := func(words []string, want ...string) {
				t.Helper()
				args := slices.Concat([]string{"organization", "set", "999"}, words, []string{"--db", db, "--key", key})
				if said := must(t, args...); behind(said, want) < 0 {
					t.Errorf("seatlink %q says\n%s\nwant %q", args, said, want)
				}
			}
			sells := func(order, token string) string {
				t.Helper()
				var sale struct{ Status string }
				c.want(t, http.StatusOK, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", []string{token})), nil)
				c.want(t, http.StatusOK, "POST", "/v1/cart/complete-order", json.RawMessage(saleBody(order, "ada", []string{token})), &sale)
				return sale.Status
			}
			tokens := freeTokens(t, db)
			if got := sells("O-1", tokens[0]); got != "COMPLETE" {
				t.Errorf("before, an order is %s; want COMPLETE", got)
			}
			set([]string{"--review", "above", "--above", "100"}, "review", "above 100 USD")
			if got := sells("O-2", tokens[1]); got != "PENDING" {
				t.Errorf("after it is to be reviewed, an order is %s; want PENDING", got)
			}
			set([]string{"--review", "none", "--sums", "strict"}, "sums", "strict", "review", "none")
			if got := sells("O-3", tokens[2]); got != "COMPLETE" {
				t.Errorf("after nothing is reviewed, an order is %s; want COMPLETE", got)
			}
			set([]string{"--zone", "Europe/Vienna", "--page", "https://a.example.com/x", "--callback-host", "b.example.com"},
				"Europe/Vienna", "strict", "https://a.example.com/x", "b.example.com")
			set([]string{"--no-pages", "--any-callback-host"}, "none of partners' own", "to any host")
			must(t, "organization", "list", "--db", db, "--key", key)
			for want, args := range map[string][]string{
				"there is no organization 7: see seatlink organization list": {"set", "7", "--sums", "strict"},
				"a zone is a name of the IANA time zone database":            {"set", "999", "--zone", "Mars/Olympus"},
				"needs the amount":                         {"set", "999", "--review", "above"},
				"a page is https://HOST":                   {"set", "999", "--page", "http://a.example.com"},
				"a host of callbacks is a name":            {"set", "999", "--callback-host", "a.example.com:1"},
				"there is no organization 8: see seatlink": {"show", "8"},
			} {
				args = slices.Concat([]string{"organization"}, args, []string{"--db", db, "--key", key})
				if said, err := command(t.Context(), args...); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("seatlink %q: %v; want %q\n%s", args, err, want, said)
				}
			}
			server.stop()
			audit(t, db)
		})
	}
}

func TestAListingThatAnOperatorMakesIsShownToItsChannel(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			db := database.open(t)
			key, callers := furnish(t, db, "market")
			server, url := serve(t, db, key)
			c := callers[0]
			c.url = url
			token := freeTokens(t, db)[0]
			owner := ""
			query(t, look(t, db), func(scan func(...any) error) error { return scan(&owner) }, `SELECT owner FROM ticket WHERE token = $1`, token)
			listing := func(words ...string) (string, error) {
				return command(t.Context(), slices.Concat([]string{"listing"}, words, []string{"--db", db, "--key", key})...)
			}
			said, err := listing("add", "--channel", "market", "--patron", owner, token, "--output", "json")
			var made operatorapi.Listing
			if err != nil || json.Unmarshal([]byte(said), &made) != nil {
				t.Fatalf("listing add: %v\n%s", err, said)
			}
			if where := strings.TrimPrefix(made.URL, url); where != "/v1/listings/"+made.ID || strings.HasPrefix(db, "sqlite:") && made.URL == where {
				t.Errorf("the listing is at %s; want it at %s/v1/listings/%s", made.URL, url, made.ID)
			}
			var shown []struct{ Tickets []grouped }
			c.want(t, http.StatusOK, "GET", "/v1/listings/"+made.ID, nil, &shown)
			if len(shown) != 1 || len(shown[0].Tickets) != 1 || shown[0].Tickets[0].Seats[0].Token != token {
				t.Errorf("the partner is shown %+v; want ticket %s", shown, token)
			}
			c.want(t, http.StatusOK, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", []string{token})), nil)
			c.want(t, http.StatusOK, "POST", "/v1/cart/complete-order", json.RawMessage(saleBody("O-1", "ada", []string{token})), nil)
			if said, err := listing("list"); err != nil || behind(said, []string{"LEFT", made.ID, "market", owner, "1", "0", "until"}) < 0 {
				t.Errorf("listing list: %v\n%s\nwant %s with nothing left", err, said, made.ID)
			}
			another, its := freeTokens(t, db)[1], ""
			query(t, look(t, db), func(scan func(...any) error) error { return scan(&its) }, `SELECT owner FROM ticket WHERE token = $1`, another)
			for _, tt := range []struct{ channel, patron, token, want string }{
				{"nobody", its, another, "no partner has the channel nobody: see seatlink partner list"},
				{"market", owner, token, fmt.Sprintf("ticket %q: the ticket is not the patron's", token)},
				{"market", owner, "NONE", `ticket "NONE": `},
			} {
				if said, err := listing("add", "--channel", tt.channel, "--patron", tt.patron, tt.token); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("listing add for %+v: %v\n%s", tt, err, said)
				}
			}
			server.stop()
			audit(t, db)
		})
	}
}

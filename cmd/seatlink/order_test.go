package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/operatorapi"
)

// An orderDesk is an operator at the shell.
type orderDesk struct {
	t       *testing.T
	db, key string
}

func (d orderDesk) args(verb string, more ...string) []string {
	return append([]string{"order", verb, "--db", d.db, "--key", d.key, "--as", "ada"}, more...)
}

// says fails the test unless the command succeeds and says these, in this order.
func (d orderDesk) says(verb string, more []string, want ...string) string {
	d.t.Helper()
	said, err := command(d.t.Context(), d.args(verb, more...)...)
	if err != nil || behind(said, want) < 0 {
		d.t.Errorf("seatlink order %s %q: %v\n%s\nwant %q", verb, more, err, said, want)
	}
	return said
}

// refuses fails the test unless the command fails and its error says this.
func (d orderDesk) refuses(verb string, more []string, want string) {
	d.t.Helper()
	said, err := command(d.t.Context(), d.args(verb, more...)...)
	if err == nil || !strings.Contains(err.Error(), want) {
		d.t.Errorf("seatlink order %s %q: %v; want %q\n%s", verb, more, err, want, said)
	}
}

func TestAnOperatorDecidesOrdersBesideAServerAndWithout(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			db := database.open(t)
			key, callers := furnish(t, db, "first")
			spoil(t, db, `UPDATE organization SET review = 'all' WHERE id = 999`)
			partner, tokens := callers[0], freeTokens(t, db)[:4]
			desk := orderDesk{t, db, key}
			desk.says("list", nil, "No order is under review.\n")

			r := receive(t)
			server, url := serveSandbox(t, db, key)
			partner.url = url
			desk.says("list", nil, "No order is under review.\n")
			desk.says("list", []string{"--output", "json"}, `{"orders":[],"more":false}`)
			processes := map[string]string{}
			for i, order := range []string{"O-1", "O-2", "O-3", "O-4"} {
				processes[order] = partner.orderPending(t, order, tokens[i:i+1], r.url)
			}
			desk.says("list", nil, "ORDER", "SUMS", "first/O-1", "999", "1", "104 USD", "reconcile", "first/O-2", "first/O-3", "first/O-4")
			desk.says("list", []string{"--limit", "2"}, "first/O-1", "first/O-2", "and more: see --limit")
			desk.says("show", []string{"first/O-1"},
				"order", "first/O-1", "PENDING, waits for review", "paid", "104 USD (price 100, fees 4)", "ticket", tokens[0], "callback", "owed, no attempt yet")

			desk.says("approve", []string{"first/O-1", "--reason", "spoke with them"}, "order first/O-1 is COMPLETE\n")
			desk.says("approve", []string{"first/O-1"}, "order first/O-1 is COMPLETE\n")
			hears(t, partner, r, processes["O-1"], "COMPLETE")
			desk.says("reject", []string{"first/O-2", "--reason", "too late"}, "order first/O-2 is ERROR\n", "ORDER_REJECTED")
			hears(t, partner, r, processes["O-2"], "ERROR")
			desk.refuses("reject", []string{"first/O-1", "--reason", "changed my mind"}, "decided before, and not so: see seatlink order show first/O-1")
			desk.refuses("approve", []string{"first/O-2"}, "decided before, and not so")
			desk.refuses("show", []string{"first/O-9"}, "there is no order first/O-9: see seatlink order list")
			desk.says("show", []string{"first/O-1"}, "COMPLETE", "verdict", "approved by operator/ada", "spoke with them", "callback", "delivered, 1 attempt at", "met 2xx")
			desk.says("show", []string{"first/O-2"}, "ERROR", "verdict", "rejected by operator/ada", "too late", "error", "ORDER_REJECTED")
			desk.says("list", nil, "first/O-3", "first/O-4")
			server.stop()

			// Nobody runs: the command opens the database itself, also beside the socket
			// of a server that was killed.
			desk.says("approve", []string{"first/O-3"}, "order first/O-3 is COMPLETE\n")
			server, partner.url = serveSandbox(t, db, key)
			hears(t, partner, r, processes["O-3"], "COMPLETE") // the callback was left for a server
			server.kill()
			spoil(t, db, `UPDATE event SET cancelled = true WHERE id = (SELECT event FROM ticket WHERE token = $1)`, tokens[3])
			desk.refuses("approve", []string{"first/O-4"}, "the order was approved and could not be sold any more")
			desk.says("show", []string{"first/O-4"}, "ERROR", "approved by operator/ada", "no reason given", "EVENT_CLOSED")
			server, partner.url = serveSandbox(t, db, key)
			hears(t, partner, r, processes["O-4"], "ERROR")
			desk.says("list", nil, "No order is under review.\n")
			server.stop()
			r.quiet(t)
			if path, isFile := strings.CutPrefix(db, "sqlite:"); isFile {
				if _, err := os.Lstat(operatorapi.Socket(path)); !os.IsNotExist(err) {
					t.Errorf("the socket after the server stopped: %v; want it gone", err)
				}
			}
			audit(t, db)
		})
	}
}

// hears fails the test unless the next callback is the status of this process.
func hears(t *testing.T, partner *caller, r *receiver, process, status string) {
	t.Helper()
	got := r.next(t)
	_, want, err := partner.call(t.Context(), "GET", "/v1/cart/complete-order/"+process, requestID(), nil)
	if err != nil || got.body != string(want) || !strings.Contains(got.body, `"status":"`+status+`"`) {
		t.Errorf("the callback is\n%s\nand the order's status\n%s (%v); want %s", got.body, want, err, status)
	}
}

func TestTwoFilesInOneFolderAreNotTakenForEachOther(t *testing.T) {
	served := sqliteFile(t)
	key, _ := furnish(t, served, "first")
	server, _ := serveSandbox(t, served, key)
	other := "sqlite:" + filepath.Join(filepath.Dir(strings.TrimPrefix(served, "sqlite:")), "other.db")
	otherKey, _ := furnish(t, other, "first")
	orderDesk{t, other, otherKey}.says("list", nil, "No order is under review.\n")
	orderDesk{t, other, key}.refuses("list", nil, "the key is not the one this database was made with") // so it was opened
	said := launch(t, "serve", "--db", other, "--key", otherKey, "--addr", "127.0.0.1:0").refused()
	if want := "another seatlink server listens at"; !strings.Contains(said, want) {
		t.Errorf("a second server in the folder says %q; want %q", said, want)
	}
	orderDesk{t, served, "/nowhere.key"}.says("list", nil, "No order is under review.\n") // the server has the key
	server.stop()
}

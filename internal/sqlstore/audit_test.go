package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/storetest"
)

func TestAuditOfSoundBooksIsCleanAndLooksAtEverything(t *testing.T) {
	for _, h := range auditedHouses(t) {
		t.Run(h.name, func(t *testing.T) {
			for _, slice := range []int{1, auditedSlice, 1_000} {
				report, err := sqlstore.AuditInSlices(t.Context(), h.url, slice)
				if err != nil || !report.Clean() {
					t.Fatalf("audit in slices of %d = %v\n%s", slice, err, report)
				}
				if slice == 1_000 {
					continue
				}
				for _, e := range report.Examined {
					if e.Rows == 0 || e.Breaks != 0 {
						t.Errorf("audit in slices of %d examined %d rows for %s (%s) and counted %d breaks", slice, e.Rows, e.Invariant, e.Rule, e.Breaks)
					}
				}
			}
		})
	}
}

// Ensure that a cent that went to an element which was refused is not missed.
func TestAuditKnowsWhereARemainderWent(t *testing.T) {
	url := "sqlite:" + blankFile(t)
	s := opened(t, url)
	defer s.Close()
	loadHouse(t, s)
	office := boxoffice.NewOffice(s, mailKeys{}, auditedPages{})
	lock(t, office, channel("ONE"), 10, "A0", "A1", "A2")
	gift := boxoffice.CartElement{ExternalListingID: "X-1", ExternalOrderID: "O-4", Lines: []boxoffice.CartLine{{Token: "A9"}}}
	sale, err := office.Complete(t.Context(), channel("ONE"), boxoffice.Cart{
		Elements:   []boxoffice.CartElement{order("O-1", "A0"), order("O-2", "A1"), order("O-3", "A2"), gift},
		Buyer:      boxoffice.Contact{LastName: "Buyer"},
		Settlement: boxoffice.Settlement{TotalPaid: money(165), ToSeller: money(100)},
	})
	if err != nil || len(sale.Refused) != 1 {
		t.Fatalf("Complete = %+v, %v; want the gift refused", sale, err)
	}
	if report, err := sqlstore.Audit(t.Context(), url); err != nil || !report.Clean() {
		t.Errorf("Audit = %v\n%s", err, report)
	}
}

// Ensure that the operator, and a venue that takes a ticket back, may take their time.
func TestAuditLetsTheOperatorTakeTheirTime(t *testing.T) {
	for _, h := range auditedHouses(t) {
		for _, tt := range []struct{ name, statement string }{
			{"an order under review for a day", `UPDATE orders SET at = at - 86400000000 WHERE key = 'ONE/O-8'`},
			{"a ticket that the venue took from a pending order", `
UPDATE ticket SET hold = 'venue', hold_by = 'desk', hold_terms = '', version = 3, latest = (SELECT MAX(number) FROM batch) WHERE token = 'B4';
UPDATE batch SET size = size + 1 WHERE number = (SELECT MAX(number) FROM batch);
UPDATE head SET position = position + 1;
INSERT INTO journal (batch, n, organization, entity, subject, version, what, application, channel, request_id, at, prior, state)
SELECT b.number, b.size - 1, 999, 'seats', 'B4', 3, 'hold', 'operator/pat', '', '', 1, (SELECT batch FROM journal WHERE subject = 'B4' AND version = 2),
	'{"owner":"10","hold":"venue","by":"desk","was":{"hold":"order","by":"' || (SELECT process FROM orders WHERE lines LIKE '%B4%') || '"}}'
FROM batch AS b WHERE b.number = (SELECT MAX(number) FROM batch)`},
			{"changes of an event that do not say how it was", `
UPDATE journal SET state = (SELECT '{"name":"Last game","start":' || start_at || ',"secondary":true,"cancelled":false}' FROM event WHERE id = '999:F29:F01')
WHERE subject = '999:F29:F01' AND what <> 'load'`},
		} {
			t.Run(h.name+"/"+tt.name, func(t *testing.T) {
				url, db := h.copy(t)
				exec(t, db, tt.statement)
				must(t, db.Close())
				if report, err := sqlstore.Audit(t.Context(), url); err != nil || !report.Clean() {
					t.Errorf("Audit = %v\n%s", err, report)
				}
			})
		}
	}
}

func TestAReportReadsWell(t *testing.T) {
	report := sqlstore.Report{
		Findings: []sqlstore.Finding{{Invariant: "I17", Subject: "ONE/O-1", Says: "is in an unknown state"}},
		Examined: []sqlstore.Examined{{Invariant: "I14", Rule: "names fit", Rows: 7}, {Invariant: "I17", Rule: "states are known", Rows: 7, Breaks: 1}},
		Notes:    []string{"one thing was not looked at"},
	}
	const want = `I14  holds          7 rows      0 breaks  names fit
I17  BROKEN         7 rows      1 breaks  states are known
I17: ONE/O-1: is in an unknown state
note: one thing was not looked at
`
	if got := report.String(); got != want || report.Clean() {
		t.Errorf("String() = %s\nwant %s", got, want)
	}
}

func TestAuditFindsEachBreak(t *testing.T) {
	breaks := []struct {
		name      string
		statement string
		invariant string
		subject   string // or a query that tells it before the break
	}{
		{"a sale that its order does not have", `UPDATE orders SET lines = '' WHERE key = 'ONE/O-2'`, "I1", "A1"},
		{"a line that was never sold", `UPDATE journal SET what = 'unlock' WHERE subject = 'A1' AND version = 3`, "I1", "ONE/O-2"},
		{"a line of a ticket that is not there", `UPDATE orders SET lines = replace(lines, '"A1"', '"A99"') WHERE key = 'ONE/O-2'`, "I1", "ONE/O-2"},
		{"an order that two orders' lines sold", `UPDATE orders SET lines = (SELECT lines FROM orders WHERE key = 'ONE/O-2') WHERE key = 'ONE/O-3'`, "I1", "ONE/O-3"},
		{"lines that cannot be read", `UPDATE orders SET lines = '[{' WHERE key = 'ONE/O-2'`, "I1", "ONE/O-2"},

		{"a pending order that lost its ticket", `UPDATE ticket SET hold = '', hold_by = '', hold_since = 0, hold_terms = '' WHERE token = 'B1'`, "I1", "ONE/PENDING-1"},
		{"an order that waited for a ticket and never got it", `UPDATE journal SET what = 'relock' WHERE subject = 'B3' AND what = 'order'`, "I1", "ONE/PENDING-2"},
		{"a ticket ordered by an order without it", `UPDATE orders SET lines = '' WHERE key = 'ONE/PENDING-1'`, "I1", "B1"},
		{"a ticket ordered by an order that never waited", `UPDATE orders SET wait = '' WHERE key = 'ONE/PENDING-1'`, "I1", "B1"},
		{"a ticket given back by an order that is complete", `UPDATE orders SET state = 'COMPLETE' WHERE key = 'ONE/ERROR-1'`, "I1", "B2"},
		{"a ticket sold by an order that waits", `UPDATE orders SET state = 'PENDING' WHERE key = 'ONE/PENDING-2'`, "I1", "B3"},

		{"an owner whom the journal does not know", `UPDATE ticket SET owner = '11' WHERE token = 'A2'`, "I2", "A2"},
		{"an owner changed without a sale", `UPDATE journal SET state = replace(state, '"10"', '"11"') WHERE subject = 'A2' AND version = 2`, "I2", "A2"},
		{"an order that says another seller", `UPDATE orders SET lines = replace(lines, '"From":"10"', '"From":"11"') WHERE key = 'ONE/O-2'`, "I2", "A1"},
		{"an order that says another buyer", `UPDATE orders SET lines = replace(lines, '"To":"', '"To":"9') WHERE key = 'ONE/O-2'`, "I2", "A1"},
		{"an owner since another version", `UPDATE ticket SET owned = 2 WHERE token = 'A1'`, "I2", "A1"},
		{"a buyer who owns what is only ordered", `UPDATE journal SET state = replace(state, '"owner":"10"', '"owner":"11"') WHERE subject = 'B1' AND what = 'order'`, "I2", "B1"},

		{"a lock of nobody", `UPDATE ticket SET hold_by = '' WHERE token = 'A2'`, "I3", "A2"},
		{"a free ticket with a holder", `UPDATE ticket SET hold_by = 'ONE' WHERE token = 'A8'`, "I3", "A8"},
		{"a free ticket with terms", `UPDATE ticket SET hold_terms = '{"source":"BROKER"}' WHERE token = 'A8'`, "I3", "A8"},
		{"an order's hold of an order that ended", `UPDATE orders SET state = 'ERROR' WHERE key = 'ONE/PENDING-1'`, "I3", "B1"},
		{"an order's hold of no process", `UPDATE ticket SET hold_by = 'P' WHERE token = 'B1'`, "I3", "B1"},

		{"a lock that was lost", `UPDATE ticket SET hold = '', hold_by = '', hold_since = 0, hold_terms = '' WHERE token = 'A2'`, "I4", "A2"},
		{"a lock that came back", `UPDATE ticket SET hold = 'lock', hold_by = 'ONE', hold_since = 1 WHERE token = 'A5'`, "I4", "A5"},
		{"a lock that no act took", `UPDATE ticket SET hold = 'lock', hold_by = 'ONE', hold_since = 1 WHERE token = 'A8'`, "I4", "A8"},
		{"a lock of another channel", `UPDATE ticket SET hold_by = 'TWO' WHERE token = 'A2'`, "I4", "A2"},
		{"a ticket voided without a row", `UPDATE ticket SET void = true WHERE token = 'A2'`, "I4", "A2"},
		{"a change that says it came from elsewhere", `UPDATE journal SET state = replace(state, '"was":{"hold":"lock"', '"was":{"hold":"venue"') WHERE subject = 'A1' AND version = 2`, "I4", "A1"},
		{"a state that cannot be read", `UPDATE journal SET state = '{' WHERE subject = 'A2' AND version = 1`, "I4", "A2"},
		{"a hold of an unknown kind", `UPDATE ticket SET hold = 'reserved', hold_by = 'ONE' WHERE token = 'A8'`, "I5", "A8"},
		{"an order's hold that a channel ended", `UPDATE journal SET what = 'relock' WHERE subject = 'B2' AND what = 'fail'`, "I5", "B2"},

		{"a sale of another channel's lock", `UPDATE journal SET state = replace(state, '"ONE"', '"TWO"') WHERE subject = 'A1' AND version = 2`, "I6", "A1"},
		{"a sale of a free ticket", `UPDATE journal SET state = '{"owner":"10"}' WHERE subject = 'A1' AND version = 2`, "I6", "A1"},
		{"a sale for another channel's order", `UPDATE orders SET channel = 'TWO' WHERE key = 'ONE/O-2'`, "I6", "A1"},
		{"a sale without a version before it", `DELETE FROM journal WHERE subject = 'A1' AND version < 3`, "I6", "A1"},
		{"an order of another channel's lock", `UPDATE journal SET state = replace(state, '"ONE"', '"TWO"') WHERE subject = 'B1' AND version = 1`, "I6", "B1"},
		{"a sale of what its order did not hold", `UPDATE journal SET state = replace(state, '"hold":"order"', '"hold":"venue"') WHERE subject = 'B3' AND what = 'order'`, "I6", "B3"},
		{"an order in ERROR that kept its ticket", `DELETE FROM journal WHERE subject = 'B2' AND what = 'fail'`, "I6", "ONE/ERROR-1"},
		{"a lock given back to another channel", `UPDATE journal SET state = replace(state, '"by":"ONE"', '"by":"TWO"') WHERE subject = 'B2' AND what = 'fail'`, "I6", "B2"},
		{"an unlock that left the lock", `UPDATE journal SET state = '{"owner":"10","hold":"lock","by":"ONE"}' WHERE subject = 'A5' AND version = 3`, "I7", "A5"},

		{"a ticket that is gone", `DELETE FROM ticket WHERE token = 'A8'`, "I8", "999:F26:F01"},
		{"a ticket that no load had", `UPDATE journal SET state = replace(state, '"tickets":10', '"tickets":9') WHERE subject = '999:F26:F01'`, "I8", "999:F26:F01"},
		{"a load that cannot be read", `UPDATE journal SET state = '' WHERE subject = '999:F26:F01'`, "I8", "999:F26:F01"},
		{"a seat that two tickets have", `DROP INDEX ticket_live_seat; UPDATE ticket SET seat = '8' WHERE token = 'A9'`, "I8", "A8"},
		{"a barcode that two tickets have", `DROP INDEX ticket_barcode; UPDATE ticket SET barcode = (SELECT barcode FROM ticket WHERE token = 'A8') WHERE token = 'A9'`, "I8", "A8"},

		{"an order that cost what was not booked", `UPDATE orders SET differs = true, price = price + 1 WHERE key = 'ONE/O-2'`, "I9", "ONE/O-2"},
		{"fees that were not booked", `UPDATE ledger SET amount = 0 WHERE order_key = 'ONE/O-2' AND account = 'fees'`, "I9", "ONE/O-2"},
		{"tickets that cost more than their order", `UPDATE orders SET lines = replace(lines, '"Price":5000', '"Price":5001') WHERE key = 'ONE/O-2'`, "I9", "ONE/O-2"},
		{"a pending order that costs more than its tickets", `UPDATE orders SET price = price + 1 WHERE key = 'ONE/PENDING-1'`, "I9", "ONE/PENDING-1"},
		{"a settlement shared out twice", `UPDATE orders SET settled_paid = 9000 WHERE key LIKE 'ONE/O-_' AND place < 2 AND NOT differs`, "I9", `SELECT process FROM orders WHERE key = 'ONE/O-2'`},
		{"a settlement not shared out", `UPDATE orders SET paid_share = paid_share - 1 WHERE key = 'ONE/O-2'`, "I9", `SELECT process FROM orders WHERE key = 'ONE/O-2'`},

		{"an entry of another amount", `UPDATE ledger SET amount = amount + 1 WHERE order_key = 'ONE/O-2' AND account = 'sale'`, "I10", "ONE/O-2"},
		{"a transaction that does not sum to zero", `UPDATE ledger SET amount = amount + 1 WHERE order_key = 'ONE/O-2' AND account = 'sale'`, "I10", `SELECT 'transaction ' || MIN(number) FROM ledger WHERE order_key = 'ONE/O-2'`},
		{"a ledger that does not sum to zero", `UPDATE ledger SET amount = amount + 1 WHERE order_key = 'ONE/O-2' AND account = 'sale'`, "I10", "ledger"},
		{"an order booked in another currency", `UPDATE ledger SET currency = 'EUR' WHERE order_key = 'ONE/O-2'`, "I10", "ONE/O-2"},
		{"an account that nobody knows", `UPDATE ledger SET account = 'charity' WHERE order_key = 'ONE/O-2' AND account = 'kept'`, "I10", "ONE/O-2"},

		{"something kept that is the seller's", `UPDATE ledger SET amount = CASE account WHEN 'seller' THEN amount - 1 ELSE amount + 1 END WHERE order_key = 'ONE/O-2' AND account IN ('seller', 'kept')`, "I11", "ONE/O-2"},
		{"less than nothing kept", `UPDATE orders SET to_seller_share = paid_share + 1 WHERE key = 'ONE/O-3'`, "I11", "ONE/O-3"},
		{"less than nothing to keep of a pending order", `UPDATE orders SET to_seller_share = paid_share + 1 WHERE key = 'ONE/PENDING-1'`, "I11", "ONE/PENDING-1"},

		{"a complete order without a transaction", `DELETE FROM ledger WHERE order_key = 'ONE/O-2'`, "I12", "ONE/O-2"},
		{"an order of two seasons booked in one", `UPDATE ledger SET season = 'F26' WHERE order_key = 'ONE/O-1'`, "I12", "ONE/O-1"},
		{"a transaction of another season", `UPDATE ledger SET season = 'F27' WHERE order_key = 'ONE/O-2'`, "I12", "ONE/O-2"},
		{"an order booked twice", `INSERT INTO ledger SELECT number + 5000, n, order_key, season, account, amount, currency, at FROM ledger WHERE order_key = 'ONE/O-2'`, "I12", "ONE/O-2"},
		{"a transaction of no order", `UPDATE ledger SET order_key = 'ONE/O-9' WHERE order_key = 'ONE/O-2'`, "I12", "ONE/O-9"},
		{"a transaction of two seasons", `UPDATE ledger SET season = 'F27' WHERE order_key = 'ONE/O-2' AND account = 'kept'`, "I12", `SELECT 'transaction ' || MIN(number) FROM ledger WHERE order_key = 'ONE/O-2'`},
		{"a failed order with a transaction", `UPDATE orders SET state = 'ERROR' WHERE key = 'ONE/O-2'`, "I12", "ONE/O-2"},
		{"a pending order with a transaction", `INSERT INTO ledger SELECT number + 5000, n, 'ONE/PENDING-1', season, account, amount, currency, at FROM ledger WHERE order_key = 'ONE/O-2'`, "I12", "ONE/PENDING-1"},
		{"an order in ERROR that answers with a transaction", `UPDATE orders SET transactions = (SELECT transactions FROM orders WHERE key = 'ONE/O-2') WHERE key = 'ONE/ERROR-1'`, "I12", "ONE/ERROR-1"},
		{"an order that answers with another transaction", `UPDATE orders SET transactions = '' WHERE key = 'ONE/O-2'`, "I12", "ONE/O-2"},
		{"a complete order that sold nothing", `UPDATE orders SET offers = '' WHERE key = 'ONE/O-2'`, "I12", "ONE/O-2"},

		{"an order without its channel's name", `UPDATE orders SET channel = 'TWO' WHERE key = 'ONE/O-2'`, "I14", "ONE/O-2"},
		{"a pending order without its channel's name", `UPDATE orders SET channel = 'TWO' WHERE key = 'ONE/PENDING-1'`, "I14", "ONE/PENDING-1"},
		{"a process of two channels", `UPDATE orders SET process = (SELECT process FROM orders WHERE key = 'ONE/O-2') WHERE key = 'TWO/O-1'`, "I14", `SELECT process FROM orders WHERE key = 'ONE/O-2'`},
		{"an accept that another recipient got", `UPDATE transfer SET recipient = '11' WHERE key = 'ONE/T-6'`, "I2", "B6"},
		{"a hold of a transfer that has ended", `UPDATE transfer SET state = 'Cancelled' WHERE key = 'ONE/T-5'`, "I5", "B5"},
		{"a hold of no transfer", `UPDATE ticket SET hold_by = 'ONE/T-9' WHERE token = 'B5'`, "I5", "B5"},
		{"a lock of a ticket in a transfer", `UPDATE journal SET what = 'unlock' WHERE subject = 'B7' AND what = 'cancel'`, "I5", "B7"},
		{"a ticket given though it was locked", `UPDATE journal SET what = 'initiate' WHERE subject = 'A2' AND version = 2`, "I5", "A2"},
		{"a pending transfer that lost its ticket", `UPDATE ticket SET hold = '', hold_by = '', hold_since = 0 WHERE token = 'B5'`, "I21", "ONE/T-5"},
		{"a transfer that the journal does not know", `UPDATE journal SET what = 'hold' WHERE subject = 'B5'`, "I21", "ONE/T-5"},
		{"an accept that was none", `UPDATE journal SET what = 'cancel' WHERE subject = 'B6' AND what = 'accept'`, "I21", "B6"},
		{"an accept of a cancelled transfer", `UPDATE transfer SET state = 'Cancelled', recipient = '' WHERE key = 'ONE/T-6'`, "I21", "B6"},
		{"a transfer in no known state", `UPDATE transfer SET state = 'Lost' WHERE key = 'ONE/T-7'`, "I21", "ONE/T-7"},
		{"a transfer of no tickets", `UPDATE transfer SET tokens = '' WHERE key = 'ONE/T-7'`, "I21", "ONE/T-7"},
		{"a transfer of a ticket that is not there", `UPDATE transfer SET tokens = '["B99"]' WHERE key = 'ONE/T-7'`, "I21", "ONE/T-7"},
		{"a pending transfer with an end", `UPDATE transfer SET ended_at = sent_at WHERE key = 'ONE/T-5'`, "I21", "ONE/T-5"},
		{"a pending transfer that nobody would end", `DELETE FROM task WHERE subject = 'ONE/T-5'`, "I21", "ONE/T-5"},
		{"a transfer that ended twice", `INSERT INTO transfer_step (transfer, op, initiator, at) VALUES ('ONE/T-7', 'accept', 'recipient', 1)`, "I21", "ONE/T-7"},
		{"a history that says another end", `UPDATE transfer SET state = 'Expired' WHERE key = 'ONE/T-7'`, "I21", "ONE/T-7"},
		{"an accept too late", `UPDATE transfer SET expires_at = ended_at WHERE key = 'ONE/T-6'`, "I22", "ONE/T-6"},
		{"an end too early", `UPDATE transfer SET expires_at = ended_at + 1 WHERE key = 'ONE/T-8'`, "I22", "ONE/T-8"},
		{"an answer to nobody", `UPDATE answer SET application = 'com.example.gone'`, "I15", `SELECT key FROM answer`},
		{"an answer that says nothing", `UPDATE answer SET words = ''`, "I15", `SELECT key FROM answer`},
		{"an answer that nobody asked for", `UPDATE answer SET asked = ''`, "I15", `SELECT key FROM answer`},
		{"an answer from the future", `UPDATE answer SET at = (SELECT MAX(at) FROM batch) + 1`, "I15", `SELECT key FROM answer`},
		{"an answer that should be gone", `UPDATE answer SET at = (SELECT MAX(at) FROM batch) - 691200000001`, "I15", `SELECT key FROM answer`},
		{"an unknown state", `UPDATE orders SET state = 'DONE' WHERE key = 'ONE/O-2'`, "I17", "ONE/O-2"},
		{"an order that waits for too long", `UPDATE orders SET at = at - 960000000 WHERE key = 'ONE/PENDING-1'`, "I17", "ONE/PENDING-1"},
		{"an order that waits without a task", `DELETE FROM task WHERE kind = 'decide'`, "I17", "ONE/PENDING-1"},
		{"an order that waits for nothing", `UPDATE orders SET wait = '' WHERE key = 'ONE/O-8'`, "I17", "ONE/O-8"},
		{"an order that waits for nobody knows what", `UPDATE orders SET wait = 'luck' WHERE key = 'ONE/PENDING-2'`, "I17", "ONE/PENDING-2"},
		{"a pending order that was judged", `UPDATE orders SET verdict = (SELECT verdict FROM orders WHERE key = 'ONE/PENDING-2') WHERE key = 'ONE/O-8'`, "I17", "ONE/O-8"},
		{"a complete order that waits again", `UPDATE orders SET state = 'PENDING' WHERE key = 'ONE/PENDING-2'`, "I17", "ONE/PENDING-2"},
		{"a complete order that nobody approved", `UPDATE orders SET verdict = (SELECT verdict FROM orders WHERE key = 'ONE/ERROR-1') WHERE key = 'ONE/PENDING-2'`, "I17", "ONE/PENDING-2"},
		{"a complete order with a reason against it", `UPDATE orders SET refused = (SELECT refused FROM orders WHERE key = 'ONE/ERROR-1') WHERE key = 'ONE/PENDING-2'`, "I17", "ONE/PENDING-2"},
		{"an order in ERROR without a reason", `UPDATE orders SET refused = '' WHERE key = 'ONE/ERROR-1'`, "I17", "ONE/ERROR-1"},
		{"an order in ERROR without a verdict", `UPDATE orders SET verdict = '' WHERE key = 'ONE/ERROR-1'`, "I17", "ONE/ERROR-1"},

		{"a transfer that waits without a task", `DELETE FROM task WHERE kind = 'decide-transfer'`, "I17", "ONE/PENDING-9"},
		{"a transfer that waits for too long", `UPDATE transfer SET sent_at = sent_at - 960000000 WHERE key = 'ONE/PENDING-9'`, "I17", "ONE/PENDING-9"},
		{"a transfer that waits for nobody knows what", `UPDATE transfer SET wait = 'luck' WHERE key = 'ONE/PENDING-9'`, "I17", "ONE/PENDING-9"},
		{"a transfer that waits under no name", `UPDATE transfer SET process = '' WHERE key = 'ONE/PENDING-9'`, "I17", "ONE/PENDING-9"},
		{"a transfer in ERROR without a reason", `UPDATE transfer SET refused = '' WHERE key = 'ONE/ERROR-9'`, "I17", "ONE/ERROR-9"},
		{"a transfer that was handed over and is in ERROR", `UPDATE transfer SET process_state = 'ERROR' WHERE key = 'ONE/H-1'`, "I17", "ONE/H-1"},
		{"a transfer that calls back and never waited", `UPDATE transfer SET call_back = true WHERE key = 'ONE/H-1'`, "I17", "ONE/H-1"},
		{"a transfer to be told of without a callback", `UPDATE transfer SET call_back = true WHERE key = 'ONE/PENDING-9'`, "I18", "ONE/PENDING-9"},

		{"a callback that is owed and not under way", `DELETE FROM task WHERE kind = 'callback'`, "I18", `SELECT process FROM orders WHERE key = 'ONE/ERROR-1'`},
		{"a callback made while its order waits", `UPDATE callback SET state = 'delivered' WHERE state = 'owed'`, "I18", `SELECT process FROM orders WHERE key = 'ONE/PENDING-1'`},
		{"a callback in an unknown state", `UPDATE callback SET state = 'lost' WHERE state = 'delivered'`, "I18", `SELECT process FROM orders WHERE key = 'ONE/PENDING-2'`},
		{"a callback that no order asked for", `UPDATE orders SET call_back = false WHERE key = 'ONE/PENDING-2'`, "I18", `SELECT process FROM orders WHERE key = 'ONE/PENDING-2'`},
		{"a callback to another channel", `UPDATE callback SET channel = 'TWO' WHERE state = 'delivered'`, "I18", `SELECT process FROM orders WHERE key = 'ONE/PENDING-2'`},
		{"an order to be told of without a callback", `DELETE FROM callback`, "I18", "ONE/PENDING-1"},
		{"an order to be told of that never waited", `UPDATE orders SET call_back = true WHERE key = 'ONE/O-2'`, "I18", "ONE/O-2"},
		{"a task to call back nobody", `UPDATE task SET subject = 'P' WHERE kind = 'callback'`, "I18", "P"},

		{"a page of a transfer that handed nothing over", `UPDATE document SET order_key = 'transfer:/ONE/T-6' WHERE token = 'B9'`, "I19", "transfer:/ONE/H-1/B9"},
		{"a page of a transfer as of another version", `UPDATE document SET owned = 1 WHERE token = 'B9'`, "I20", "ONE/H-1"},
		{"a ticket handed over without a page", `DELETE FROM document WHERE token = 'B9'`, "I20", "ONE/H-1"},
		{"a second page of a ticket that was handed over", `INSERT INTO document SELECT 'zzz', order_key, token, owned, issued_at FROM document WHERE token = 'B9'`, "I20", "zzz"},
		{"a page of an order without the ticket", `UPDATE document SET order_key = 'ONE/O-2'`, "I19", "ONE/O-1/A0"},
		{"a page of an order that is not complete", `UPDATE orders SET state = 'PENDING' WHERE key = 'ONE/O-1'`, "I19", "ONE/O-1/A0"},
		{"a page of a ticket that is not there", `UPDATE document SET token = 'A99'`, "I19", "ONE/O-1/A0"},
		{"a page of another version", `UPDATE document SET owned = 4`, "I20", "ONE/O-1/A0"},
		{"a second page of the same sale", `INSERT INTO document SELECT 'zzz', order_key, token, owned, issued_at FROM document WHERE token = 'A0'`, "I20", "zzz"},
		{"a barcode that no sale gave", `UPDATE ticket SET barcode = '1' WHERE token = 'A1'`, "I20", "A1"},

		{"an exchange with a seat that was not exchanged", `UPDATE journal SET state = replace(state, '"with":"C7"', '"with":"C8"') WHERE subject = 'C6' AND what = 'exchange'`, "I2", "C6"},
		{"an exchange that went one way", `UPDATE journal SET state = replace(state, '"with":"C6"', '"with":"C8"') WHERE subject = 'C7' AND what = 'exchange'`, "I2", "C6"},
		{"an event at another time than it was moved to", `UPDATE event SET start_at = start_at + 1 WHERE id = '999:F29:F01'`, "I4", "999:F29:F01"},
		{"an event at another place than its change says", `UPDATE event SET facility_name = 'Elsewhere' WHERE id = '999:F29:F01'`, "I4", "999:F29:F01"},
		{"an event cancelled without a row", `UPDATE event SET cancelled = true WHERE id = '999:F29:F01'`, "I4", "999:F29:F01"},
		{"a change of an event that cannot be read", `UPDATE journal SET state = '{' WHERE subject = '999:F29:F01' AND what <> 'load'`, "I4", "999:F29:F01"},
		{"a void ticket that came back", `UPDATE journal SET state = replace(state, '"owner":', '"void":true,"owner":') WHERE subject = 'C4' AND what = 'hold'`, "I4", "C4"},
		{"a hold of the venue that a channel ended", `UPDATE journal SET what = 'unlock' WHERE subject = 'C4' AND what = 'release'`, "I5", "C4"},
		{"a hold of the venue by a channel", `UPDATE journal SET channel = 'ONE' WHERE subject = 'C3' AND what = 'hold'`, "I5", "C3"},
		{"a hold that left the ticket free", `UPDATE journal SET state = '{"owner":"10"}' WHERE subject = 'C3' AND what = 'hold'`, "I7", "C3"},
		{"a release of what nobody held", `UPDATE journal SET state = '{"owner":"10"}' WHERE subject = 'C4' AND what = 'release'`, "I7", "C4"},
		{"a void that left the ticket alive", `UPDATE journal SET state = '{"owner":"10"}' WHERE subject = 'C9' AND what = 'void'`, "I7", "C9"},
		{"a new barcode that ended a hold", `UPDATE journal SET state = replace(state, '"owner":', '"hold":"venue","by":"x","owner":') WHERE subject = 'C4' AND what = 'reissue'`, "I7", "C4"},
		{"an exchange of one owner with themselves", `UPDATE journal SET state = replace(state, ',"was":{"owner"', ',"was":{"other"') WHERE subject = 'C6' AND what = 'exchange'`, "I7", "C6"},
		{"a seat closed while its event was open", `UPDATE journal SET state = replace(state, ',"closed":true', '') WHERE subject = 'C8' AND what = 'close'`, "I7", "C8"},
		{"a seat opened while its event was closed", `UPDATE journal SET state = replace(state, '"owner":', '"closed":true,"owner":') WHERE subject = 'C8' AND what = 'open'`, "I7", "C8"},
		{"a barcode that was not issued", `UPDATE ticket SET barcode = '1' WHERE token = 'C4'`, "I20", "C4"},
		{"a barcode that no exchange moved", `UPDATE ticket SET barcode = '1' WHERE token = 'C7'`, "I20", "C7"},
		{"a portion that nobody would do", `UPDATE venue_portion SET done_at = 0 WHERE work = 'W-1'`, "I37", "W-1"},
		{"a work whose tickets nobody would find", `UPDATE venue_work SET listed = false WHERE id = 'W-1'`, "I37", "W-1"},
		{"a work of an unknown verb", `UPDATE venue_work SET verb = 'sell' WHERE id = 'W-1'`, "I37", "W-1"},
		{"a portion that lost a ticket", `UPDATE venue_portion SET changed = changed - 1 WHERE work = 'W-4'`, "I37", "W-4/000001"},

		{"a subscription in an unknown state", `UPDATE subscription SET state = 'asleep' WHERE id = 'S-1'`, "I24", "S-1"},
		{"a subscription about nothing that is told", `UPDATE subscription SET entity = 'people' WHERE id = 'S-1'`, "I24", "S-1"},
		{"a subscription that rests for no reason", `UPDATE subscription SET note = '' WHERE id = 'S-2'`, "I24", "S-2"},
		{"a subscription that leads nowhere", `UPDATE subscription SET sealed = '' WHERE id = 'S-1'`, "I24", "S-1"},
		{"a failure that no attempt met", `UPDATE subscription SET attempts = 0 WHERE id = 'S-3'`, "I24", "S-3"},
		{"an attempt that failed at no time", `UPDATE subscription SET failing_since = 0 WHERE id = 'S-3'`, "I24", "S-3"},
		{"a next attempt after a success", `UPDATE subscription SET due_at = 1 WHERE id = 'S-1'`, "I24", "S-1"},
		{"a next attempt that nobody lives to see", `UPDATE subscription SET due_at = due_at + CAST(86400000000 AS BIGINT) WHERE id = 'S-3'`, "I24", "S-3"},
		{"a dead letter that is not dropped", `UPDATE letter SET at = at - 31 * CAST(86400000000 AS BIGINT) - 60000000`, "I24", "S-1/A1"},
		{"a dead letter of tomorrow", `UPDATE letter SET at = at + CAST(86400000000 AS BIGINT)`, "I24", "S-1/A1"},
		{"a dead letter that met nothing", `UPDATE letter SET note = ''`, "I24", "S-1/A1"},
		{"a message in flight that was received", `UPDATE subscription SET flight = cursor WHERE id = 'S-3'`, "I25", "S-3"},
		{"a lease of nobody", `UPDATE subscription SET lease_by = '' WHERE id = 'S-1'`, "I25", "S-1"},
		{"a relay without a lease", `UPDATE subscription SET lease = 0 WHERE id = 'S-1'`, "I25", "S-1"},
		{"a relay whose lease never ends", `UPDATE subscription SET lease_until = lease_until + 3600000000 WHERE id = 'S-1'`, "I25", "S-1"},
		{"a letter of a seat that did not change there", `UPDATE letter SET position = position + 1`, "I27", "S-1/A1"},
		{"a letter of an event to one who hears of seats", `UPDATE letter SET subject = '999:F26:F01', position = 1`, "I27", "S-1/999:F26:F01"},
		{"a letter of another organization", `UPDATE subscription SET organization = 998 WHERE id = 'S-1'`, "I27", "S-1/A1"},
		{"a letter beyond the end of the journal", `UPDATE letter SET position = 1000000`, "I27", "S-1/A1"},
		{"a cursor beyond the end of the journal", `UPDATE subscription SET cursor = (SELECT position FROM head) + 1 WHERE id = 'S-1'`, "I30", "S-1"},
		{"a cursor before the beginning", `UPDATE subscription SET cursor = -1 WHERE id = 'S-1'`, "I30", "S-1"},
		{"a message in flight beyond the end of the journal", `UPDATE subscription SET flight = (SELECT position FROM head) + 1 WHERE id = 'S-3'`, "I30", "S-3"},
		{"a subscription to an organization that is not there", `UPDATE subscription SET organization = 997 WHERE id = 'S-2'`, "I34", "S-2"},

		{"a version without a row", `UPDATE ticket SET version = version + 1 WHERE token = 'A2'`, "I23", "A2"},
		{"an event's version without a row", `UPDATE event SET version = version + 1 WHERE id = '999:F27:F01'`, "I23", "999:F27:F01"},
		{"a row that is gone", `DELETE FROM journal WHERE subject = 'A2' AND version = 2`, "I23", "A2"},
		{"a row of no ticket", `UPDATE journal SET subject = 'A99' WHERE subject = 'A2' AND version = 2`, "I23", "A99"},
		{"a row of no event", `UPDATE journal SET subject = '999:F28:F01' WHERE subject = '999:F27:F01'`, "I23", "999:F28:F01"},
		{"a hole among the versions", `DELETE FROM journal WHERE subject = 'A2' AND version = 1`, "I28", "A2"},
		{"a row that leads to another batch than that of the row before", `UPDATE journal SET prior = prior + 1 WHERE subject = 'A1' AND version = 2`, "I28", "A1"},
		{"a first row that leads on", `UPDATE journal SET prior = 1 WHERE subject = 'A1' AND version = 1`, "I28", "A1"},
		{"a ticket that leads to another batch than that of its newest row", `UPDATE ticket SET latest = 0 WHERE token = 'A1'`, "I28", "A1"},
		{"a version out of order", `UPDATE journal SET version = 9 WHERE subject = 'A2' AND version = 1`, "I28", "A2"},

		{"an owner who is no patron", `UPDATE ticket SET owner = '99' WHERE token = 'A8'`, "I34", "A8"},
		{"a buyer who is no patron", `UPDATE orders SET buyer = '99' WHERE key = 'ONE/O-2'`, "I34", "ONE/O-2"},
		{"a pending order's buyer who is no patron", `UPDATE orders SET buyer = '99' WHERE key = 'ONE/PENDING-1'`, "I34", "ONE/PENDING-1"},
		{"a ticket of another organization than its event", `UPDATE ticket SET organization = 998 WHERE token = 'A8'`, "I34", "A8"},
		{"a listing of a ticket that is not there", `UPDATE listing SET tokens = '["A3","A99"]'`, "I34", "L1"},
		{"a listing that cannot be read", `UPDATE listing SET tokens = '['`, "I34", "L1"},

		{"a batch of another size", `UPDATE batch SET size = size + 1 WHERE number = (SELECT batch FROM journal WHERE subject = 'A2' AND version = 2)`, "I36", `SELECT 'batch ' || batch FROM journal WHERE subject = 'A2' AND version = 2`},
		{"a batch that begins in the middle", `UPDATE journal SET n = n + 100 WHERE subject = 'A2' AND version = 2`, "I36", `SELECT 'batch ' || batch FROM journal WHERE subject = 'A2' AND version = 2`},
		{"a batch that is gone", `DELETE FROM batch WHERE number = (SELECT batch FROM journal WHERE subject = 'A2' AND version = 2)`, "I36", "A2"},

		{"a ticket in by no scan", `DELETE FROM admission WHERE scan = '999/s-2'`, "I38", "A9"},
		{"a ticket in by another gate", `UPDATE admission SET gate = 'EAST' WHERE scan = '999/s-2'`, "I38", "A9"},
		{"a ticket in since another time", `UPDATE admission SET at = at + 1 WHERE scan = '999/s-2'`, "I38", "A9"},
		{"a ticket in by two scans", `DROP INDEX admission_in_force; UPDATE admission SET state = 'admitted' WHERE scan = '999/s-1'`, "I38", "A9"},
		{"a ticket that is in and can be sold", `UPDATE ticket SET hold = '', hold_by = '', hold_since = 0 WHERE token = 'A9'`, "I38", "999/s-2"},
		{"a scan in an unknown state", `UPDATE admission SET state = 'lost' WHERE scan = '999/s-1'`, "I39", "999/s-1"},
		{"a scan of no ticket", `UPDATE admission SET token = 'A99' WHERE scan = '999/s-1'`, "I39", "999/s-1"},
		{"a scan of another event", `UPDATE admission SET event = '999:F27:F01' WHERE scan = '999/s-1'`, "I39", "999/s-1"},
		{"a scan that let in nobody knows whom", `UPDATE admission SET state = 'undone' WHERE scan = '999/s-3'`, "I39", "999/s-3"},
		{"a scan refused for no reason", `UPDATE admission SET reason = '' WHERE scan = '999/s-3'`, "I39", "999/s-3"},

		{"a visit of nobody", `UPDATE visit SET person = ''`, "I40", "V-1"},
		{"a visit without an account", `DELETE FROM visit_account`, "I40", "V-1"},
		{"a visit that was seen before it began", `UPDATE visit SET seen_at = began_at - 1`, "I40", "V-1"},
		{"a visit of tomorrow", `UPDATE visit SET seen_at = seen_at + CAST(86400000000 AS BIGINT)`, "I40", "V-1"},
		{"an idle visit that is not forgotten", `UPDATE visit SET seen_at = seen_at - CAST(129660000000 AS BIGINT), began_at = began_at - CAST(129660000000 AS BIGINT)`, "I40", "V-1"},
		{"a visit that goes on for ever", `UPDATE visit SET began_at = began_at - 31 * CAST(86400000000 AS BIGINT) - 60000000`, "I40", "V-1"},
		{"a visit to somebody else's account", `UPDATE visit_account SET patron = '10'`, "I41", "V-1"},
		{"a visit begun with another address", `UPDATE visit SET person = 'friend@example.com'`, "I41", "V-1"},
		{"a visit that any password is good for", `UPDATE visit_account SET password = ''`, "I41", "V-1"},
		{"a link for nobody", `UPDATE password_link SET person = '' WHERE id = 'P-2'`, "I42", "P-2"},
		{"a link that is good for a day", `UPDATE password_link SET ends_at = ends_at + CAST(86400000000 AS BIGINT) WHERE id = 'P-2'`, "I42", "P-2"},
		{"a link used after its end", `UPDATE password_link SET ends_at = used_at WHERE id = 'P-1'`, "I42", "P-1"},
		{"a link used before it was made", `UPDATE password_link SET used_at = used_at - 60000000 WHERE id = 'P-1'`, "I42", "P-1"},
		{"a link that is not forgotten", `UPDATE password_link SET ends_at = ends_at - CAST(133320000000 AS BIGINT), used_at = used_at - CAST(133320000000 AS BIGINT) WHERE id = 'P-1'`, "I42", "P-1"},
		{"a listing taken back before it was made", `UPDATE listing SET taken_at = created_at - 1 WHERE taken_at <> 0`, "I43", `SELECT id FROM listing WHERE taken_at <> 0`},
		{"a listing taken back tomorrow", `UPDATE listing SET taken_at = taken_at + CAST(86400000000 AS BIGINT) WHERE taken_at <> 0`, "I43", `SELECT id FROM listing WHERE taken_at <> 0`},
		{"a listing taken back with a ticket of it on sale", `
UPDATE listing SET taken_at = created_at WHERE tokens LIKE '%"A7"%'; UPDATE ticket SET hold_since = hold_since - 60000000 WHERE token = 'A7'`, "I43", `SELECT id FROM listing WHERE tokens LIKE '%"A7"%'`},
		{"positions that overlap", `UPDATE batch SET position = position - 1 WHERE number = (SELECT batch FROM journal WHERE subject = 'A2' AND version = 2)`, "I36", `SELECT 'batch ' || batch FROM journal WHERE subject = 'A2' AND version = 2`},
		{"a hole among the positions", `UPDATE batch SET position = position + 1 WHERE number = (SELECT MAX(number) FROM batch)`, "I36", `SELECT 'batch ' || MAX(number) FROM batch`},
		{"a head that fell back", `UPDATE head SET position = position - 1`, "I36", "head"},
		{"a version that stands before an earlier one", `UPDATE batch SET position = 1000 WHERE number = (SELECT batch FROM journal WHERE subject = 'A2' AND version = 1)`, "I36", "A2"},
		{"a version without a position before one that has it", `UPDATE batch SET position = NULL WHERE number = (SELECT batch FROM journal WHERE subject = 'A2' AND version = 1)`, "I36", "A2"},
	}
	for _, h := range auditedHouses(t) {
		for _, b := range breaks {
			t.Run(h.name+"/"+b.name, func(t *testing.T) {
				if h.name == "sqlite" { // each has its own file; PostgreSQL's is one, mended in between
					t.Parallel()
				}
				url, db := h.copy(t)
				subject := b.subject
				if strings.HasPrefix(subject, "SELECT ") {
					subject = ask(t, db, subject)
				}
				exec(t, db, b.statement)
				must(t, db.Close())
				wantFinding(t, url, b.invariant, subject)
			})
		}
	}
}

// wantFinding audits a broken database.
func wantFinding(t *testing.T, url, invariant, subject string) {
	t.Helper()
	report, err := sqlstore.AuditInSlices(t.Context(), url, auditedSlice)
	if err != nil {
		t.Fatalf("audit: %v\n%s", err, report)
	}
	if !has(report, invariant, subject) {
		t.Errorf("audit did not find that %s is broken by %s\n%s", invariant, subject, report)
	}
}

func has(report sqlstore.Report, invariant, subject string) bool {
	return slices.ContainsFunc(report.Findings, func(f sqlstore.Finding) bool {
		return f.Invariant == invariant && f.Subject == subject
	})
}

func TestAuditFindsWhatSQLiteItselfFinds(t *testing.T) {
	h := auditedHouses(t)[0]
	for _, b := range []struct{ name, statement, invariant, subject string }{
		{"a row that leads nowhere", `DELETE FROM event WHERE id = '999:F27:F01'`, "I34", "ticket"},
		{"a portion of no work", `DELETE FROM venue_work WHERE id = 'W-1'`, "I37", "W-1/000001"},
		{"a letter of no subscription", `DELETE FROM subscription WHERE id = 'S-1'`, "I24", "S-1/A1"},
		{"an account of no visit", `DELETE FROM visit`, "I41", "V-1"},
		{"a ticket of no event", `DELETE FROM event WHERE id = '999:F27:F01'`, "I34", "B1"},
		{"a batch that its transaction did not number", `UPDATE batch SET position = NULL WHERE number = (SELECT MAX(number) FROM batch)`, "I36", "batch"},
	} {
		t.Run(b.name, func(t *testing.T) {
			url, db := h.copy(t)
			exec(t, db, b.statement)
			must(t, db.Close())
			wantFinding(t, url, b.invariant, b.subject)
		})
	}
}

func TestAuditFindsATornFile(t *testing.T) {
	url, db := auditedHouses(t)[0].copy(t)
	var page int64
	must(t, db.QueryRowContext(t.Context(), `SELECT rootpage FROM sqlite_schema WHERE name = 'patron_key'`).Scan(&page))
	must(t, db.Close())
	file, err := os.OpenFile(strings.TrimPrefix(url, "sqlite:"), os.O_RDWR, 0)
	must(t, err)
	_, err = file.WriteAt([]byte(strings.Repeat("torn", 1024)), (page-1)*4096)
	must(t, errors.Join(err, file.Close()))
	// It may be so torn that the audit cannot go on; what it found is told.
	if report, err := sqlstore.Audit(t.Context(), url); !has(report, "I34", "file") {
		t.Errorf("Audit of a torn file = %v\n%s", err, report)
	}
}

func TestAuditOnPostgresTellsWhatItCannotSee(t *testing.T) {
	h := auditedHouses(t)[1]
	url, db := h.copy(t)
	exec(t, db, `INSERT INTO batch (id, at, size) VALUES ('late', 1, 0)`)
	report, err := sqlstore.Audit(t.Context(), url)
	if err != nil || !report.Clean() || len(report.Notes) != 2 {
		t.Errorf("Audit = %v\n%s\nwant two notes: on its files, and on the batch that waits", err, report)
	}
}

func TestAuditTellsTwentyBreaksAndCountsTheOthers(t *testing.T) {
	for _, h := range auditedHouses(t) {
		t.Run(h.name, func(t *testing.T) {
			url, db := h.copy(t)
			exec(t, db, `UPDATE journal SET subject = subject || 'x'`)
			must(t, db.Close())
			report, err := sqlstore.Audit(t.Context(), url)
			must(t, err)
			told := 0
			for _, f := range report.Findings {
				if f.Invariant == "I23" {
					told++
				}
			}
			for _, e := range report.Examined {
				if e.Invariant == "I23" && (told != 20 || e.Breaks <= 20) {
					t.Errorf("Audit told %d breaks of I23 and counted %d; want 20 and more", told, e.Breaks)
				}
			}
		})
	}
}

func TestAuditRefusesWhatItDoesNotKnow(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.db")
	exec(t, besides(t, "sqlite:"+empty), `CREATE TABLE other (id INTEGER)`)
	newer, db := auditedHouses(t)[0].copy(t)
	exec(t, db, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	for _, tt := range []struct{ name, url, want string }{
		{"a file that is not there", "sqlite:" + filepath.Join(dir, "none.db"), "no such file"},
		{"another program's file", "sqlite:" + empty, "no database of seatlink"},
		{"a newer schema", newer, "schema 9999"},
		{"no url", "somewhere", "neither"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := sqlstore.Audit(t.Context(), tt.url); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Audit(%q) = %v; want an error with %q", tt.url, err, tt.want)
			}
		})
	}
}

// Ensure that nothing that is under way is taken for a break.
func TestAuditBesideARunningStoreIsClean(t *testing.T) {
	const audits, enough = 8, 500
	for name, url := range map[string]string{
		"sqlite": "sqlite:" + blankFile(t), "postgres": storetest.Postgres(t),
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, url)
			defer s.Close()
			loadHouse(t, s)
			office := boxoffice.NewOffice(s, mailKeys{}, auditedPages{})
			done := make(chan struct{})
			var busy sync.WaitGroup
			for n := range 6 {
				busy.Go(func() { hustle(t, s, office, n, done) })
			}
			var rows int64
			for n := 0; n < audits || rows < enough; n++ {
				report, err := sqlstore.AuditInSlices(t.Context(), url, auditedSlice)
				if err != nil || !report.Clean() {
					t.Errorf("audit beside a running store = %v\n%s", err, report)
					break
				}
				for _, e := range report.Examined {
					if e.Invariant == "I28" {
						rows = max(rows, e.Rows)
					}
				}
			}
			close(done)
			busy.Wait()
		})
	}
}

// hustle locks, sells and unlocks tickets that others want too, until done. Some
// orders wait, and are finished at once.
func hustle(t *testing.T, s *sqlstore.Store, office *boxoffice.Office, n int, done <-chan struct{}) {
	t.Helper()
	who := channel([]access.Channel{"ONE", "TWO"}[n%2])
	who.Sandbox = true
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		default:
		}
		token := boxoffice.Token(fmt.Sprint([]string{"A", "B"}[i%2], (i+n)%10))
		price := money(i % 100)
		_, err := office.Lock(t.Context(), who, boxoffice.LockRequest{
			Source: boxoffice.MyAccount, ExternalListingID: "X", Lines: []boxoffice.LockLine{{Token: token, Price: &price}},
		})
		if err == nil && i%3 == 0 {
			id := fmt.Sprintf("%s%d-%d", []string{"", "PENDING-", "ERROR-"}[i/3%3], n, i)
			var sale boxoffice.Sale
			sale, err = office.Complete(t.Context(), who, boxoffice.Cart{
				Elements:   []boxoffice.CartElement{order(id, token)},
				Buyer:      boxoffice.Contact{LastName: "Buyer", Emails: []boxoffice.Email{{Address: fmt.Sprintf("%d@example.com", i%5)}}},
				Settlement: boxoffice.Settlement{TotalPaid: money(55), ToSeller: money(40), CallbackURL: "https://partner.example.com/"},
			})
			if err == nil && sale.Status == boxoffice.OrderPending {
				err = finish(t.Context(), s, office, boxoffice.OrderKey{Channel: who.Channel, ExternalOrderID: id}.String(), sale.Process)
			}
		} else if err == nil {
			_, err = office.Unlock(t.Context(), who, []boxoffice.Token{token})
		}
		if err != nil {
			t.Errorf("trading %s: %v", token, err)
			return
		}
	}
}

// finish decides an order that waits and settles its callback, as clerks do.
func finish(ctx context.Context, s *sqlstore.Store, office *boxoffice.Office, key string, process boxoffice.ProcessID) error {
	decide := boxoffice.ClaimedTask{Task: boxoffice.Task{ID: "decide/" + key, Subject: key}}
	call := boxoffice.ClaimedTask{Task: boxoffice.Task{ID: "callback/" + string(process) + "/" + key}}
	if _, err := office.FinishOrder(ctx, decide); err != nil {
		return err
	}
	c, _, err := s.Callback(ctx, process)
	c.State = boxoffice.CallbackDelivered
	return errors.Join(err, s.FinishTask(ctx, decide), s.SettleCallback(ctx, c), s.FinishTask(ctx, call))
}

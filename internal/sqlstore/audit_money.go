package sqlstore

import (
	"context"
	"math/bits"
	"strings"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A booking is what the ledger has of one order, season and currency.
type booking struct {
	season, currency                         string
	transactions, number                     int64 // how many, and the first
	buyer, sale, fees, channel, seller, kept int64
	others                                   int64 // on accounts that nobody knows
}

func (b booking) sum() int64 {
	return b.buyer + b.sale + b.fees + b.channel + b.seller + b.kept + b.others
}

// A booked order is one with all that the ledger has of it.
type booked struct {
	boxoffice.Order
	key, channel string
	task         bool // to end what it waits for
	bookings     []booking
}

// orders checks every order against itself, its ledger, and the others of its
// process.
func (a *auditor) orders(ctx context.Context) error {
	const orders = `
SELECT ` + orderColumns + `, channel,
	state = 'PENDING' AND EXISTS (SELECT 1 FROM task WHERE id = 'decide/' || orders.key), b.in_season, b.in_currency, b.transactions_of_it, b.first_of_it,
	b.to_buyer, b.to_sale, b.to_fees, b.to_channel, b.to_seller, b.to_kept, b.to_all
FROM orders LEFT JOIN (
	SELECT order_key, season AS in_season, currency AS in_currency, COUNT(DISTINCT number) AS transactions_of_it, MIN(number) AS first_of_it,
		CAST(SUM(CASE account WHEN 'buyer' THEN amount ELSE 0 END) AS BIGINT) AS to_buyer,
		CAST(SUM(CASE account WHEN 'sale' THEN amount ELSE 0 END) AS BIGINT) AS to_sale,
		CAST(SUM(CASE account WHEN 'fees' THEN amount ELSE 0 END) AS BIGINT) AS to_fees,
		CAST(SUM(CASE account WHEN 'channel' THEN amount ELSE 0 END) AS BIGINT) AS to_channel,
		CAST(SUM(CASE account WHEN 'seller' THEN amount ELSE 0 END) AS BIGINT) AS to_seller,
		CAST(SUM(CASE account WHEN 'kept' THEN amount ELSE 0 END) AS BIGINT) AS to_kept,
		CAST(SUM(amount) AS BIGINT) AS to_all
	FROM ledger GROUP BY order_key, season, currency
) AS b ON b.order_key = key
ORDER BY process, settled_request, place, key, b.in_season`
	var process []booked // the orders of one process and settlement
	err := a.ask(ctx, orders, nil, func(r row) error {
		key := r.text(0)
		if n := len(process); n == 0 || process[n-1].key != key {
			o, err := readOrder(r)
			if err != nil {
				a.find("I1", key, "cannot be read: %v", err)
			}
			next := booked{Order: o, key: key, channel: r.text(27), task: r.flag(28)}
			if n > 0 {
				last := process[n-1]
				if last.Process == o.Process && last.channel != next.channel {
					a.find("I14", string(o.Process), "is a process of channel %s and of channel %s", last.channel, next.channel)
				}
				if last.Process != o.Process || last.Settlement.Request != o.Settlement.Request {
					a.settle(process)
					process = process[:0]
				}
			}
			process = append(process, next)
		}
		if r.null(29) {
			return nil
		}
		b := booking{
			season: r.text(29), currency: r.text(30), transactions: r.int(31), number: r.int(32),
			buyer: r.int(33), sale: r.int(34), fees: r.int(35), channel: r.int(36), seller: r.int(37), kept: r.int(38),
		}
		b.others = r.int(39) - b.sum()
		last := &process[len(process)-1]
		last.bookings = append(last.bookings, b)
		return nil
	})
	a.settle(process)
	return err
}

// settle checks the orders that share one settlement.
func (a *auditor) settle(process []booked) {
	if len(process) == 0 {
		return
	}
	var paid, toSeller, price, total int64
	reconciles := true
	for _, o := range process {
		a.look(1, "I9", "I10", "I11", "I12", "I14", "I17")
		a.order(o)
		paid += o.Settlement.PaidShare
		toSeller += o.Settlement.ToSellerShare
		price += o.Price
		total += o.Price + o.Fees
		reconciles = reconciles && !o.Differs
	}
	first := process[0]
	whole := first.Settlement
	switch {
	case paid > whole.Paid || toSeller > whole.ToSeller || paid-toSeller > whole.Paid-whole.ToSeller:
		a.find("I9", string(first.Process), "shares out %d, of which %d the seller's, of %d and %d", paid, toSeller, whole.Paid, whole.ToSeller)
	case !reconciles || total != whole.Paid || price == 0 || paid == whole.Paid && toSeller == whole.ToSeller:
		// Something was not sold, or nothing is missing.
	case !roundedDown(process, price):
		a.find("I9", string(first.Process), "sold all of its cart, and shares out %d, of which %d the seller's, of %d and %d",
			paid, toSeller, whole.Paid, whole.ToSeller)
	}
}

// roundedDown reports whether every share is the rounded one: then the remainder
// went to a last element that cost nothing and was refused.
func roundedDown(process []booked, price int64) bool {
	for _, o := range process {
		whole := o.Settlement
		if o.Price < 0 || whole.ToSeller < 0 || whole.Paid < whole.ToSeller {
			return false
		}
		seller := portion(whole.ToSeller, o.Price, price)
		if whole.ToSellerShare != seller || whole.PaidShare-seller != portion(whole.Paid-whole.ToSeller, o.Price, price) {
			return false
		}
	}
	return true
}

// portion is total * part / whole, rounded down; part is at most whole.
func portion(total, part, whole int64) int64 {
	high, low := bits.Mul64(uint64(total), uint64(part))
	quotient, _ := bits.Div64(high, low, uint64(whole))
	return int64(quotient)
}

// order checks one order against itself and its ledger.
func (a *auditor) order(o booked) {
	if external, ok := strings.CutPrefix(o.key, o.channel+"/"); !ok || external == "" || o.channel == "" {
		a.find("I14", o.key, "is an order of channel %q, and does not have its name", o.channel)
	}
	switch o.State {
	case boxoffice.OrderPending, boxoffice.OrderFailed:
		if len(o.Offers)+len(o.Transactions) > 0 {
			a.find("I12", o.key, "is %s and answers with %d offers and %d transactions", o.State, len(o.Offers), len(o.Transactions))
		}
	case boxoffice.OrderComplete:
		a.amounts(o)
	default:
		a.find("I17", o.key, "is in an unknown state, %q", o.State)
	}
	a.sums(o)
	a.waited(o)
	a.seasons(o)
	var sum int64
	for _, b := range o.bookings {
		sum += b.sum()
		if b.currency != o.Currency {
			a.find("I10", o.key, "is booked in %s, and its currency is %s", b.currency, o.Currency)
		}
		if b.others != 0 {
			a.find("I10", o.key, "has %d booked on accounts that nobody knows", b.others)
		}
	}
	if sum != 0 {
		a.find("I10", o.key, "has a ledger that sums to %d", sum)
	}
}

// amounts compares what a complete order says of money with its ledger.
func (a *auditor) amounts(o booked) {
	var all booking
	for _, b := range o.bookings {
		all.buyer, all.sale, all.fees = all.buyer+b.buyer, all.sale+b.sale, all.fees+b.fees
		all.channel, all.seller, all.kept = all.channel+b.channel, all.seller+b.seller, all.kept+b.kept
	}
	if all.sale != o.Price || all.fees != o.Fees || all.buyer != -o.Price-o.Fees {
		a.find("I9", o.key, "cost %d and %d fees, and in the ledger %d and %d, for which the buyer gave %d",
			o.Price, o.Fees, all.sale, all.fees, -all.buyer)
	}
	kept := o.Settlement.PaidShare - o.Settlement.ToSellerShare
	if all.kept < 0 {
		a.find("I11", o.key, "keeps less than nothing: %d", all.kept)
	}
	if all.channel != -o.Settlement.PaidShare || all.seller != o.Settlement.ToSellerShare || all.kept != kept {
		a.find("I11", o.key, "settles %d, %d of it the seller's, and in the ledger the channel gives %d, %d the seller's and %d kept",
			o.Settlement.PaidShare, o.Settlement.ToSellerShare, -all.channel, all.seller, all.kept)
	}
}

// sums compares what an order says of money with its tickets, and with itself.
func (a *auditor) sums(o booked) {
	var price, fees int64
	for _, line := range o.Lines {
		price, fees = price+line.Price, fees+line.Fees
	}
	if !o.Differs && (price != o.Price || fees != o.Fees) {
		a.find("I9", o.key, "cost %d and %d fees, its tickets %d and %d, and it is not marked", o.Price, o.Fees, price, fees)
	}
	if kept := o.Settlement.PaidShare - o.Settlement.ToSellerShare; kept < 0 {
		a.find("I11", o.key, "leaves less than nothing to keep: %d", kept)
	}
}

// seasons compares the transactions that an order should have with those of its
// answer and of the ledger.
func (a *auditor) seasons(o booked) {
	due := map[string]bool{}
	if o.State == boxoffice.OrderComplete {
		for _, offer := range o.Offers {
			for _, seat := range offer.Seats {
				if e := a.events[string(seat.Event)]; e != nil {
					due[e.season] = true
				}
			}
		}
		if len(due) == 0 {
			a.find("I12", o.key, "is complete and sold nothing")
		}
	}
	answered := map[string]int64{}
	for _, t := range o.Transactions {
		answered[t.Season] = t.Number
	}
	for _, b := range o.bookings {
		switch {
		case !due[b.season]:
			a.find("I12", o.key, "is %s and has transaction %d of season %s, where none is due", o.State, b.number, b.season)
		case b.transactions != 1:
			a.find("I12", o.key, "has %d transactions of season %s", b.transactions, b.season)
		case answered[b.season] != b.number:
			a.find("I12", o.key, "has transaction %d of season %s, and answers with %d", b.number, b.season, answered[b.season])
		}
		delete(due, b.season)
	}
	for season := range due {
		a.find("I12", o.key, "has no transaction of season %s", season)
	}
}

// ledger checks the transactions by themselves.
func (a *auditor) ledger(ctx context.Context) error {
	const (
		uneven = `
SELECT number, CAST(SUM(amount) AS BIGINT), MIN(order_key), MAX(order_key), MIN(season), MAX(season), MIN(currency), MAX(currency)
FROM ledger GROUP BY number
HAVING SUM(amount) <> 0 OR MIN(order_key) <> MAX(order_key) OR MIN(season) <> MAX(season) OR MIN(currency) <> MAX(currency)`
		whole   = `SELECT currency, CAST(SUM(amount) AS BIGINT), COUNT(*) FROM ledger GROUP BY currency`
		orphans = `
SELECT l.order_key, MIN(l.number)
FROM ledger AS l LEFT JOIN orders AS o ON o.key = l.order_key
WHERE o.key IS NULL GROUP BY l.order_key`
	)
	return a.tx.run(ctx,
		step{text: uneven, each: func(r row) error {
			subject := "transaction " + string(appendInt(nil, r.int(0)))
			if r.int(1) != 0 {
				a.find("I10", subject, "of order %s sums to %d", r.text(2), r.int(1))
			}
			if r.text(2) != r.text(3) || r.text(4) != r.text(5) || r.text(6) != r.text(7) {
				a.find("I12", subject, "is of orders %s and %s, seasons %s and %s, currencies %s and %s",
					r.text(2), r.text(3), r.text(4), r.text(5), r.text(6), r.text(7))
			}
			return nil
		}},
		step{text: whole, each: func(r row) error {
			a.look(r.int(2), "I10", "I12")
			if r.int(1) != 0 {
				a.find("I10", "ledger", "sums to %d %s", r.int(1), r.text(0))
			}
			return nil
		}},
		step{text: orphans, each: func(r row) error {
			a.find("I12", r.text(0), "has transaction %d and is no order", r.int(1))
			return nil
		}})
}

package boxoffice_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Whatever partners, operators, the clerk and the venue do, in any order: a ticket
// is in one pending order at most, an order is decided once, owners form a chain,
// the ledger balances, and whoever is to be told of an outcome will be.
func TestOrdersInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &trading{rt: rt, desk: newDesk(t), called: map[boxoffice.ProcessID]bool{}, decided: map[boxoffice.OrderKey]boxoffice.Order{}}
		for _, token := range []boxoffice.Token{"A", "B", "C", "D", "E"} {
			m.desk.tickets[token] = free(token)
		}
		m.desk.reviewing(boxoffice.ReviewLarge, 9_999)
		rt.Repeat(map[string]func(*rapid.T){
			"lock": m.lock, "unlock": m.unlock, "complete": m.complete, "repeat": m.repeat,
			"judge": m.judge, "finish": m.finish, "venue": m.venue, "close": m.close,
			"": m.check,
		})
	})
}

type trading struct {
	rt      *rapid.T
	desk    *desk
	carts   []asked
	called  map[boxoffice.ProcessID]bool // for which a callback's task was left
	decided map[boxoffice.OrderKey]boxoffice.Order
}

// An asked cart can be asked for again.
type asked struct {
	who  access.Principal
	cart boxoffice.Cart
}

func (m *trading) who(rt *rapid.T) access.Principal {
	who := caller(rapid.SampledFrom([]access.Channel{"ours", "theirs"}).Draw(rt, "channel"))
	who.Sandbox = true
	return who
}

func (m *trading) tokens(rt *rapid.T, most int) []boxoffice.Token {
	return rapid.SliceOfNDistinct(rapid.SampledFrom([]boxoffice.Token{"A", "B", "C", "D", "E"}), 1, most, rapid.ID).Draw(rt, "tokens")
}

func (m *trading) lock(rt *rapid.T) {
	req := boxoffice.LockRequest{Source: boxoffice.MyAccount}
	for _, token := range m.tokens(rt, 5) {
		req.Lines = append(req.Lines, boxoffice.LockLine{Token: token})
	}
	if _, err := m.desk.Lock(m.desk.t.Context(), m.who(rt), req); err != nil {
		rt.Fatalf("Lock: %v", err)
	}
}

func (m *trading) unlock(rt *rapid.T) {
	if _, err := m.desk.Unlock(m.desk.t.Context(), m.who(rt), m.tokens(rt, 2)); err != nil {
		rt.Fatalf("Unlock: %v", err)
	}
}

func (m *trading) complete(rt *rapid.T) {
	orders := []string{"O-1", "O-2", "O-3", "PENDING-1", "PENDING-2", "ERROR-1", "ERROR-2"}
	var elements []string
	tokens := m.tokens(rt, 4)
	for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom(orders), 1, 3, rapid.ID).Draw(rt, "orders") {
		if len(tokens) == 0 {
			break
		}
		n := rapid.IntRange(1, min(2, len(tokens))).Draw(rt, "tickets")
		list := ""
		for _, token := range tokens[:n] {
			list += " " + string(token)
		}
		elements, tokens = append(elements, id+":"+list), tokens[n:]
	}
	cart := cartOf(elements...)
	if rapid.Bool().Draw(rt, "is told of") {
		cart.Settlement.CallbackURL = "https://partner.example.com/"
	}
	m.carts = append(m.carts, asked{m.who(rt), cart})
	m.ask(rt, m.carts[len(m.carts)-1])
}

func (m *trading) repeat(rt *rapid.T) {
	if len(m.carts) == 0 {
		rt.Skip("nothing was asked for")
	}
	m.ask(rt, rapid.SampledFrom(m.carts).Draw(rt, "cart"))
}

func (m *trading) ask(rt *rapid.T, a asked) {
	first, err := m.desk.Complete(m.desk.t.Context(), a.who, a.cart)
	if err != nil {
		if !errors.Is(err, fault.OrdersApart) {
			rt.Fatalf("Complete: %v", err)
		}
		return
	}
	m.note()
	again, err := m.desk.Complete(m.desk.t.Context(), a.who, a.cart)
	if err != nil || again.Process != first.Process || again.Status != first.Status || refusals(again.Refused) != refusals(first.Refused) {
		rt.Fatalf("Complete at once again = %+v, %v; want %+v", again, err, first)
	}
	if !m.desk.last.Empty() {
		rt.Fatalf("Complete at once again wrote %+v", m.desk.last)
	}
}

func (m *trading) judge(rt *rapid.T) {
	o := m.anOrder(rt)
	approve := rapid.Bool().Draw(rt, "approve")
	got, err := m.desk.Judge(m.desk.t.Context(), operator, o.Key, approve, "")
	switch {
	case o.State == boxoffice.OrderPending && err != nil:
		rt.Fatalf("Judge of %s, which waits: %v", o.Key, err)
	case err == nil && got.Verdict.Approved != approve, err != nil && !errors.Is(err, fault.OrderDecided):
		rt.Fatalf("Judge(%s, %t) = %+v, %v", o.Key, approve, got, err)
	}
	m.note()
}

func (m *trading) finish(rt *rapid.T) {
	o := m.anOrder(rt)
	if o.Wait != boxoffice.WaitComplete && o.Wait != boxoffice.WaitError {
		rt.Skip("it is not the clerk's")
	}
	if _, err := m.desk.FinishOrder(m.desk.t.Context(), boxoffice.ClaimedTask{Task: boxoffice.Task{Subject: o.Key.String()}}); err != nil {
		rt.Fatalf("FinishOrder(%s): %v", o.Key, err)
	}
	m.note()
}

func (m *trading) anOrder(rt *rapid.T) boxoffice.Order {
	var keys []string
	for key := range m.desk.orders {
		keys = append(keys, key.String())
	}
	if len(keys) == 0 {
		rt.Skip("there is no order")
	}
	slices.Sort(keys)
	return m.desk.orders[boxoffice.ParseOrderKey(rapid.SampledFrom(keys).Draw(rt, "order"))]
}

// venue takes a ticket, or gives it back.
func (m *trading) venue(rt *rapid.T) {
	t := m.desk.tickets[m.tokens(rt, 1)[0]]
	if t.Hold.Kind == boxoffice.HoldVenue {
		t.Hold = boxoffice.Hold{}
	} else {
		t.Hold = boxoffice.Hold{Kind: boxoffice.HoldVenue, By: "desk"}
	}
	t.Version++
	m.desk.tickets[t.Token] = t
}

// close takes the game off the secondary market, or puts it on again.
func (m *trading) close(*rapid.T) {
	e := m.desk.events[game]
	e.Secondary = !e.Secondary
	m.desk.events[game] = e
}

func (m *trading) note() {
	for _, task := range m.desk.last.Tasks {
		if task.Kind == boxoffice.TaskCallback {
			m.called[boxoffice.ProcessID(task.Subject)] = true
		}
	}
	for _, owed := range m.desk.last.Callbacks {
		m.called[owed.Process] = false
	}
}

func (m *trading) check(rt *rapid.T) {
	owners, held := map[boxoffice.Token]boxoffice.OrderLine{}, map[boxoffice.Token]int{}
	failed := map[string]bool{}
	waiting, told := map[boxoffice.ProcessID]bool{}, map[boxoffice.ProcessID]bool{}
	for key, o := range m.desk.orders {
		if was, ok := m.decided[key]; ok && (was.State != o.State || len(was.Transactions) != len(o.Transactions) || was.Verdict != o.Verdict) {
			rt.Fatalf("%s was decided as %+v and is %+v", key, was, o)
		}
		if o.State != boxoffice.OrderPending {
			m.decided[key] = o
		}
		waiting[o.Process] = waiting[o.Process] || o.State == boxoffice.OrderPending
		told[o.Process] = told[o.Process] || o.CallBack
		if o.State == boxoffice.OrderFailed {
			failed[string(o.Process)+o.Settlement.Request] = true
		}
		m.balances(rt, o)
		for _, line := range o.Lines {
			t := m.desk.tickets[line.Token]
			if o.State == boxoffice.OrderPending && t.Hold.Kind == boxoffice.HoldOrder && t.Hold.By == string(o.Process) {
				held[line.Token]++
			}
			if o.State == boxoffice.OrderComplete && line.Version > owners[line.Token].Version {
				owners[line.Token] = line
			}
		}
	}
	for token, t := range m.desk.tickets {
		if t.Hold.Kind == boxoffice.HoldOrder && held[token] != 1 {
			rt.Fatalf("%s is held by process %s, and %d pending orders have it", token, t.Hold.By, held[token])
		}
		if line, sold := owners[token]; sold && (t.Owner != line.To || t.Owned != line.Version) || !sold && t.Owner != "10" {
			rt.Fatalf("%s belongs to %s since version %d; its last sale is %+v", token, t.Owner, t.Owned, line)
		}
	}
	for key, o := range m.desk.orders {
		if failed[string(o.Process)+o.Settlement.Request] && !o.Differs {
			rt.Fatalf("%s shares the settlement of an order that failed, and is not marked", key)
		}
	}
	for process := range told {
		if told[process] && !waiting[process] && !m.called[process] {
			rt.Fatalf("process %s is decided, and nobody is told", process)
		}
	}
}

// balances checks an order's money against its state.
func (m *trading) balances(rt *rapid.T, o boxoffice.Order) {
	var sum, sold int64
	for _, transaction := range o.Transactions {
		for _, e := range transaction.Entries {
			if sum += e.Amount; e.Account == "sale" {
				sold += e.Amount
			}
		}
	}
	complete := o.State == boxoffice.OrderComplete
	if sum != 0 || complete != (len(o.Transactions) > 0) || complete && sold != o.Price || (o.State == boxoffice.OrderFailed) != (len(o.Refused) > 0) {
		rt.Fatalf("%s is %s with transactions %+v and reasons %+v", o.Key, o.State, o.Transactions, o.Refused)
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
)

// A chronicler is a client that writes down what it asked, when, and what it was
// told. It goes to any process with each request, as behind a proxy.
type chronicler struct {
	*chronicle
	caller   *caller
	number   int
	draw     *rand.Rand
	stream   int // of porcupine: one after an answer that never came
	written  []porcupine.Operation
	requests []chronicleRequest
	sold     []chronicleSale // some of its orders, the newest last

	mistake                    error         // the answer that ended its work
	longestBusy, longestUnsure time.Duration // until it was told so
}

// A chronicleRequest is one of which the journal has as many rows as it did deeds.
type chronicleRequest struct {
	id   string
	rows int  // that there must be
	none bool // it was told that nothing was done
}

type chronicleSale struct{ token, order string }

// A chronicleAsk is one request on its way.
type chronicleAsk struct {
	method, path string
	body         any
	deeds        []chronicleDeed
	// again says that the call answers a repeat with what it did, so that it is
	// repeated until there is an answer; a lock that is repeated is another lock.
	again bool
	// makes says that what is done makes a row of the journal each time.
	makes bool
}

// A chronicleReply has the fields of all calls that tell of tickets.
type chronicleReply struct {
	Success []chronicleOwned `json:"success"`
	Tickets []chronicleOwned `json:"tickets"`
	Offers  []struct {
		Event struct {
			Seats []chronicleOwned `json:"seats"`
		} `json:"event"`
	} `json:"offers"`
	Tokens []struct {
		Success struct {
			Seats []chronicleOwned `json:"seats"`
		} `json:"success"`
	} `json:"tokens"`
	Errors []failed `json:"errors"`
	Error  struct {
		AppErrorCode string `json:"appErrorCode"`
	} `json:"error"`
	PatronID       string `json:"patronId"`
	ConfirmationCd string `json:"confirmationCd"`
	TransferID     string `json:"transferId"`
}

type chronicleOwned struct {
	Token   string `json:"token"`
	OwnerID string `json:"ownerId"`
}

// errNoAnswer says that a request stayed without an answer.
var errNoAnswer = errors.New("no answer")

// work trades until enough was asked. An error is an answer that must not be.
func (c *chronicler) work(ctx context.Context) error {
	for turn := 0; ctx.Err() == nil && !c.enough(); turn++ {
		if err := c.trade(ctx, turn); err != nil && !errors.Is(err, errNoAnswer) {
			return err
		}
	}
	return nil
}

// trade locks some tickets, and sells them or lets them go; looks at some; and
// gives away one that it sold.
func (c *chronicler) trade(ctx context.Context, turn int) error {
	tokens := c.some(1 + c.draw.IntN(4))
	name := fmt.Sprintf("%s-%d-%d", c.caller.partner.Channel, c.number, turn)
	if _, err := c.ask(ctx, chronicleAsk{"PUT", "/v1/tickets/lock", json.RawMessage(lockBody(name, tokens)), c.deeds("lock", tokens), false, true}); err != nil {
		return err
	}
	if err := c.look(ctx); err != nil {
		return err
	}
	if c.draw.IntN(3) == 0 {
		if c.draw.IntN(4) == 0 {
			tokens = c.some(len(tokens)) // maybe somebody else's
		}
		_, err := c.ask(ctx, chronicleAsk{"PUT", "/v1/tickets/unlock", object{"tokens": tokens}, c.deeds("unlock", tokens), false, false})
		return err
	}
	person := c.persons[c.draw.IntN(len(c.persons))]
	sell := chronicleAsk{"POST", "/v1/cart/complete-order", json.RawMessage(saleBody(name, person.name, tokens)), c.deeds("sell", tokens), c.draw.IntN(4) > 0, true}
	for i := range sell.deeds {
		sell.deeds[i].order, sell.deeds[i].person = c.orderName(name), person.id
	}
	reply, err := c.ask(ctx, sell)
	if err != nil {
		return err
	}
	if len(reply.Errors) > 0 { // what it holds of them it lets go
		_, err := c.ask(ctx, chronicleAsk{"PUT", "/v1/tickets/unlock", object{"tokens": tokens}, c.deeds("unlock", tokens), false, false})
		return err
	}
	const remembered = 8
	if c.sold = append(c.sold, chronicleSale{tokens[0], name}); len(c.sold) > remembered {
		c.sold = c.sold[1:]
	}
	if err := c.print(ctx); err != nil || c.draw.IntN(2) == 0 {
		return err
	}
	return c.give(ctx, name)
}

// look asks who owns some tickets.
func (c *chronicler) look(ctx context.Context) error {
	tokens := c.some(2)
	_, err := c.ask(ctx, chronicleAsk{"POST", "/v1/tickets/verify", object{"tickets": []object{{"tokens": tokens}}}, c.deeds("verify", tokens), false, false})
	return err
}

// print asks for the page of a ticket that it sold, maybe long ago.
func (c *chronicler) print(ctx context.Context) error {
	sale := c.sold[c.draw.IntN(len(c.sold))]
	deeds := c.deeds("print", []string{sale.token})
	deeds[0].order = c.orderName(sale.order)
	_, err := c.ask(ctx, chronicleAsk{"POST", "/v1/tickets/print", object{"externalOrderId": sale.order, "tokens": []string{sale.token}}, deeds, true, false})
	return err
}

// give begins a transfer of a ticket that it sold, and has it accepted or
// cancelled, or both at the same moment.
func (c *chronicler) give(ctx context.Context, name string) error {
	sale := c.sold[c.draw.IntN(len(c.sold))]
	person := c.persons[c.draw.IntN(len(c.persons))]
	recipient := object{"email": person.name + "@example.com", "recipientFirstName": "Ada", "recipientLastName": "Example"}
	deed := func(what string) []chronicleDeed {
		return []chronicleDeed{{
			what: what, token: sale.token, channel: string(c.caller.partner.Channel), order: c.orderName(sale.order), transfer: c.orderName(name), person: person.id,
		}}
	}
	given, err := c.ask(ctx, chronicleAsk{"POST", "/v1/tickets/transfer", object{"transferRequests": []object{{
		"externalTransferId": name, "recipient": recipient, "items": []object{{"externalOrderId": sale.order, "tokens": []string{sale.token}}},
	}}}, deed("give"), true, true})
	if err != nil || given.TransferID == "" {
		return err
	}
	cancel := chronicleAsk{"DELETE", "/v1/tickets/transfer/" + given.ConfirmationCd, nil, deed("cancel"), true, true}
	accept := chronicleAsk{"POST", "/v1/tickets/transfer/accept", object{"transferId": given.TransferID, "Recipient": recipient}, deed("accept"), true, true}
	switch c.draw.IntN(3) {
	case 0:
		_, err = c.ask(ctx, cancel)
		return err
	case 1:
		_, err = c.ask(ctx, accept)
		return err
	}
	rival := *c
	rival.written, rival.requests, rival.stream = nil, nil, c.newStream()
	rival.draw = rand.New(rand.NewPCG(uint64(c.number), c.draw.Uint64()))
	other := make(chan error, 1)
	go func() {
		_, err := rival.ask(ctx, cancel)
		other <- err
	}()
	_, err = c.ask(ctx, accept)
	err = errors.Join(err, <-other)
	c.written, c.requests = append(c.written, rival.written...), append(c.requests, rival.requests...)
	c.longestBusy, c.longestUnsure = max(c.longestBusy, rival.longestBusy), max(c.longestUnsure, rival.longestUnsure)
	return err
}

func (c *chronicler) orderName(name string) string {
	return string(c.caller.partner.Channel) + "/" + name
}

// some are different tickets of those that everybody wants.
func (c *chronicler) some(n int) []string {
	tokens := make([]string, 0, n)
	for at, step := c.draw.IntN(len(c.tokens)), 1+c.draw.IntN(7); len(tokens) < n; at += step {
		tokens = append(tokens, c.tokens[at%len(c.tokens)])
	}
	return tokens
}

func (c *chronicler) deeds(what string, tokens []string) []chronicleDeed {
	deeds := make([]chronicleDeed, len(tokens))
	for i, token := range tokens {
		deeds[i] = chronicleDeed{what: what, token: token, channel: string(c.caller.partner.Channel)}
	}
	return deeds
}

// ask sends a request, again where that is the same, and writes down what became
// of it.
func (c *chronicler) ask(ctx context.Context, a chronicleAsk) (reply chronicleReply, err error) {
	var body []byte
	if a.body != nil {
		body = encode(a.body)
	}
	var (
		id     = requestID()
		called = c.clock()
		unsure = false
	)
	for {
		// A request of its own each time, at any of the processes.
		there := *c.caller
		there.url = *c.urls[c.draw.IntN(len(c.urls))].Load()
		began := time.Now()
		status, said, err := there.call(ctx, a.method, a.path, id, body)
		took := time.Since(began)
		returned := c.clock()
		c.count.Add(1)
		reply = chronicleReply{}
		if err == nil {
			if err := json.Unmarshal(said, &reply); err != nil {
				return reply, fmt.Errorf("%s %s: %d %w\n%s", a.method, a.path, status, err, said)
			}
		}
		switch {
		case err != nil && refusedAtTheDoor(err):
		case err != nil, status == http.StatusServiceUnavailable && reply.Error.AppErrorCode == "RETRY_SAME_REQUEST":
			unsure = true
			c.longestUnsure = max(c.longestUnsure, took)
		case status == http.StatusServiceUnavailable:
			c.longestBusy = max(c.longestBusy, took)
		case status < 300, status == http.StatusBadRequest, status == http.StatusConflict, status == http.StatusUnprocessableEntity:
			return reply, c.write(a, id, called, returned, reply, status < 300)
		default:
			return reply, fmt.Errorf("%s %s: %d\n%s\n%s", a.method, a.path, status, body, said)
		}
		if !a.again || ctx.Err() != nil {
			if unsure {
				c.forget(a, called)
			} else {
				c.requests = append(c.requests, chronicleRequest{id: id, none: true})
			}
			return chronicleReply{}, errNoAnswer
		}
		chroniclePause(ctx)
	}
}

// refusedAtTheDoor reports whether a request cannot have reached anybody.
func refusedAtTheDoor(err error) bool {
	broken, ok := errors.AsType[*net.OpError](err)
	return ok && broken.Op == "dial"
}

// chroniclePause lets a database that is away be away for a moment.
func chroniclePause(ctx context.Context) {
	const moment = 10 * time.Millisecond
	select {
	case <-time.After(moment):
	case <-ctx.Done():
	}
}

// forget writes down that nobody knows.
func (c *chronicler) forget(a chronicleAsk, called int64) {
	for _, d := range a.deeds {
		c.written = append(c.written, porcupine.Operation{ClientId: c.stream, Input: d, Call: called, Output: chronicleAnswer{says: saysUnknown}, Return: never})
	}
	c.unknown.Add(1)
	c.stream = c.newStream()
}

// never is when an answer comes that never came.
const never = int64(1) << 62

// write writes down what the answer says of each ticket.
func (c *chronicler) write(a chronicleAsk, id string, called, returned int64, reply chronicleReply, good bool) error {
	owners, refused := map[string]string{}, map[string]string{}
	note := func(list []chronicleOwned) {
		for _, o := range list {
			owners[o.Token] = o.OwnerID
		}
	}
	note(reply.Success)
	note(reply.Tickets)
	for _, o := range reply.Offers {
		note(o.Event.Seats)
	}
	for _, g := range reply.Tokens {
		note(g.Success.Seats)
	}
	for _, e := range reply.Errors {
		refused[e.Token] = e.AppErrorCode
	}
	done := 0
	for _, d := range a.deeds {
		var said chronicleAnswer
		owner, named := owners[d.token]
		switch code := refused[d.token]; {
		case named && code == "":
			said = chronicleAnswer{saysDone, owner}
		case code != "" && !named:
			said = chronicleAnswer{says: code}
		case d.what == "sell" && len(refused) > 0 && !named:
			said = chronicleAnswer{says: saysSpared}
		case d.what == "give" && good:
			said = chronicleAnswer{saysDone, reply.PatronID}
		case d.what == "cancel" && good, d.what == "accept" && good:
			said = chronicleAnswer{says: saysDone}
		case d.transfer != "" && reply.Error.AppErrorCode != "":
			said = chronicleAnswer{says: reply.Error.AppErrorCode}
		default:
			return fmt.Errorf("%s %s says nothing of %s, or two things: %+v", a.method, a.path, d.token, reply)
		}
		if said.says == saysDone {
			done++
		}
		c.written = append(c.written, porcupine.Operation{ClientId: c.stream, Input: d, Call: called, Output: said, Return: returned})
	}
	if a.makes {
		c.requests = append(c.requests, chronicleRequest{id: id, rows: done})
	}
	return nil
}

// chronicleURL is where a process is reached; it changes when that starts again.
type chronicleURL = atomic.Pointer[string]

package main

import (
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"
)

// A chronicleDeed is what a request asked for one of its tickets. A request for
// several is a deed for each of them, all within the request's interval: each
// ticket of a lock stands alone, and of a sale the answer tells how each stood.
type chronicleDeed struct {
	what     string // import, lock, unlock, sell, verify, print, give, cancel or accept
	token    string
	channel  string // who asked
	order    string // of sell, print and give: with its channel
	person   string // of import, sell and accept: the patron who would be the owner
	transfer string // of give, cancel and accept
}

// A chronicleAnswer is what the request was told of that ticket.
type chronicleAnswer struct {
	says  string // done, spared, unknown, or a code of refusal
	owner string // where it names one
}

const (
	saysDone = "done"
	// saysSpared is of a ticket that a sale did not refuse and did not sell either,
	// for another one of the same order was refused.
	saysSpared = "spared"
	// saysUnknown is no answer. It may have been done at any time after it was asked
	// for, also now, or never, which is the same as after everything else.
	saysUnknown = "unknown"
)

// A chronicleTicket is a ticket by the contract, as plainly as it can be said.
type chronicleTicket struct {
	owner string
	order string // that made its owner, "" for another way
	hold  string // "", "lock CHANNEL" or "transfer NAME"
}

// chronicleModel judges the history of each ticket by itself.
var chronicleModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		of := map[string][]porcupine.Operation{}
		for _, o := range history {
			token := o.Input.(chronicleDeed).token
			of[token] = append(of[token], o)
		}
		parts := make([][]porcupine.Operation, 0, len(of))
		for _, part := range of {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return chronicleTicket{} },
	Step: func(state, input, output any) (bool, any) {
		return state.(chronicleTicket).after(input.(chronicleDeed), output.(chronicleAnswer))
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
}

// after is the ticket after the deed, and whether it can have been answered so.
func (t chronicleTicket) after(d chronicleDeed, a chronicleAnswer) (bool, chronicleTicket) {
	next, done := t.doing(d)
	switch a.says {
	case saysUnknown:
		return true, next
	case saysDone:
		named := next.owner // lock, unlock, verify and print tell it; a sale tells the new one
		return done == saysDone && (a.owner == "" || a.owner == named), next
	}
	return a.says == done || a.says == saysSpared && done == saysDone, t
}

// doing is the ticket after the deed if nothing else is in its way, and what is
// to be answered.
func (t chronicleTicket) doing(d chronicleDeed) (next chronicleTicket, says string) {
	next = t
	mine, given := "lock "+d.channel, "transfer "+d.transfer
	locked, offered := len(t.hold) > 5 && t.hold[:5] == "lock ", len(t.hold) > 9 && t.hold[:9] == "transfer "
	switch d.what {
	case "import":
		next.owner = d.person
	case "lock":
		switch {
		case locked && t.hold != mine:
			return t, "TOKEN_LOCKED"
		case offered:
			return t, "TOKEN_NOT_AVAILABLE"
		}
		next.hold = mine
	case "unlock":
		switch {
		case t.hold == mine:
			next.hold = ""
		case locked:
			return t, "TOKEN_LOCKED"
		}
	case "sell":
		switch {
		case t.hold == "":
			return t, "TOKEN_NOT_LOCKED"
		case locked && t.hold != mine:
			return t, "TOKEN_LOCKED"
		case offered:
			return t, "TOKEN_NOT_AVAILABLE"
		}
		next = chronicleTicket{owner: d.person, order: d.order}
	case "verify":
	case "print":
		if t.order != d.order {
			return t, "ORDER_NOT_COMPLETE"
		}
	case "give":
		switch {
		case t.order != d.order:
			return t, "ORDER_NOT_COMPLETE"
		case t.hold != "":
			return t, "TOKEN_NOT_AVAILABLE"
		}
		next.hold = given
	case "cancel":
		if t.hold != given {
			return t, "TRANSFER_NOT_PENDING"
		}
		next.hold = ""
	case "accept":
		if t.hold != given {
			return t, "TRANSFER_NOT_PENDING"
		}
		next = chronicleTicket{owner: d.person}
	default:
		panic("no deed is called " + d.what)
	}
	return next, saysDone
}

// flipped are copies of a history with one answer that cannot be true: of each
// kind a few, of tickets about which every answer came.
func flippedChronicles(history []porcupine.Operation, each int) (flips []chronicleFlip) {
	parts := chronicleModel.Partition(history)
	slices.SortFunc(parts, func(a, b []porcupine.Operation) int { return len(b) - len(a) })
	made := map[string]int{}
	for _, part := range parts {
		if slices.ContainsFunc(part, func(o porcupine.Operation) bool { return o.Output.(chronicleAnswer).says == saysUnknown }) {
			continue
		}
		for i, o := range part {
			lie, ok := lieAbout(o)
			kind := o.Input.(chronicleDeed).what + " " + o.Output.(chronicleAnswer).says
			if !ok || made[kind] == each || !chronicleAlone(part, o) {
				continue
			}
			made[kind]++
			flip := slices.Clone(part)
			flip[i].Output = lie
			flips = append(flips, chronicleFlip{kind, flip})
		}
	}
	return flips
}

// A chronicleFlip is the history of one ticket with a lie in it.
type chronicleFlip struct {
	kind    string // the answer that was made a lie
	history []porcupine.Operation
}

// lieAbout is another answer than the one that was given.
func lieAbout(o porcupine.Operation) (chronicleAnswer, bool) {
	a := o.Output.(chronicleAnswer)
	switch d := o.Input.(chronicleDeed); {
	case d.what == "import" || a.says == saysSpared:
		return a, false
	case a.says != saysDone:
		return chronicleAnswer{says: saysDone}, true
	case d.what == "verify":
		return chronicleAnswer{says: saysDone, owner: a.owner + "0"}, true
	case d.what == "unlock":
		return chronicleAnswer{says: "TOKEN_LOCKED"}, true
	case d.what == "lock":
		return chronicleAnswer{says: "TOKEN_NOT_AVAILABLE"}, true
	case d.what == "sell":
		return chronicleAnswer{says: "TOKEN_NOT_LOCKED"}, true
	case d.what == "print":
		return chronicleAnswer{says: "ORDER_NOT_COMPLETE"}, true
	case d.what == "cancel", d.what == "accept":
		return chronicleAnswer{says: "TRANSFER_NOT_PENDING"}, true
	}
	return chronicleAnswer{says: "TOKEN_NOT_AVAILABLE"}, true
}

// chronicleAlone reports whether nothing else happened to the ticket meanwhile.
func chronicleAlone(part []porcupine.Operation, o porcupine.Operation) bool {
	beside := 0
	for _, other := range part {
		if other.Call <= o.Return && o.Call <= other.Return {
			beside++
		}
	}
	return beside == 1
}

package push

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A letter is what a mail says.
type letter struct{ subject, text string }

// write puts a notice into words: short, plain, and with nobody's name but the
// sender's short one. What comes from partners and patrons is one line of it.
func write(n boxoffice.Notice) letter {
	if n.News == boxoffice.NewsPassword {
		return aboutPassword(n)
	}
	g := n.Gift
	what := "a ticket"
	if len(g.Tickets) != 1 {
		what = strconv.Itoa(len(g.Tickets)) + " tickets"
	}
	event := eventsIn(g)
	from := cmp.Or(oneLine(g.From), "Somebody")
	var subject string
	var says []string
	switch {
	case n.News == boxoffice.NewsInvited && n.For == boxoffice.Recipient:
		subject = from + " gives you " + what + ": " + event
		says = []string{
			from + " gives you " + what + ".", list(g),
			"To accept or decline, open this page by " + moment(g.Transfer.Expires, g) + ":", oneLine(g.Transfer.URL()),
			"Whoever has this address can answer for you: please do not forward this mail. If you do not know the sender, you need do nothing.",
		}
	case n.News == boxoffice.NewsInvited:
		subject = "You are giving away " + what + ": " + event
		says = []string{
			"You are giving away " + what + ".", list(g),
			"The recipient can accept until " + moment(g.Transfer.Expires, g) + ". Until then nobody can list or sell what you give, and your codes still work.",
			"If this was not you, tell the box office at once.",
		}
	case n.News == boxoffice.NewsAccepted && n.For == boxoffice.Recipient:
		subject = "You have accepted " + what + ": " + event
		says = []string{
			"You have accepted " + what + ".", list(g),
			"The codes are on the page that opened when you accepted. This mail does not lead there, and neither does the one before it.",
			"If this was not you, tell the box office at once.",
		}
	case n.News == boxoffice.NewsAccepted:
		subject = "Accepted: " + what + " for " + event
		says = []string{"The recipient has accepted what you gave.", list(g), "The codes that you had no longer open the gate, on paper either."}
	case n.News == boxoffice.NewsDeclined && n.For == boxoffice.Recipient:
		subject = "You have declined " + what + ": " + event
		says = []string{"You have declined " + what + ".", list(g), "What you were given has gone back to the sender."}
	case n.News == boxoffice.NewsDeclined:
		subject = "Declined: " + what + " for " + event
		says = []string{"The recipient has declined what you gave.", list(g), "It is yours again, with the same codes."}
	case n.News == boxoffice.NewsCancelled && n.For == boxoffice.Recipient:
		subject = "Taken back: " + what + " for " + event
		says = []string{from + " has taken back " + what + " you were given.", list(g), "The page to accept is closed. For questions ask the sender."}
	case n.News == boxoffice.NewsCancelled:
		subject = "You have taken back " + what + ": " + event
		says = []string{"You have taken back what you were giving away.", list(g), "It is yours again, with the same codes."}
	case n.For == boxoffice.Recipient:
		subject = "Expired: " + what + " for " + event
		says = []string{"The time to accept " + what + " is over.", list(g), "For questions ask the sender."}
	default:
		subject = "Not accepted in time: " + what + " for " + event
		says = []string{"The recipient has not accepted in time what you gave.", list(g), "It is yours again, with the same codes."}
	}
	says = append(says, "-- \n"+cmp.Or(oneLine(g.Organization.Name), "The box office"))
	return letter{subject: subject, text: strings.Join(says, "\n\n") + "\n"}
}

// aboutPassword leads to the page where a password is set. It names nobody but the
// houses.
func aboutPassword(n boxoffice.Notice) letter {
	const shown = 3 // houses
	var houses []string
	for _, name := range n.Houses[:min(len(n.Houses), shown)] {
		if name = oneLine(name); name != "" {
			houses = append(houses, name)
		}
	}
	at, subject, signed := "", "Set a password for MyAccount", "The box office"
	if len(houses) > 0 {
		names := strings.Join(houses, ", ")
		at, subject, signed = " at "+names, subject+": "+names, names
	}
	return letter{subject: subject, text: strings.Join([]string{
		"Somebody, you we hope, wants to set a password for MyAccount" + at + " with this mail address.",
		"To do so, open this page within an hour. It works once:", oneLine(n.Link),
		"The password is for every account that has this address. Whoever has the page's address can set it: please do not forward this mail.",
		"If it was not you, you need do nothing: your password stays as it is.",
		"-- \n" + signed,
	}, "\n\n") + "\n"}
}

// eventsIn names the events on a line.
func eventsIn(g boxoffice.Gift) string {
	const longest = 80 // characters of a subject
	var names []string
	seen := map[boxoffice.EventID]bool{}
	for _, t := range g.Tickets {
		if !seen[t.Event] {
			seen[t.Event] = true
			e := g.Events[t.Event]
			names = append(names, cmp.Or(oneLine(e.Title()), "an event"))
		}
	}
	text := []rune(cmp.Or(strings.Join(names, ", "), "an event"))
	if len(text) > longest {
		return string(text[:longest]) + "…"
	}
	return string(text)
}

// list tells event, time and seats, a line each. Of many seats the rest is a
// number.
func list(g boxoffice.Gift) string {
	const shown = 30 // seats
	var lines []string
	seen := map[boxoffice.EventID]bool{}
	for i, t := range g.Tickets {
		if i == shown {
			lines = append(lines, fmt.Sprintf("and %d more", len(g.Tickets)-shown))
			break
		}
		if e := g.Events[t.Event]; !seen[t.Event] {
			seen[t.Event] = true
			when := "time to be announced"
			if !e.Start.At.IsZero() {
				when = moment(e.Start.At, g)
			} else if e.Start.Date != "" {
				when = e.Start.Date
			}
			lines = append(lines, oneLine(cmp.Or(e.Title(), "Event")+", "+when+", "+e.FacilityName))
		}
		lines = append(lines, "  "+oneLine("section "+t.Section+", row "+t.Row+", seat "+t.Seat))
	}
	return strings.Join(lines, "\n")
}

// moment is an instant at the venue.
func moment(at time.Time, g boxoffice.Gift) string {
	return at.In(g.Organization.Location()).Format("Monday, January 2, 2006, 3:04 PM MST")
}

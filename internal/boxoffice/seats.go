package boxoffice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// SeatsWanted are seats of one row as a transfer names them.
type SeatsWanted struct {
	Season, Item string
	Section      string // LEVEL:SECTION
	Row          string
	Seats        string // one, a range such as 8-10, or some of both with commas between
	Said         SeatsSaid
}

// A SeatRow is a row at an event.
type SeatRow struct {
	Event        EventID
	Section, Row string
}

const (
	// maxRange is how many seats a range may have (contract.md, Kinds of items).
	maxRange = 30
	// maxGiven is how many tickets a transfer may have, as any body.
	maxGiven = 500
)

// seats finds the tickets that a transfer names by their seats, each once, in
// the order named. What is no seat with a ticket is refused. Too many seats are
// fault.BatchSize, and text that names none is fault.FieldInvalid.
func (o *Office) seats(ctx context.Context, org access.OrganizationID, wanted []SeatsWanted) ([]Token, []Refusal, error) {
	rows := make([]SeatRow, len(wanted))
	for i, w := range wanted {
		rows[i] = SeatRow{NewEventID(org, w.Season, w.Item), w.Section, w.Row}
	}
	view, err := o.store.Seats(ctx, rows)
	if err != nil {
		return nil, nil, err
	}
	tickets := map[SeatRow]map[string]Token{}
	for _, t := range view.Tickets {
		row := SeatRow{t.Event, t.Section, t.Row}
		if tickets[row] == nil {
			tickets[row] = map[string]Token{}
		}
		tickets[row][t.Seat] = t.Token
	}
	var (
		tokens  []Token
		refused []Refusal
		orders  = map[SeatRow][]string{}
	)
	for i, w := range wanted {
		at := tickets[rows[i]]
		if _, ok := orders[rows[i]]; !ok {
			if orders[rows[i]], err = o.seatOrder(ctx, view.Events[rows[i].Event], rows[i], at); err != nil {
				return nil, nil, err
			}
		}
		names, err := seatNames(w.Seats, orders[rows[i]])
		if err != nil {
			return nil, nil, err
		}
		for _, name := range names {
			token, ok := at[name]
			switch {
			case !ok:
				reason := fault.TokenUnknown.Saying(fmt.Sprintf("there is no ticket for seat %.32q of seats[%d]", name, i))
				refused = append(refused, refuse("", reason))
			case !slices.Contains(tokens, token):
				tokens = append(tokens, token)
			}
		}
		if len(tokens)+len(refused) > maxGiven {
			return nil, nil, fault.BatchSize
		}
	}
	return tokens, refused, nil
}

// seatOrder is the seats of a row in the manifest's order, or, where the house
// has no manifest of the row, in the order in which people count.
func (o *Office) seatOrder(ctx context.Context, e Event, row SeatRow, tickets map[string]Token) ([]string, error) {
	manifest, err := o.store.Manifest(ctx, e.Organization, e.Season, e.FacilityCode, e.ConfigurationCode)
	if err != nil && !errors.Is(err, fault.ManifestUnknown) {
		return nil, err
	}
	for _, area := range manifest.Areas {
		for _, section := range area.Sections {
			for _, r := range section.Rows {
				if section.Section == row.Section && r.Row == row.Row {
					return r.Names(), nil
				}
			}
		}
	}
	var names []string
	for name := range tickets {
		names = append(names, name)
	}
	slices.SortFunc(names, naturally)
	return names, nil
}

// seatNames reads the seats of a row that a text names. An element that is a
// seat's name is that seat, whatever it looks like.
func seatNames(text string, row []string) ([]string, error) {
	var names []string
	for element := range strings.SplitSeq(text, ",") {
		element = strings.TrimSpace(element)
		if element == "" {
			return nil, fault.FieldInvalid.Saying("seats is one seat, a range such as 8-10, or a list with commas")
		}
		span, ok := seatRange(element, row)
		if slices.Contains(row, element) || !ok {
			names = append(names, element)
			continue
		}
		if len(span) > maxRange {
			return nil, fault.BatchSize.Saying(fmt.Sprintf("a range has %d seats at most", maxRange))
		}
		names = append(names, span...)
	}
	return names, nil
}

// seatRange is the seats from one to another, where the text names two of the
// row with a hyphen between, in either direction.
func seatRange(text string, row []string) ([]string, bool) {
	for i := range len(text) {
		if text[i] != '-' {
			continue
		}
		from := slices.Index(row, strings.TrimSpace(text[:i]))
		to := slices.Index(row, strings.TrimSpace(text[i+1:]))
		if from >= 0 && to >= 0 {
			return row[min(from, to) : max(from, to)+1], true
		}
	}
	return nil, false
}

// naturally compares names so that numbers in them count by their value: 9
// before 10, A9 before A10.
func naturally(a, b string) int {
	for a != "" && b != "" {
		left, right := leadingDigits(a), leadingDigits(b)
		if left == 0 || right == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		x, y := strings.TrimLeft(a[:left], "0"), strings.TrimLeft(b[:right], "0")
		if by := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y), cmp.Compare(left, right)); by != 0 {
			return by
		}
		a, b = a[left:], b[right:]
	}
	return cmp.Compare(len(a), len(b))
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

package boxoffice

import (
	"math/bits"

	"github.com/seatlink/seatlink/internal/fault"
)

// The accounts of the ledger. A sale moves what the buyer gives to the sale and
// its fees; a settlement moves what the channel gives to the seller, and keeps
// the rest. Each half sums to zero by itself.
const (
	accountBuyer   = "buyer"
	accountSale    = "sale"
	accountFees    = "fees"
	accountChannel = "channel"
	accountSeller  = "seller"
	accountKept    = "kept"
)

// cartSums are a cart's amounts in minor units of one currency.
type cartSums struct {
	elements       []elementSum
	paid, toSeller int64   // of the settlement
	kept           []int64 // shares of the elements in what the channel keeps
	sellers        []int64 // and in what the seller gets
	request        string  // hash of the elements that share the settlement
	settles        bool    // the settlement is of the sum of all elements
}

type elementSum struct {
	price, fees int64 // totals as received, else the sums of the lines
	lines       []lineSum
	differs     bool // the totals are not the sums of the lines
}

type lineSum struct{ price, fees int64 }

// sums turns the cart's amounts into the organization's currency.
func (a *completeAct) sums(org Organization) (cartSums, error) {
	digits := CurrencyDigits(org.Currency)
	var (
		s     cartSums
		total int64
		err   error
	)
	if org.ID == 0 {
		return s, nil // no ticket may be seen: every element is refused, whatever its amounts
	}
	for _, e := range a.cart.Elements {
		sum, err := e.sum(digits)
		if err != nil {
			return cartSums{}, err
		}
		s.elements = append(s.elements, sum)
		total += sum.price + sum.fees
	}
	if s.paid, err = a.cart.Settlement.TotalPaid.Minor(digits); err != nil {
		return cartSums{}, err
	}
	if s.toSeller, err = a.cart.Settlement.ToSeller.Minor(digits); err != nil {
		return cartSums{}, err
	}
	if s.toSeller > s.paid {
		return cartSums{}, fault.AmountRange
	}
	weights := make([]int64, len(s.elements))
	for i, e := range s.elements {
		weights[i] = e.price
	}
	s.kept, s.sellers = share(s.paid-s.toSeller, weights), share(s.toSeller, weights)
	s.settles = s.paid == total
	return s, nil
}

func (e CartElement) sum(digits int) (elementSum, error) {
	var (
		s           elementSum
		price, fees int64
	)
	for _, line := range e.Lines {
		p, err := optionalMinor(line.Price, digits)
		if err != nil {
			return elementSum{}, err
		}
		f, err := optionalMinor(line.Fees, digits)
		if err != nil {
			return elementSum{}, err
		}
		l := lineSum{orElse(p, 0), orElse(f, 0)}
		s.lines = append(s.lines, l)
		price, fees = price+l.price, fees+l.fees
	}
	totalPrice, err := optionalMinor(e.TotalPrice, digits)
	if err != nil {
		return elementSum{}, err
	}
	totalFees, err := optionalMinor(e.TotalFees, digits)
	if err != nil {
		return elementSum{}, err
	}
	s.price, s.fees = orElse(totalPrice, price), orElse(totalFees, fees)
	s.differs = s.price != price || s.fees != fees
	if s.price > maxMinor || s.fees > maxMinor {
		return elementSum{}, fault.AmountRange
	}
	return s, nil
}

func orElse(p *int64, other int64) int64 {
	if p == nil {
		return other
	}
	return *p
}

// differ reports whether the sums that concern an element do not reconcile.
func (s cartSums) differ(place int) bool { return s.elements[place].differs || !s.settles }

func (s cartSums) settled(place int) Settled {
	return Settled{
		Request: s.request, Paid: s.paid, ToSeller: s.toSeller,
		PaidShare: s.sellers[place] + s.kept[place], ToSellerShare: s.sellers[place],
	}
}

// share splits a total by weights, each part rounded down, the remainder going
// to the last (contract.md call 6). Without any weight the parts are alike.
func share(total int64, weights []int64) []int64 {
	var sum uint64
	for _, w := range weights {
		sum += uint64(w)
	}
	parts := make([]int64, len(weights))
	left := total
	for i, w := range weights[:len(weights)-1] {
		if sum == 0 {
			parts[i] = total / int64(len(weights))
		} else {
			high, low := bits.Mul64(uint64(total), uint64(w))
			part, _ := bits.Div64(high, low, sum)
			parts[i] = int64(part)
		}
		left -= parts[i]
	}
	parts[len(parts)-1] = left
	return parts
}

// transact writes the order's financial records: one for each season, whose
// entries sum to zero.
func (o *Order) transact(b *Books) {
	var seasons []string
	prices, fees := map[string]int64{}, map[string]int64{}
	for _, line := range o.Lines {
		t, _ := b.Ticket(line.Token)
		season := b.Event(t.Event).Season
		if _, ok := prices[season]; !ok {
			seasons = append(seasons, season)
		}
		prices[season] += line.Price
		fees[season] += line.Fees
	}
	byPrice, byFees := make([]int64, len(seasons)), make([]int64, len(seasons))
	for i, season := range seasons {
		byPrice[i], byFees[i] = prices[season], fees[season]
	}
	price, fee := share(o.Price, byPrice), share(o.Fees, byFees)
	seller := share(o.Settlement.ToSellerShare, byPrice)
	kept := share(o.Settlement.PaidShare-o.Settlement.ToSellerShare, byPrice)
	for i, season := range seasons {
		entries := []Entry{
			{accountBuyer, -price[i] - fee[i]}, {accountSale, price[i]}, {accountFees, fee[i]},
			{accountChannel, -seller[i] - kept[i]}, {accountSeller, seller[i]}, {accountKept, kept[i]},
		}
		o.Transactions = append(o.Transactions, Transaction{Number: b.Number(SeriesTransaction), Season: season, Entries: entries})
	}
}

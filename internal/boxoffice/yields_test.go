package boxoffice_test

import (
	"context"
	"slices"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// yielding is a store that notes which acts give way.
type yielding struct {
	boxoffice.Store
	yields []bool // of the acts since it was asked last
}

func (s *yielding) Do(ctx context.Context, act boxoffice.Act) error {
	s.yields = append(s.yields, act.Needs().Yields)
	return s.Store.Do(ctx, act)
}

// When too much is asked at once, what begins something is told to come again, and
// what ends it is done: whoever was sold something has it, whoever gives back may.
func TestWhatBeginsSomethingGivesWayToWhatEndsIt(t *testing.T) {
	d := newDesk(t, inRow("7"), inRow("8"), inRow("9"), free("A"))
	store := &yielding{Store: d}
	d.Office = boxoffice.NewOffice(store, keyer{}, pages{})
	who := caller("ours")
	var waits, handed boxoffice.Transfer
	for _, step := range []struct {
		name   string
		do     func() error
		yields bool
	}{
		{"lock", func() error { _, err := d.Lock(t.Context(), who, lockOf(boxoffice.MyAccount, "A")); return err }, true},
		{"unlock", func() error { _, err := d.Unlock(t.Context(), who, []boxoffice.Token{"A"}); return err }, false},
		{"lock again", func() error { _, err := d.Lock(t.Context(), who, lockOf(boxoffice.MyAccount, "A")); return err }, true},
		{"complete-order", func() error {
			_, err := d.Complete(t.Context(), who, boxoffice.Cart{
				Elements: []boxoffice.CartElement{{ExternalListingID: "L-1", ExternalOrderID: "O-1", Lines: []boxoffice.CartLine{{Token: "A"}}}}, Buyer: person("buyer@example.com"),
			})
			return err
		}, false},
		{"print", func() error {
			_, err := d.Print(t.Context(), who, boxoffice.PrintRequest{ExternalOrderID: "O-1", Tokens: []boxoffice.Token{"A"}})
			return err
		}, false},
		{"transfer", func() error {
			giving, err := d.Give(t.Context(), who, bySeats("7"))
			waits = giving.Transfer
			return err
		}, true},
		{"transfer, known again by its Request-ID", func() error {
			req := bySeats("8")
			req.Repeat = boxoffice.Repeat[boxoffice.Giving]{Path: "/give", RequestID: "r-1", Words: func(boxoffice.Giving) []byte { return []byte("given") }}
			_, err := d.Give(t.Context(), who, req)
			return err
		}, true},
		{"transfer that hands over", func() error {
			req := bySeats("9")
			req.HandsOver = true
			giving, err := d.Give(t.Context(), who, req)
			handed = giving.Transfer
			return err
		}, false},
		{"accept", func() error { _, err := d.Accept(t.Context(), who, accepting(waits, nil)); return err }, false},
		{"cancel", func() error {
			_, _ = d.Cancel(t.Context(), who, boxoffice.CancelRequest{Code: handed.Code})
			return nil
		}, false},
	} {
		store.yields = nil
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if len(store.yields) == 0 || slices.Contains(store.yields, !step.yields) {
			t.Errorf("%s gives way: %v; want %v", step.name, store.yields, step.yields)
		}
	}
}

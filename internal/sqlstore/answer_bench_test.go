package sqlstore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// Sales of four tickets, locked before, without a record of the answer and with
// one. What is compared is the processor's time: cpu-µs/pair.
func BenchmarkLockAndComplete(b *testing.B) {
	for _, kept := range []bool{false, true} {
		b.Run(fmt.Sprintf("kept=%v", kept), func(b *testing.B) {
			eachHeart(b, "pairs/s", func(office *boxoffice.Office, who access.Principal, block []boxoffice.Token, n int64) error {
				req := boxoffice.LockRequest{Source: boxoffice.MyAccount, ExternalListingID: "L-1"}
				element := boxoffice.CartElement{ExternalListingID: "L-1", ExternalOrderID: uuid.NewString()}
				price := money(50)
				for _, token := range block {
					req.Lines = append(req.Lines, boxoffice.LockLine{Token: token})
					element.Lines = append(element.Lines, boxoffice.CartLine{Token: token, Price: &price})
				}
				if _, err := office.Lock(context.Background(), who, req); err != nil {
					return err
				}
				cart := boxoffice.Cart{
					Elements:   []boxoffice.CartElement{element},
					Buyer:      boxoffice.Contact{LastName: "Buyer", Emails: []boxoffice.Email{{Address: "buyer@example.com"}}},
					Settlement: boxoffice.Settlement{TotalPaid: money(200), ToSeller: money(160)},
				}
				if kept {
					cart.Repeat = boxoffice.Repeat[boxoffice.Sale]{
						Path: "/v1/cart/complete-order", RequestID: uuid.NewString(), Asked: "asked",
						Words: func(s boxoffice.Sale) []byte { text, _ := json.Marshal(s); return text },
					}
				}
				sale, err := office.Complete(context.Background(), who, cart)
				if err == nil && sale.Status != boxoffice.OrderComplete {
					err = fmt.Errorf("sale %d: %+v", n, sale)
				}
				return err
			})
		})
	}
}

func processorTime() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

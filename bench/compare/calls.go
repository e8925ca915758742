package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// verifies asks of two tickets of a random block each time.
func (s *seatlink) verifies(ctx context.Context, clients int, d time.Duration) (lap, error) {
	form := s.request("POST", "/v1/tickets/verify", `{"tickets":[{"tokens":["`+hole+`","`+hole+`"]}]}`)
	var at atomic.Int64
	return drive(ctx, s.host, clients, d, 0, func(int) asker {
		mine := form.own()
		return func() (ask, bool) {
			tokens := block(s.order[int(at.Add(1)-1)%len(s.order)])[:2]
			return ask{mine.write(tokens...), names(tokens)}, true
		}
	})
}

func (s *seatlink) catalogs(ctx context.Context, clients int, d time.Duration) (lap, error) {
	form := s.request("GET", "/v1/catalog/events", "")
	last := []byte(fmt.Sprintf(`"accessId":"999:F26:E%04d"`, s.house.events-1))
	return drive(ctx, s.host, clients, d, 0, func(int) asker {
		return func() (ask, bool) {
			return ask{form.text, func(body []byte) bool { return bytes.Contains(body, last) }}, true
		}
	})
}

func (s *seatlink) looks(ctx context.Context, clients int, d time.Duration) (lap, error) {
	var at atomic.Int64
	return drive(ctx, s.host, clients, d, 0, func(int) asker {
		return func() (ask, bool) {
			id := listingID(int(at.Add(1)-1) % s.house.listings)
			return ask{s.request("GET", "/v1/listings/"+id, "").text, func(body []byte) bool {
				return bytes.Contains(body, []byte(id)) && bytes.Count(body, []byte(`"token":`)) == blockSize
			}}, true
		}
	})
}

// lockAll locks blocks, many in each request.
func (s *seatlink) lockAll(blocks []int) error {
	const perBody = 100
	l, err := dial(s.host)
	if err != nil {
		return err
	}
	defer l.close()
	for some := range slices.Chunk(blocks, perBody) {
		var lines, tokens []string
		for _, b := range some {
			for _, t := range block(b) {
				tokens = append(tokens, t)
				lines = append(lines, `{"token":"`+t+`","individualPrice":100}`)
			}
		}
		err := l.do(ask{s.request("PUT", "/v1/tickets/lock", `{"source":"MY_ACCOUNT","listing":{"externalListingId":"L-1","totalPrice":400,"tokens":[`+strings.Join(lines, ",")+`]}}`).text, names(tokens)})
		if err != nil {
			return err
		}
	}
	s.rows += int64(len(blocks)) * blockSize
	return nil
}

// sales completes orders of blocks that were locked before the clock ran. What is
// sold stays so, and its blocks are not used again.
func (s *seatlink) sales(ctx context.Context, clients int, d time.Duration, blocks int) (lap, error) {
	blocks = min(blocks, len(s.order)/8)
	mine := s.order[len(s.order)-blocks:]
	s.order = s.order[:len(s.order)-blocks]
	s.begun, s.at = 0, atomic.Int64{}
	if err := s.lockAll(mine); err != nil {
		return lap{}, err
	}
	one := `{"token":"` + hole + `","individualPrice":100,"individualFees":4}`
	// The order and its buyer are named after the first ticket: places take tokens in turn.
	form := s.request("POST", "/v1/cart/complete-order", `{"listing":[{"externalListingId":"L-1","tokens":[`+one+`,`+one+`,`+one+`,`+one+`],"externalOrderId":"`+hole+
		`"}],"buyer":[{"firstName":"Ada","lastName":"Example","emailAddress":{"email":"ada.`+hole+`@example.com"}}],"settlement":[{"totalAmountPaid":416,"amountToSeller":360}]}`)
	var at atomic.Int64
	l, err := s.driven(ctx, clients, d, 0, func(int) asker {
		own := form.own()
		return func() (ask, bool) {
			n := int(at.Add(1) - 1)
			if n >= len(mine) {
				return ask{}, false
			}
			t := block(mine[n])
			return ask{own.write(t[0], t[1], t[2], t[3], t[0], t[0]), func(body []byte) bool {
				var told struct {
					Status string
					Offers []struct {
						Event struct{ Seats []struct{ Token string } }
					}
				}
				return json.Unmarshal(body, &told) == nil && told.Status == "COMPLETE" && len(told.Offers) == 1 && len(told.Offers[0].Event.Seats) == blockSize
			}}, true
		}
	})
	if err != nil {
		return l, err
	}
	s.rows += int64(l.Done) * blockSize
	return l, s.counted(ctx, &l)
}

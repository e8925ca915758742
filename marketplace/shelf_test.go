package marketplace

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seatlink/seatlink/link"
)

func TestAShelfIsAsItWasAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "market.json")
	s, err := openShelf(path)
	if err != nil {
		t.Fatal(err)
	}
	price := link.Minor(4550, 2)
	request := link.CompleteRequest{Orders: []link.CartOrder{{ExternalOrderID: "O-1", Tokens: []link.CartToken{{Token: "T", IndividualPrice: &price}}}}}
	err = s.change(func(r *records) error {
		r.Offers["a"] = offer{ID: "a", Price: price, State: open, Held: true}
		r.Orders["o"] = order{ID: "o", State: asking, Request: &request, RequestID: "r"}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := openShelf(path)
	if err != nil {
		t.Fatal(err)
	}
	r := again.read()
	if o := r.Offers["a"]; o.Price != price || o.State != open || !o.Held || r.Version != 1 {
		t.Errorf("the offer is %+v in version %d", o, r.Version)
	}
	if o := r.Orders["o"]; o.RequestID != "r" || *o.Request.Orders[0].Tokens[0].IndividualPrice != price {
		t.Errorf("the order is %+v", o)
	}
	if about, err := os.Stat(path); err != nil || about.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want one that its owner alone reads", about.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openShelf(path); err == nil {
		t.Error("half a file is taken for a whole one")
	}
}

// Whoever is told that something was not done may believe it.
func TestWhatCannotBeWrittenIsNotSo(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := openShelf(filepath.Join(folder, "market.json"))
	if err != nil {
		t.Fatal(err)
	}
	add := func(id string) error {
		return s.change(func(r *records) error { r.Offers[id] = offer{ID: id}; return nil })
	}
	if err := add("a"); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := add("b"); err == nil || len(s.read().Offers) != 1 {
		t.Errorf("after %v there are %v", err, s.read().Offers)
	}
	refused := errors.New("no")
	err = s.change(func(r *records) error { delete(r.Offers, "a"); return refused })
	if !errors.Is(err, refused) || len(s.read().Offers) != 1 {
		t.Errorf("after %v there are %v", err, s.read().Offers)
	}
}

func TestTheOldestOfWhatCameToNothingMakesRoom(t *testing.T) {
	now := time.Now()
	of := map[string]offer{}
	for i := range 4 {
		of[fmt.Sprint("gone ", i)] = offer{State: gone, At: now.Add(-time.Duration(i) * time.Hour)}
	}
	of["open"] = offer{State: open, At: now.Add(-time.Hour * 24)}
	nothing := func(o offer) (time.Time, bool) { return o.At, o.State == gone }
	if !makeRoom(of, 5, 2, nothing) {
		t.Error("there is no room")
	}
	for _, id := range []string{"gone 0", "gone 1", "open"} {
		if _, ok := of[id]; !ok || len(of) != 3 {
			t.Errorf("%s is forgotten: %v", id, of)
		}
	}
	if makeRoom(of, 5, 5, nothing) {
		t.Errorf("what is on sale was forgotten: %v", of)
	}
}

func TestWhatEndedLongAgoIsForgotten(t *testing.T) {
	now, before := time.Now(), time.Now().Add(-remember-time.Hour)
	none := records{}
	r := none.clone()
	r.Offers["old"] = offer{Lot: "l", State: sold, At: before}
	r.Offers["held"] = offer{Lot: "m", State: gone, Held: true, At: before}
	r.Offers["open"] = offer{Lot: "m", State: open, At: before}
	r.Orders["old"] = order{State: failed, At: before}
	r.Orders["asked"] = order{State: asking, At: before}
	r.Lots["l"], r.Lots["m"] = lot{State: open, At: before}, lot{State: open, At: before}
	r.forget(now)
	if len(r.Offers) != 2 || len(r.Orders) != 1 || len(r.Lots) != 1 || r.Lots["m"].State != open {
		t.Errorf("what is left is %+v", r)
	}
}

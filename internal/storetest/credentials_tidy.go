package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

func tidyTakesWhatEnded(t *testing.T, v Vaults) {
	const tick = time.Microsecond
	now, replays := moment, moment.Add(-10*time.Second)
	kept := func(id string, until, issued time.Time) access.Family {
		f := newFamily(id, acme)
		f.KeepUntil, f.Issued, f.Replay = until, issued, "sealed"
		return f
	}
	enrol(t, v.Here, access.Partner{Application: acme, Channels: []access.Channel{"acme"}},
		kept("ended", now.Add(-tick), replays), kept("ending", now, replays),
		kept("old", after(day), replays.Add(-tick)), kept("recent", after(day), replays))
	for id, expires := range map[string][2]time.Time{
		"ended":  {after(day), after(day)}, // goes with its family
		"recent": {now.Add(-tick), now},
	} {
		for i, at := range expires {
			change(t, v.Here, access.Hash("code-"+id), func(f *access.Family) {
				f.Generation++
				f.Head = pair(fmt.Sprintf("%s%d", id, i+1))
				f.Head.RefreshExpires = at
			})
		}
	}
	before := map[access.Hash]access.Family{}
	for _, hash := range []access.Hash{"code-ending", "code-old", "code-recent", "access-recent2", "refresh-recent2"} {
		before[hash], _ = look(t, v.Here, hash)
	}
	for range 2 { // a second time changes nothing more
		if err := v.There.Tidy(t.Context(), now, replays); err != nil {
			t.Fatalf("Tidy: %v", err)
		}
		gone(t, v.Here, "code-ended", "access-ended1", "refresh-ended1", "access-ended2", "refresh-ended2", "access-recent1", "refresh-recent1")
		for hash, want := range before {
			if want.ID == "old" {
				want.Replay = ""
			}
			got, _ := look(t, v.Here, hash)
			same(t, fmt.Sprintf("Family(%q) after Tidy", hash), got, want)
		}
	}
	if got := enrolment(t, v.Here, acme); len(got.Channels) != 1 {
		t.Errorf("the partner is %+v after Tidy", got)
	}
}

// manyEnded is enough for several steps of any store.
const manyEnded = 1201

// endedFamilies fills a store with families that ended and two that did not, and
// returns the codes of the first.
func endedFamilies(t *testing.T, v Vaults) (codes []access.Hash) {
	t.Helper()
	var families []access.Family
	for i := range manyEnded {
		f := newFamily(fmt.Sprint(i), acme)
		f.KeepUntil = after(-day)
		families, codes = append(families, f), append(codes, f.Code)
	}
	for _, id := range []string{"good", "better"} {
		f := newFamily(id, acme)
		f.Issued, f.Replay = moment, "sealed"
		families = append(families, f)
	}
	enrol(t, v.Here, access.Partner{Application: acme}, families...)
	return codes
}

func stillGood(t *testing.T, v Vaults) {
	t.Helper()
	for _, id := range []string{"good", "better"} {
		if got, _ := look(t, v.Here, access.Hash("code-"+id)); got.Replay != "sealed" {
			t.Errorf("the family %s lost its replay", id)
		}
	}
}

func tidyTakesMany(t *testing.T, v Vaults) {
	codes := endedFamilies(t, v)
	if err := v.Here.Tidy(t.Context(), moment, moment); err != nil {
		t.Fatalf("Tidy: %v", err)
	}
	gone(t, v.There, codes...)
	stillGood(t, v)
}

func tidyRunsTwiceAtOnce(t *testing.T, v Vaults) {
	codes := endedFamilies(t, v)
	var both sync.WaitGroup
	for _, store := range []access.Store{v.Here, v.There} {
		both.Go(func() {
			if err := patiently(func() error { return store.Tidy(t.Context(), moment, moment) }); err != nil {
				t.Errorf("Tidy: %v", err)
			}
		})
	}
	both.Wait()
	gone(t, v.There, codes...)
	stillGood(t, v)
}

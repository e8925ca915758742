package access

import (
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
)

// The steps of a script, word by word: "c" exchanges the code, "r2" the second
// pair's refresh token, "a2" authenticates with its access token; each success
// of an exchange that gives a pair not seen before names it by the next number.
// A step may be followed by what it must lead to: "=2" the second pair, "!" its
// refusal. "+10s" lets time pass.
func TestTheLifeOfAFamily(t *testing.T) {
	tests := []struct {
		name   string
		script string
	}{
		{"a code gives a pair whose access token works", "c=1 a1"},
		{"a code repeated at once gives the same pair", "c=1 c=1 c=1 a1"},
		{"a code repeated after 10 s gives another pair and the unused one is dead", "c=1 +10s c=2 a1! r1! a2"},
		{"the replaced refresh token revokes nothing", "c=1 +10s c=2 r1! r1! a2 r2=3 a3"},
		{"a pair that replaced another is repeated for 10 s of its own", "c=1 +10s c=2 +9s c=2 +1s c=3 a3"},
		{"a code whose access token was used is spent", "c=1 a1 c! a1! r1!"},
		{"a code whose refresh token was exchanged is spent", "c=1 r1=2 c! a2! r2! a1! r1!"},
		{"a spent code is reuse even within 10 s", "c=1 a1 +1s c! r1!"},
		{"a refresh gives a new pair and the old access token lives on", "c=1 a1 r1=2 a1 a2 a1"},
		{"a refresh repeated at once gives the same pair", "c=1 a1 r1=2 r1=2 a2"},
		{"a refresh repeated after 10 s gives another pair", "c=1 a1 r1=2 +10s r1=3 a2! r2! a3"},
		{"a lost answer never locks the partner out", "c=1 +1m c=2 +1m c=3 r3=4 +1m r3=5 +1m r3=6 a6 r6=7 a7"},
		{"a spent refresh token revokes the family", "c=1 a1 r1=2 a2 r1! a2! r2! a1!"},
		{"a refresh token of long ago revokes the family", "c=1 r1=2 r2=3 r3=4 r4=5 r1! r5! a5!"},
		{"an unused successor leaves the code's own pair alone", "c=1 a1 r1=2 c! a1! r2!"},
		{"an access token that was first used late spends then", "c=1 +30m a1 c! r1!"},
		{"an access token of an older pair spends nothing", "c=1 r1=2 a1 r1=2 +10s r1=3 a3"},
		{"a code expires after 7 days", "+167h59m c=1 a1"},
		{"a code is no good at 7 days", "+168h c!"},
		{"an expired code is not repeated", "+167h59m c=1 +2m c! a1"},
		{"an access token expires after an hour", "c=1 a1 +59m59s a1 +1s a1! r1=2 a2"},
		{"a refresh token expires after 30 idle days", "c=1 a1 +719h59m r1=2 +720h r2!"},
		{"a spent token that expired is still reuse", "c=1 a1 r1=2 a2 +700h r2=3 a3 +30h r1! r3!"},
		{"a family ends after a year however busy", "c=1 " + strings.Repeat("a +600h r ", 14) + "+361h r!"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, _, clock, c := newHouse(t)
			play(t, d, clock, c, tt.script)
		})
	}
}

func play(t *testing.T, d *Desk, clock *handClock, c Credentials, script string) {
	t.Helper()
	code := newCode(t, d, acme)
	var pairs []Pair
	for word := range strings.FieldsSeq(script) {
		if pause, ok := strings.CutPrefix(word, "+"); ok {
			length, err := time.ParseDuration(pause)
			if err != nil {
				t.Fatalf("%q: %v", word, err)
			}
			clock.pass(length)
			continue
		}
		word, refused := strings.CutSuffix(word, "!")
		step, want, _ := strings.Cut(word, "=")
		number := len(pairs) // the newest, when the step names none
		if len(step) > 1 {
			number = int(step[1] - '0')
		}
		if step[0] == 'a' {
			// A second desk has no memory of whom it let in.
			other := NewDesk(d.store, d.keys, clock.Now)
			if err := use(other, c, pairs[number-1].AccessToken); (err != nil) != refused {
				t.Fatalf("%s in %q: error %v", word, script, err)
			}
			continue
		}
		credential := code
		if step[0] == 'r' {
			credential = pairs[number-1].RefreshToken
		}
		pair, err := d.Exchange(ctx, grantOf(credential))
		if refused {
			wantFault(t, word+" in "+script, err, fault.GrantInvalid)
			continue
		}
		if err != nil {
			t.Fatalf("%s in %q: %v", word, script, err)
		}
		if len(pairs) == 0 || pair != pairs[len(pairs)-1] {
			pairs = append(pairs, pair)
		}
		if want != "" && want != string(rune('0'+len(pairs))) {
			t.Fatalf("%s in %q gave pair %d", word, script, len(pairs))
		}
	}
}

func TestTheSealedPairIsGoneOnceItIsUsed(t *testing.T) {
	d, store, _, c := newHouse(t)
	mustUse(t, d, c, mustExchange(t, d, newCode(t, d, acme)).AccessToken)
	for _, f := range store.families {
		if f.Replay != "" {
			t.Error("the pair is kept, sealed, after its first use")
		}
	}
}

func TestAPairSaysWhenItsAccessTokenExpires(t *testing.T) {
	d, _, clock, _ := newHouse(t)
	code := newCode(t, d, acme)
	pair := mustExchange(t, d, code)
	if want := clock.Now().Add(time.Hour).Truncate(time.Microsecond); !pair.Expires.Equal(want) {
		t.Errorf("Expires = %v; want %v", pair.Expires, want)
	}
	clock.pass(5 * time.Second)
	if again := mustExchange(t, d, code); again != pair {
		t.Error("the repeat within 10 s is not the same pair")
	}
}

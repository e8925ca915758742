package push

import (
	"testing"
	"time"
)

// middle is a delay without jitter.
const middle = 0.5

func TestEighteenAttemptsInThreeDays(t *testing.T) {
	want := []string{
		"1s", "5s", "30s", "2m0s", "10m0s", "30m0s", "1h0m0s", "2h0m0s", "4h0m0s",
		"8h0m0s", "8h0m0s", "8h0m0s", "8h0m0s", "8h0m0s", "8h0m0s", "8h0m0s", "8h0m0s",
	}
	var total time.Duration
	attempt := 1
	for ; ; attempt++ {
		v := judge(attempt, Answer{Status: 500}, middle)
		if v.delivered {
			t.Fatalf("attempt %d counts as delivered", attempt)
		}
		if v.again == 0 {
			break
		}
		if attempt > len(want) || v.again.String() != want[attempt-1] {
			t.Fatalf("after attempt %d: %v; want %v", attempt, v.again, want)
		}
		total += v.again
	}
	if hours := total.Hours(); attempt != 18 || hours < 71.6 || hours > 71.8 {
		t.Errorf("%d attempts in %.1f h; want 18 in 71.7 h", attempt, hours)
	}
}

func TestWhatFollowsFromAnAnswer(t *testing.T) {
	for _, tt := range []struct {
		name    string
		attempt int
		answer  Answer
		want    verdict
	}{
		{"200 is received", 1, Answer{Status: 200}, verdict{delivered: true}},
		{"204 is received", 18, Answer{Status: 204}, verdict{delivered: true}},
		{"299 is received", 1, Answer{Status: 299}, verdict{delivered: true}},
		{"410 ends it at once", 1, Answer{Status: 410}, verdict{}},
		{"no answer is tried again", 1, Answer{}, verdict{again: time.Second}},
		{"a redirect is tried again", 2, Answer{Status: 307}, verdict{again: 5 * time.Second}},
		{"not modified is tried again", 1, Answer{Status: 304}, verdict{again: time.Second}},
		{"401 is tried as long as 500", 10, Answer{Status: 401}, verdict{again: 8 * time.Hour}},
		{"403 is tried as long as 500", 10, Answer{Status: 403}, verdict{again: 8 * time.Hour}},
		{"404 is tried as long as 500", 17, Answer{Status: 404}, verdict{again: 8 * time.Hour}},
		{"503 has 18 attempts", 18, Answer{Status: 503}, verdict{}},
		{"a status beyond all is tried again", 1, Answer{Status: 999}, verdict{again: time.Second}},
		{"400, first", 1, Answer{Status: 400}, verdict{again: 5 * time.Second}},
		{"413, second", 2, Answer{Status: 413}, verdict{again: 30 * time.Second}},
		{"422, third", 3, Answer{Status: 422}, verdict{again: 2 * time.Minute}},
		{"400, fourth", 4, Answer{Status: 400}, verdict{again: 10 * time.Minute}},
		{"400 has 5 attempts", 5, Answer{Status: 400}, verdict{}},
		{"400 after many others", 12, Answer{Status: 400}, verdict{}},
		{"Retry-After that is longer is kept", 1, Answer{Status: 429, RetryAfter: time.Minute}, verdict{again: time.Minute}},
		{"Retry-After that is shorter hastens nothing", 10, Answer{Status: 503, RetryAfter: time.Minute}, verdict{again: 8 * time.Hour}},
		{"Retry-After does not revive", 18, Answer{Status: 503, RetryAfter: time.Minute}, verdict{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := judge(tt.attempt, tt.answer, middle); got != tt.want {
				t.Errorf("judge(%d, %+v) = %+v; want %+v", tt.attempt, tt.answer, got, tt.want)
			}
		})
	}
}

func TestARefusalHasThirteenMinutes(t *testing.T) {
	var total time.Duration
	attempts := 1
	for v := judge(1, Answer{Status: 422}, middle); v.again > 0; v = judge(attempts, Answer{Status: 422}, middle) {
		total += v.again
		attempts++
	}
	if attempts != 5 || total < 12*time.Minute || total > 13*time.Minute {
		t.Errorf("%d attempts in %v; want 5 in about 13 minutes", attempts, total)
	}
}

func TestDelaysStrayByAFifth(t *testing.T) {
	for _, tt := range []struct{ stray, want float64 }{{0, 0.8}, {0.25, 0.9}, {middle, 1}, {1, 1.2}} {
		want := time.Duration(tt.want * float64(time.Hour))
		got := judge(7, Answer{}, tt.stray).again
		if diff := (got - want).Abs(); diff > time.Millisecond {
			t.Errorf("judge(7, no answer, %v) = %v; want %v", tt.stray, got, want)
		}
	}
}

package push

import (
	"net/http"
	"time"
)

// after are the delays after the first, second, … attempt that failed: 18
// attempts within three days.
var after = []time.Duration{
	time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour,
	8 * time.Hour, 8 * time.Hour, 8 * time.Hour, 8 * time.Hour, 8 * time.Hour, 8 * time.Hour, 8 * time.Hour, 8 * time.Hour,
}

// afterRefusal are the delays after answers that say the message itself is
// wrong: 5 attempts within 13 minutes, in case the receiver is.
var afterRefusal = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}

// jitter is how far a delay strays to either side, so that messages which failed
// together do not come again together.
const jitter = 0.2

// A verdict is what follows from an attempt.
type verdict struct {
	delivered bool
	again     time.Duration // 0: never
}

// judge says what follows from the attempt of this number, the first is 1.
// luck is where within the jitter this delay falls, 0 to 1.
func judge(attempt int, a Answer, luck float64) verdict {
	delays := after
	switch {
	case a.Status >= 200 && a.Status < 300:
		return verdict{delivered: true}
	case a.Status == http.StatusGone:
		return verdict{}
	case a.Status == http.StatusBadRequest, a.Status == http.StatusRequestEntityTooLarge, a.Status == http.StatusUnprocessableEntity:
		delays = afterRefusal
	}
	if attempt > len(delays) {
		return verdict{}
	}
	return verdict{again: max(stray(delays[attempt-1], luck), a.RetryAfter)}
}

// stray is a delay that differs by chance, which is between 0 and 1: those that began
// together do not come again together.
func stray(delay time.Duration, luck float64) time.Duration {
	return time.Duration(float64(delay) * (1 - jitter + 2*jitter*luck))
}

// class is the kind of an answer in three characters.
func class(a Answer) string {
	switch a.Status / 100 {
	case 2:
		return "2xx"
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	case 5:
		return "5xx"
	case 0:
		return "unreached"
	}
	return "other"
}

// met is an answer as operators read it.
func met(a Answer) string {
	if a.Said == "" {
		return class(a)
	}
	return class(a) + " " + a.Said
}

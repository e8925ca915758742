package files

import (
	"strconv"
	"testing"
)

func TestASetKnowsWhatItHas(t *testing.T) {
	const many = 50_000
	s := newSet()
	for n := range many {
		if !s.add(strconv.Itoa(n)) {
			t.Fatalf("%d is not new", n)
		}
	}
	for n := range many {
		if s.add(strconv.Itoa(n)) || !s.has(strconv.Itoa(n)) {
			t.Fatalf("%d was forgotten", n)
		}
		if other := strconv.Itoa(many + n); s.has(other) {
			t.Fatalf("%s was never there", other)
		}
	}
	if bytes := 8 * len(s.slots) / many; bytes > 22 {
		t.Errorf("a text takes %d bytes; want at most 22", bytes)
	}
}

func TestASeatIsTakenOnce(t *testing.T) {
	var seats taken
	for _, n := range []int32{0, 63, 64, 200, 5} {
		if !seats.take(n) {
			t.Errorf("seat %d was taken before", n)
		}
		if seats.take(n) {
			t.Errorf("seat %d was taken twice", n)
		}
	}
}

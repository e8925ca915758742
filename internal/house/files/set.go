package files

import "hash/maphash"

// A set remembers texts by 64 bits of each, in 11 to 22 bytes. That two of a
// million texts have the same 64 bits happens once in thirty million checks, and
// not in the next one, for the seed is another.
type set struct {
	seed  maphash.Seed
	slots []uint64 // 0 is free
	count int
}

func newSet() *set { return &set{seed: maphash.MakeSeed(), slots: make([]uint64, 1<<10)} }

func (s *set) mark(text string) uint64 {
	if h := maphash.String(s.seed, text); h != 0 {
		return h
	}
	return 1
}

// add reports whether the text is new.
func (s *set) add(text string) bool {
	if s.count >= len(s.slots)/4*3 {
		s.grow()
	}
	h := s.mark(text)
	slot, found := s.find(h)
	if found {
		return false
	}
	s.slots[slot] = h
	s.count++
	return true
}

func (s *set) has(text string) bool {
	_, found := s.find(s.mark(text))
	return found
}

// find returns where the mark is, or where it would be.
func (s *set) find(h uint64) (slot int, found bool) {
	mask := uint64(len(s.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case h:
			return int(i), true
		case 0:
			return int(i), false
		}
	}
}

func (s *set) grow() {
	old := s.slots
	s.slots = make([]uint64, 2*len(old))
	for _, h := range old {
		if h != 0 {
			slot, _ := s.find(h)
			s.slots[slot] = h
		}
	}
}

package boxoffice

import "fmt"

// A shelf holds the rows of one kind as they stand now, and what it takes to undo
// the layers of changes that are not yet kept. Rows are never changed in place, so
// a pointer to one stays what it was.
type shelf[K comparable, V any] struct {
	slots  map[K]*slot[V]
	undo   []undone[V] // the newest change last
	layers []int       // how long undo was when each layer began
}

// A slot is a row that was looked for; row is nil where there is none.
type slot[V any] struct {
	row     *V
	changed bool
	act     int // the last act that named it
}

// undone is how a slot stood before a change.
type undone[V any] struct {
	slot    *slot[V]
	row     *V
	changed bool
}

// name says that an act asks for these rows.
func (s *shelf[K, V]) name(keys []K, act int) {
	for _, k := range keys {
		s.slot(k).act = act
	}
}

// slot is the place of a row, whether there is one or not.
func (s *shelf[K, V]) slot(k K) *slot[V] {
	found := s.slots[k]
	if found == nil {
		if s.slots == nil { // most shelves stay empty
			s.slots = map[K]*slot[V]{}
		}
		found = &slot[V]{}
		s.slots[k] = found
	}
	return found
}

// load puts up the rows that there are, each under its key.
func (s *shelf[K, V]) load(rows []V, key func(*V) K) {
	if len(rows) == 0 {
		return
	}
	s.slots = make(map[K]*slot[V], len(rows))
	slots := make([]slot[V], len(rows))
	for i := range rows {
		slots[i].row = &rows[i]
		s.slots[key(&rows[i])] = &slots[i]
	}
}

// at returns a row as it stands now, for an act that named it.
func (s *shelf[K, V]) at(k K, act int) (v V, ok bool) {
	found := s.slots[k]
	if found == nil || found.act != act {
		panic(fmt.Sprintf("act reads %v, which its Needs do not name", k))
	}
	if found.row == nil {
		return v, false
	}
	return *found.row, true
}

// lookup is at for keys that need no naming.
func (s *shelf[K, V]) lookup(k K) (v V, ok bool) {
	if found := s.slots[k]; found != nil && found.row != nil {
		return *found.row, true
	}
	return v, false
}

// now is lookup without a copy: nil where there is no row.
func (s *shelf[K, V]) now(k K) *V {
	if found := s.slots[k]; found != nil {
		return found.row
	}
	return nil
}

// put changes a row, in the newest layer, and returns where it now is.
func (s *shelf[K, V]) put(k K, v V) *V {
	found := s.slot(k)
	s.undo = append(s.undo, undone[V]{found, found.row, found.changed})
	found.row, found.changed = &v, true
	return &v
}

func (s *shelf[K, V]) push() { s.layers = append(s.layers, len(s.undo)) }

// pop ends the newest layer: its changes go to the one below, or are undone.
func (s *shelf[K, V]) pop(keep bool) {
	top := len(s.layers) - 1
	began := s.layers[top]
	s.layers = s.layers[:top]
	if keep && top > 0 {
		return
	}
	if !keep {
		for i := len(s.undo) - 1; i >= began; i-- {
			was := s.undo[i]
			was.slot.row, was.slot.changed = was.row, was.changed
		}
	}
	s.undo = s.undo[:began]
}

// altered are the rows that are other ones than were loaded, in no order.
func (s *shelf[K, V]) altered() []*V {
	var rows []*V
	for _, each := range s.slots {
		if each.changed {
			rows = append(rows, each.row)
		}
	}
	return rows
}

// changed are the same, by value.
func (s *shelf[K, V]) changed() []V {
	var rows []V
	for _, row := range s.altered() {
		rows = append(rows, *row)
	}
	return rows
}

package boxoffice

import (
	"fmt"
	"slices"
)

// A shelf holds the rows of one kind: as loaded, and layers of changes on top.
type shelf[K comparable, V any] struct {
	loaded map[K]*slot[V]
	layers []map[K]V
	kept   map[K]V // what the acts that went through changed
}

// A slot is a row that was looked for; row is nil where there is none.
type slot[V any] struct {
	row *V
	act int // the last act that named it
}

func newShelf[K comparable, V any]() shelf[K, V] {
	return shelf[K, V]{loaded: map[K]*slot[V]{}, kept: map[K]V{}}
}

// name says that an act asks for these rows.
func (s *shelf[K, V]) name(keys []K, act int) {
	for _, k := range keys {
		if found := s.loaded[k]; found != nil {
			found.act = act
			continue
		}
		s.loaded[k] = &slot[V]{act: act}
	}
}

func (s *shelf[K, V]) load(k K, row *V) { s.loaded[k] = &slot[V]{row: row} }

// at returns a row as the newest layer has it, for an act that named it.
func (s *shelf[K, V]) at(k K, act int) (v V, ok bool) {
	found := s.loaded[k]
	if found == nil || found.act != act {
		panic(fmt.Sprintf("act reads %v, which its Needs do not name", k))
	}
	return s.lookup(k)
}

// lookup is at for keys that need no naming.
func (s *shelf[K, V]) lookup(k K) (v V, ok bool) {
	for _, layer := range slices.Backward(s.layers) {
		if v, ok := layer[k]; ok {
			return v, true
		}
	}
	if v, ok := s.kept[k]; ok {
		return v, true
	}
	if found := s.loaded[k]; found != nil && found.row != nil {
		return *found.row, true
	}
	return v, false
}

func (s *shelf[K, V]) put(k K, v V) {
	top := len(s.layers) - 1
	if s.layers[top] == nil {
		s.layers[top] = map[K]V{} // most layers of most shelves stay empty
	}
	s.layers[top][k] = v
}

func (s *shelf[K, V]) push() { s.layers = append(s.layers, nil) }

// pop ends the newest layer: its rows go to the one below, or nowhere.
func (s *shelf[K, V]) pop(keep bool) {
	top := len(s.layers) - 1
	rows := s.layers[top]
	s.layers = s.layers[:top]
	if !keep {
		return
	}
	for k, v := range rows {
		if top == 0 {
			s.kept[k] = v
			continue
		}
		s.put(k, v)
	}
}

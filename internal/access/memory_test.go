package access

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// memory is a Store in memory, by the letter of its comments.
type memory struct {
	mu         sync.Mutex
	enrolments map[ApplicationID]Enrolment
	families   map[string]Family // Head is the newest pair
	pairs      map[string]map[int64]Head
	standings  int // how often Standing was asked
	failing    error
}

func newMemory() *memory {
	return &memory{
		enrolments: map[ApplicationID]Enrolment{},
		families:   map[string]Family{},
		pairs:      map[string]map[int64]Head{},
	}
}

// clone is the same store at this moment, for trying things out.
func (m *memory) clone() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newMemory()
	for id, e := range m.enrolments {
		c.enrolments[id] = copyOf(e)
	}
	maps.Copy(c.families, m.families)
	for id, pairs := range m.pairs {
		c.pairs[id] = maps.Clone(pairs)
	}
	return c
}

func copyOf(e Enrolment) Enrolment {
	e.Channels, e.Organizations, e.Keys = slices.Clone(e.Channels), slices.Clone(e.Organizations), slices.Clone(e.Keys)
	e.CallbackHosts = slices.Clone(e.CallbackHosts)
	return e
}

func (m *memory) Standing(_ context.Context, shown Shown) (Standing, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.standings++
	if m.failing != nil {
		return Standing{}, m.failing
	}
	var s Standing
	if f, by, ok := m.named(shown.Access); ok {
		f.Head, f.Replay = Head{}, ""
		s.Family, s.Token = f, by
	}
	e := m.enrolments[shown.Application]
	s.Application, s.Organizations, s.CallbackHosts, s.Rate = e.Application, slices.Clone(e.Organizations), slices.Clone(e.CallbackHosts), e.Rate
	for _, e := range m.enrolments {
		if slices.Contains(e.Channels, shown.Channel) {
			s.ChannelOf = e.Application
		}
		for _, k := range e.Keys {
			if k.ID == shown.Key {
				s.Key, s.KeyOf = k, e.Application
			}
		}
	}
	return s, nil
}

// named finds what a hash stands for. The caller holds the lock.
func (m *memory) named(hash Hash) (Family, Mark, bool) {
	for id, f := range m.families {
		f.Present = m.enrolments[f.Application].Epoch
		if f.Code == hash {
			return f, Mark{0, f.CodeExpires}, true
		}
		for generation, p := range m.pairs[id] {
			if p.Access == hash {
				return f, Mark{generation, p.AccessExpires}, true
			}
			if p.Refresh == hash {
				return f, Mark{generation, p.RefreshExpires}, true
			}
		}
	}
	return Family{}, Mark{}, false
}

func (m *memory) Family(_ context.Context, hash Hash, change func(*Family, Mark) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failing != nil {
		return m.failing
	}
	f, by, ok := m.named(hash)
	if !ok {
		return ErrNoFamily
	}
	// A store may run change twice: what the first run did must not show.
	first := f
	if err := change(&first, by); err != nil {
		return err
	}
	if err := change(&f, by); err != nil {
		return err
	}
	m.families[f.ID] = f
	if f.Generation > 0 {
		if m.pairs[f.ID] == nil {
			m.pairs[f.ID] = map[int64]Head{}
		}
		m.pairs[f.ID][f.Generation] = f.Head
		delete(m.pairs[f.ID], f.Generation-KeptPairs)
	}
	return nil
}

func (m *memory) Enrolment(_ context.Context, id ApplicationID, change func(*Enrolment) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failing != nil {
		return m.failing
	}
	first, e := copyOf(m.enrolments[id]), copyOf(m.enrolments[id])
	if err := change(&first); err != nil {
		return err
	}
	if err := change(&e); err != nil {
		return err
	}
	for other, o := range m.enrolments {
		for _, channel := range e.Channels {
			if other != id && slices.Contains(o.Channels, channel) {
				return ErrChannelTaken
			}
		}
	}
	for _, f := range e.Codes {
		m.families[f.ID] = f
	}
	e.Codes = nil
	m.enrolments[id] = e
	return nil
}

func (m *memory) Enrolments(context.Context) ([]Enrolment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Enrolment
	for _, e := range m.enrolments {
		all = append(all, copyOf(e))
	}
	slices.SortFunc(all, func(a, b Enrolment) int { return cmp.Compare(a.Application, b.Application) })
	return all, m.failing
}

func (m *memory) Tidy(_ context.Context, now, replays time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, f := range m.families {
		if f.KeepUntil.Before(now) {
			delete(m.families, id)
			delete(m.pairs, id)
			continue
		}
		if f.Issued.Before(replays) {
			f.Replay = ""
		}
		m.families[id] = f
		maps.DeleteFunc(m.pairs[id], func(_ int64, p Head) bool { return p.RefreshExpires.Before(now) })
	}
	return nil
}

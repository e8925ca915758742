package push

import (
	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A Status is what a seat message says of a seat (contract.md call 15).
type Status string

// The statuses.
const (
	Lock   Status = "LOCK"   // it can no longer be listed; active listings of it must go
	Unlock Status = "UNLOCK" // it is free again
)

// A View is the eyes a channel looks at seats with. What it holds by a lock of its
// own it may list, so of its own locks it hears nothing, unless it wants the echo.
type View struct {
	Channel access.Channel
	Echo    bool
}

// Of is how a ticket that stands like this is told to the channel.
func (v View) Of(s boxoffice.Standing) Status {
	own := s.Hold == boxoffice.HoldLock && s.By == string(v.Channel) && !v.Echo
	if s.Void || s.Closed || s.Hold != boxoffice.Free && !own {
		return Lock
	}
	return Unlock
}

// tells reports whether a row of the journal has anything to say to those who hear
// of events: name, dates, times, facility, or its being on the secondary market
// changed, or it is new. A later load brings tickets alone.
func tells(c boxoffice.Change) bool {
	switch {
	case c.What == boxoffice.Loaded:
		return c.Version == 1
	case c.Was == nil || c.Is == nil: // it does not say how it was
		return true
	}
	return !c.Was.Same(*c.Is)
}

// A Word is what one change makes a seat say: LOCK where it may no longer be listed
// or another owner has it, and then UNLOCK where it may be listed again.
type Word struct {
	Anew   bool   // the owner changed: LOCK goes before, whatever the status
	Status Status // how it stands in the end
}

// Hear is a function of two successive states alone. It returns false where the
// channel need not know.
func (v View) Hear(before, after boxoffice.Standing) (Word, bool) {
	w := Word{Anew: before.Owner != after.Owner, Status: v.Of(after)}
	return w, w.Anew || w.Status != v.Of(before)
}

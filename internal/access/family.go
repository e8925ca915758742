package access

import "time"

// How long credentials live (contract.md §2, call 1).
const (
	codeLife    = 7 * 24 * time.Hour
	accessLife  = time.Hour
	refreshLife = 30 * 24 * time.Hour
	familyLife  = 365 * 24 * time.Hour

	// replayFor is how long a repeat gets the same pair. It covers clients that
	// refresh from two threads at once.
	replayFor = 10 * time.Second
)

// A Family is a code and all the pairs that came of it, one after the other.
// The code is generation 0, the first pair 1, the pair its refresh token gave
// 2, and so on. A credential is spent when the pair it gave is first used, not
// when that pair is issued: otherwise a partner whose answer was lost on the
// way would be locked out.
//
//	            first exchange              pair used
//	code (0) ──────────────────▶ 1, unused ───────────▶ 1, used ──▶ 2, unused ─▶ …
//	                              │      ▲                 │
//	                              └──────┘                 │ code or refresh token of
//	                        code again: the same pair      │ an earlier generation
//	                        within 10 s, then another      ▼
//	                        in its place                revoked, with all pairs
type Family struct {
	ID          string
	Application ApplicationID
	Epoch       int64 // the application's when the code was issued
	Present     int64 // the application's now; not the family's, never saved

	Code        Hash
	CodeExpires time.Time

	Ends       time.Time // a year after the first exchange; zero before
	Revoked    time.Time // zero while it is not
	Generation int64     // of the newest pair; 0 before the first exchange
	Used       bool      // whether the newest pair was used
	Issued     time.Time // when the newest pair was
	Replay     string    // the newest pair, sealed; "" once used
	Head       Head      // the newest pair; zero at generation 0
	KeepUntil  time.Time // nothing of the family is good any more after it
}

// A Head is a pair of tokens as it is kept.
type Head struct {
	Access, Refresh               Hash
	AccessExpires, RefreshExpires time.Time
}

// newFamily begins a family with a code.
func newFamily(id string, code Hash, e *Enrolment, now time.Time) Family {
	expires := now.Add(codeLife)
	return Family{
		ID: id, Application: e.Application, Epoch: e.Epoch, Present: e.Epoch,
		Code: code, CodeExpires: expires, KeepUntil: expires,
	}
}

// dead reports whether the family, or everything its application had, was revoked.
func (f *Family) dead() bool { return !f.Revoked.IsZero() || f.Epoch != f.Present }

// fresh reports whether the pair of by is the newest and was not used yet.
func (f *Family) fresh(by Mark) bool { return by.Generation == f.Generation && !f.Used }

// A step is what becomes of a credential shown for exchange.
type step uint8

const (
	refuse  step = iota // it is dead or expired; nothing changes
	advance             // it is the newest: the next pair follows
	repeat              // the pair it gave is not used yet: the same, or another in its place
	reuse               // it is spent: the family is revoked
)

// next judges a code or refresh token. A spent one is reuse even when it has
// expired since.
func (f *Family) next(by Mark, now time.Time) step {
	newest := by.Generation == f.Generation
	repeated := by.Generation == f.Generation-1 && !f.Used
	switch {
	case f.dead():
		return refuse
	case !newest && !repeated:
		return reuse
	case !now.Before(by.Expires):
		return refuse
	case newest:
		return advance
	}
	return repeat
}

// issue makes a pair of tokens with these hashes the newest one, not used yet:
// the next generation, or in place of the newest. Replay is left empty.
func (f *Family) issue(s step, access, refresh Hash, now time.Time) {
	if s == advance {
		f.Generation++
	}
	if f.Ends.IsZero() {
		f.Ends = now.Add(familyLife)
	}
	f.Head = Head{
		Access: access, AccessExpires: earlier(now.Add(accessLife), f.Ends),
		Refresh: refresh, RefreshExpires: earlier(now.Add(refreshLife), f.Ends),
	}
	f.Used, f.Issued, f.Replay, f.KeepUntil = false, now, "", f.Head.RefreshExpires
}

// use spends what gave the newest pair.
func (f *Family) use() { f.Used, f.Replay = true, "" }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

package boxoffice

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// A Repeat says how a request is known again when it is sent a second time: then
// it gets the answer it got, and does nothing (docs/adr/0007). The zero Repeat
// names nothing, and nothing is kept.
//
// A record is written in the transaction of what the request did, and is good
// for AnswersFor. A request of which nothing succeeded leaves none, and its repeat
// is tried again. By RequestID only the very same request is found; an
// IdempotencyKey that comes with another one is fault.IdempotencyKeyReused, and
// while the first is under way in this process fault.IdempotencyKeyInUse. A twin
// under way anywhere else is waited for.
type Repeat[A any] struct {
	Path           string // what was called, whatever the method
	RequestID      string // "" where it names nothing
	IdempotencyKey string // "" where none was sent
	Asked          string // a hash of all that was asked
	// Words is the answer as it is to be said again; nil says that nothing of what
	// was asked succeeded. It runs within the act, and touches nothing.
	Words func(A) []byte
}

// A Replay is the error that carries the answer of a request that was answered
// before. Nothing was done this time.
type Replay struct{ Words []byte }

// Error tells what it is.
func (*Replay) Error() string { return "the request was answered before" }

// AnswersFor is how long an answer is given again.
const AnswersFor = 7 * 24 * time.Hour

// An AnswerKey is the name of a request, hashed: its application, its path, and
// what names it.
type AnswerKey string

// An Answer is the record of what a request was told.
type Answer struct {
	Key         AnswerKey
	Application access.ApplicationID
	Asked       string // hash of what was asked, and by which channel
	Words       []byte
	At          time.Time
}

// gone reports whether the record counts no more.
func (a Answer) gone(now time.Time) bool { return !now.Before(a.At.Add(AnswersFor)) }

// once does an act whose request may be repeated. answer is the act's own.
func once[A any](ctx context.Context, o *Office, who access.Principal, act Act, r Repeat[A], answer func() A) error {
	if r.RequestID == "" && r.IdempotencyKey == "" {
		return o.store.Do(ctx, act)
	}
	asked := hashOf(string(who.Channel), r.Asked)
	var keys []AnswerKey
	if r.IdempotencyKey != "" {
		key := answerKey(who, r.Path, "key", r.IdempotencyKey)
		if _, running := o.running.LoadOrStore(key, true); running {
			return fault.IdempotencyKeyInUse
		}
		defer o.running.Delete(key)
		keys = append(keys, key)
	}
	if r.RequestID != "" {
		keys = append(keys, answerKey(who, r.Path, "request", r.RequestID, asked))
	}
	return o.store.Do(ctx, &remembered{
		act: act, keys: keys, application: who.Application, asked: asked, words: func() []byte { return r.Words(answer()) },
	})
}

// answerKey always has the application in it: nobody is told what another one
// was.
func answerKey(who access.Principal, parts ...string) AnswerKey {
	for i, part := range parts {
		parts[i] = strconv.Quote(part) // so that none runs into the next
	}
	return AnswerKey(hashOf(append([]string{string(who.Application)}, parts...)...))
}

// A remembered act looks for the answer to its request before it does anything,
// and keeps the one it comes to.
type remembered struct {
	act         Act
	keys        []AnswerKey // that of the Idempotency-Key first
	application access.ApplicationID
	asked       string
	words       func() []byte
}

func (r *remembered) Needs() Needs {
	needs := r.act.Needs()
	needs.Answers = r.keys
	return needs
}

func (r *remembered) Decide(b *Books) error {
	for _, key := range r.keys {
		kept, ok := b.Answer(key)
		switch {
		case !ok:
		case kept.Asked != r.asked:
			return fault.IdempotencyKeyReused
		default:
			return &Replay{Words: kept.Words}
		}
	}
	if err := r.act.Decide(b); err != nil {
		return err
	}
	words := r.words()
	if words == nil {
		return nil
	}
	for _, key := range r.keys {
		b.Keep(Answer{Key: key, Application: r.application, Asked: r.asked, Words: words, At: b.Now})
	}
	return nil
}

// replayed are the words of a Replay, false where err is none.
func replayed(err error) (string, bool) {
	before, ok := errors.AsType[*Replay](err)
	if !ok {
		return "", false
	}
	return string(before.Words), true
}

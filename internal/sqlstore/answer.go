package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

const (
	loadAnswers = `
SELECT key, application, asked, words, at
FROM answer
WHERE key {in $1}`

	// A record that is too old makes room; one that counts is never written over.
	saveAnswers = `
INSERT INTO answer (key, application, asked, words, at)
SELECT r.key, r.application, r.asked, r.words, r.at
FROM {rows $2 key text, application text, asked text, words text, at bigint}
WHERE true
ON CONFLICT (key) DO UPDATE SET application = excluded.application, asked = excluded.asked, words = excluded.words, at = excluded.at
WHERE answer.at <= $1`
)

func (s *Store) readAnswer(r row) (boxoffice.Answer, error) {
	a := boxoffice.Answer{
		Key: boxoffice.AnswerKey(r.text(0)), Application: access.ApplicationID(r.text(1)), Asked: r.text(2), At: instant(r.int(4)),
	}
	var err error
	if a.Words, err = s.keys.Open(answerPurpose, r.text(3)); err != nil {
		return a, fmt.Errorf("answer: %w", err)
	}
	return a, nil
}

func (s *Store) answerRows(kept []boxoffice.Answer) table {
	slices.SortFunc(kept, func(a, b boxoffice.Answer) int { return cmp.Compare(a.Key, b.Key) })
	var rows table
	for _, a := range kept {
		rows.row().text(string(a.Key)).text(string(a.Application)).text(a.Asked).text(s.keys.Seal(answerPurpose, a.Words)).int(micros(a.At))
	}
	return rows
}

// answerPurpose seals answers: they tell of persons, and of the secret addresses
// of tickets.
const answerPurpose = "answer"

// lastGone is when the youngest record was written that counts no more.
func lastGone(now time.Time) time.Time { return now.Add(-boxoffice.AnswersFor) }

// TidyAnswers drops the records of answers that count no more, in steps as Tidy
// does.
func (s *Store) TidyAnswers(ctx context.Context) error {
	const drop = `
DELETE FROM answer
WHERE key IN (SELECT key FROM answer WHERE at <= $1 ORDER BY at LIMIT $2 {skip})
RETURNING key`
	return s.forget(ctx, drop, boxoffice.AnswersFor)
}

// forget drops rows that are older than an age, in steps, by a statement that takes
// the instant and how many.
func (s *Store) forget(ctx context.Context, drop string, age time.Duration) error {
	var now time.Time
	err := s.alone(ctx, func(ctx context.Context, tx session) (err error) {
		now, err = s.clockIn(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	return s.inSteps(ctx, drop, now.Add(-age))
}

package sqlstore

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// answersLate is how much longer than it counts a record may lie about: a server
// that did not run for long drops it within a minute of its start.
const answersLate = 24 * time.Hour

// answers checks what there is of the answers to requests. What they say is
// sealed.
func (a *auditor) answers(ctx context.Context) error {
	const answers = `
SELECT a.key, a.application, p.id, a.asked = '' OR a.words = '', a.at, (SELECT COALESCE(MAX(at), 0) FROM batch)
FROM answer AS a LEFT JOIN application AS p ON p.id = a.application`
	return a.ask(ctx, answers, nil, func(r row) error {
		a.look(1, "I15")
		key, at, last := r.text(0), instant(r.int(4)), instant(r.int(5))
		if r.null(2) && access.ApplicationID(r.text(1)) != boxoffice.Visitors {
			a.find("I15", key, "answers an application that nobody knows, %q", r.text(1))
		}
		if r.flag(3) {
			a.find("I15", key, "answers nothing, or says nothing")
		}
		if at.After(last) {
			a.find("I15", key, "is of %v, and the last batch of %v", at, last)
		}
		if last.Sub(at) > boxoffice.AnswersFor+answersLate {
			a.find("I15", key, "is of %v and counts no more since %v", at, at.Add(boxoffice.AnswersFor))
		}
		return nil
	})
}

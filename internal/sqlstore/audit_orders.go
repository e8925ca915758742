package sqlstore

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// longestWait is how long an order may be pending when no operator is waited for
// (reliability.md §7.2).
const longestWait = 15 * time.Minute

// waited compares an order's state with what it waited for and how that ended.
func (a *auditor) waited(o booked) {
	decided, waits := !o.Verdict.At.IsZero(), o.Wait != boxoffice.NoWait
	switch o.Wait {
	case boxoffice.NoWait, boxoffice.WaitReview, boxoffice.WaitComplete, boxoffice.WaitError:
	default:
		a.find("I17", o.key, "waits for nobody knows what, %q", o.Wait)
	}
	switch o.State {
	case boxoffice.OrderPending:
		if decided || !waits || len(o.Refused) > 0 {
			a.find("I17", o.key, "is pending and waits for %q, with a verdict %t and %d reasons against it", o.Wait, decided, len(o.Refused))
		}
		a.waits(o)
	case boxoffice.OrderFailed:
		if !decided || !waits || len(o.Refused) == 0 {
			a.find("I17", o.key, "ended in ERROR after it waited for %q, with a verdict %t and %d reasons against it", o.Wait, decided, len(o.Refused))
		}
	case boxoffice.OrderComplete:
		if decided != waits || decided && !o.Verdict.Approved || len(o.Refused) > 0 {
			a.find("I17", o.key, "is complete after it waited for %q, approved %t, with %d reasons against it", o.Wait, o.Verdict.Approved, len(o.Refused))
		}
	}
	if o.CallBack && !waits {
		a.find("I18", o.key, "is to be told of, and never waited")
	}
}

// waits checks that a pending order comes to its end by itself, or by the operator.
func (a *auditor) waits(o booked) {
	if o.Wait == boxoffice.WaitReview {
		return
	}
	if since := a.now.Sub(o.At); since > longestWait {
		a.find("I17", o.key, "is pending for %v", since.Truncate(time.Second))
	}
	if !o.task {
		a.find("I17", o.key, "is pending, and no task is there to end it")
	}
}

// callbacks checks that every partner who is owed an outcome gets it.
func (a *auditor) callbacks(ctx context.Context) error {
	const (
		tasks     = `SELECT DISTINCT subject FROM task WHERE kind = 'callback'`
		callbacks = `
SELECT c.process, c.channel, c.state, COALESCE(o.asked, 0), COALESCE(o.waiting, 0), COALESCE(o.asked_waiting, 0),
	COALESCE(o.lowest, ''), COALESCE(o.highest, '')
FROM callback AS c LEFT JOIN (
	SELECT process, MIN(channel) AS lowest, MAX(channel) AS highest,
		SUM(CASE WHEN call_back THEN 1 ELSE 0 END) AS asked,
		SUM(CASE state WHEN 'PENDING' THEN 1 ELSE 0 END) AS waiting,
		SUM(CASE WHEN call_back AND state = 'PENDING' THEN 1 ELSE 0 END) AS asked_waiting
	FROM (
		SELECT process, channel, call_back, state FROM orders
		UNION ALL SELECT process, channel, call_back, process_state FROM transfer WHERE process <> ''
	) AS p WHERE process IN (SELECT process FROM callback) GROUP BY process
) AS o ON o.process = c.process`
		unpromised = `
SELECT o.key FROM orders AS o LEFT JOIN callback AS c ON c.process = o.process WHERE o.call_back AND c.process IS NULL
UNION ALL
SELECT t.key FROM transfer AS t LEFT JOIN callback AS c ON c.process = t.process WHERE t.call_back AND c.process IS NULL`
	)
	busy := map[string]bool{}
	err := a.ask(ctx, tasks, nil, func(r row) error { busy[r.text(0)] = true; return nil })
	if err != nil {
		return err
	}
	err = a.ask(ctx, callbacks, nil, func(r row) error {
		a.look(1, "I18")
		process, channel, state := r.text(0), r.text(1), boxoffice.CallbackState(r.text(2))
		asked, waiting, askedWaiting := r.int(3), r.int(4), r.int(5)
		task := busy[process]
		delete(busy, process)
		switch state {
		case boxoffice.CallbackOwed:
			if waiting == 0 && !task {
				a.find("I18", process, "is decided and owes a callback, and no task is there to make it")
			}
		case boxoffice.CallbackDelivered, boxoffice.CallbackDead:
			if askedWaiting > 0 {
				a.find("I18", process, "has a callback that is %s, of %d orders that wait", state, askedWaiting)
			}
		default:
			a.find("I18", process, "has a callback in an unknown state, %q", state)
		}
		if asked == 0 {
			a.find("I18", process, "has a callback that no order asked for")
		} else if r.text(6) != channel || r.text(7) != channel {
			a.find("I18", process, "has a callback to channel %s, and is of channel %s", channel, r.text(6))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for process := range busy {
		a.find("I18", process, "has a task to call back, and nobody to call")
	}
	return a.ask(ctx, unpromised, nil, func(r row) error {
		a.find("I18", r.text(0), "is to be told of, and its process has no callback")
		return nil
	})
}

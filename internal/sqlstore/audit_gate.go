package sqlstore

import (
	"context"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// gates compares the tickets that are in with the scans that let them in, both
// ways.
func (a *auditor) gates(ctx context.Context) error {
	const (
		inside = `
SELECT t.token, t.hold_by, t.hold_since, COUNT(s.scan), COALESCE(MIN(s.gate), ''), COALESCE(MIN(s.at), 0)
FROM ticket AS t LEFT JOIN admission AS s ON s.token = t.token AND s.state = 'admitted'
WHERE t.hold = 'gate'
GROUP BY t.token, t.hold_by, t.hold_since`
		scans = `
SELECT s.scan, s.state, s.event, s.token, s.reason, COALESCE(t.event, ''), COALESCE(t.hold, '')
FROM admission AS s LEFT JOIN ticket AS t ON t.token = s.token`
	)
	err := a.ask(ctx, inside, nil, func(r row) error {
		a.look(1, "I38")
		token, scans := r.text(0), r.int(3)
		switch {
		case scans != 1:
			a.find("I38", token, "is in by %d scans", scans)
		case r.text(4) != r.text(1) || r.int(5) != r.int(2):
			a.find("I38", token, "is in by gate %q since %d, and its scan is of gate %q and %d", r.text(1), r.int(2), r.text(4), r.int(5))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.ask(ctx, scans, nil, func(r row) error {
		a.look(1, "I38", "I39")
		scan, state, token := r.text(0), boxoffice.ScanState(r.text(1)), r.text(3)
		switch state {
		case boxoffice.ScanInside:
			if r.text(6) != string(boxoffice.HoldGate) {
				a.find("I38", scan, "let ticket %s in, and no gate holds it (%q)", token, r.text(6))
			}
		case boxoffice.ScanLater, boxoffice.ScanUndone, boxoffice.ScanEnded:
		case boxoffice.ScanRefused:
			if r.text(4) == "" {
				a.find("I39", scan, "was refused for no reason")
			}
		default:
			a.find("I39", scan, "stands in an unknown state, %q", state)
		}
		if (token != "" || state != boxoffice.ScanRefused) && r.text(5) != r.text(2) {
			a.find("I39", scan, "is of event %s, and its ticket %q of %q", r.text(2), token, r.text(5))
		}
		return nil
	})
}

package main

import (
	"encoding/json"
	"fmt"

	"github.com/seatlink/seatlink/internal/sqlstore"
)

type auditCommand struct {
	DB     string `help:"The database: sqlite:PATH or postgres://USER@HOST/NAME." default:"sqlite:seatlink-data/seatlink.db" placeholder:"URL"`
	Output string `help:"table or json." enum:"table,json" default:"table"`
}

// Help is the longer text of seatlink audit --help.
func (auditCommand) Help() string {
	return `Examples:
  seatlink audit
  seatlink audit --db postgres://seatlink@db.example.com/seatlink --output json

It reads one snapshot and changes nothing, also beside a running server. It exits 1 when an invariant is broken, and
names the invariant and what breaks it.`
}

// Run checks every invariant over one snapshot.
func (c *auditCommand) Run(w *surroundings) error {
	report, err := sqlstore.Audit(w.ctx, c.DB)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		err = json.NewEncoder(w.stdout).Encode(report)
	} else {
		_, err = fmt.Fprint(w.stdout, report)
	}
	if err != nil {
		return err
	}
	if !report.Clean() {
		return fmt.Errorf("%d invariants are broken", len(report.Broken()))
	}
	return nil
}

package main

import "errors"

type auditCommand struct {
	DB string `help:"The database: sqlite:PATH or postgres://USER@HOST/NAME." default:"sqlite:seatlink-data/seatlink.db" placeholder:"URL"`
}

// Run checks every invariant over one snapshot.
func (c *auditCommand) Run(_ *surroundings) error { return errors.New("wiring") }

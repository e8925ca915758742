//go:build !reference

package main

import (
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

// books are those that are served: the database's. A program built with the tag
// reference can keep them in memory, to be measured against (bench/compare).
func books(store *sqlstore.Store) boxoffice.Store { return store }

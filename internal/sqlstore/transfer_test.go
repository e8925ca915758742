package sqlstore_test

import (
	"flag"
	"testing"

	"github.com/seatlink/seatlink/internal/storetest"
)

var transferRounds = flag.Int("transfer-rounds", 200, "rounds of each race for a transfer")

// The contract has a few rounds of these; make test-races has 10,000.
func TestRacesForTransfersOnPostgres(t *testing.T) {
	storetest.Races(t, newPostgres(t, storetest.Postgres(t)), *transferRounds)
}

package web

import (
	"os"
	"testing"

	"github.com/seatlink/seatlink/internal/pagetest"
)

func TestMain(m *testing.M) { os.Exit(pagetest.Main(m)) }

package files_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/house/files"
)

func TestTheDocumentationHasTheTablesAsTheyAre(t *testing.T) {
	text, err := os.ReadFile("../../../docs/house.md")
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(describe(), "\n\n### ") {
		if !strings.Contains(string(text), part) {
			t.Errorf("docs/house.md lacks this, or has it otherwise:\n%s", part)
		}
	}
}

// describe is the description of the tables for docs/house.md.
func describe() string {
	var b strings.Builder
	for _, t := range files.Tables() {
		need := "required"
		if t.Optional {
			need = "optional"
		}
		fmt.Fprintf(&b, "### %s.csv (%s)\n\n%s\n\n| column | | what it holds |\n|---|---|---|\n", t.Name, need, t.Says)
		for _, c := range t.Columns {
			mark := "O"
			if c.Required {
				mark = "R"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, mark, c.Says)
		}
		b.WriteString("\n")
	}
	return b.String()
}

package access

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// maxOperator bounds an operator's name, in bytes.
const maxOperator = 64

// Operator is a person of the house who does something, as the journal and the
// orders will name them. Their application is operator/NAME, which no partner's
// is, for that has no slash. They have no channel and serve no organization by
// grant: where they come in, everything is theirs.
func Operator(name string) (Principal, error) {
	const others = ".-_@+"
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(others, r)
	}
	if name == "" || len(name) > maxOperator || strings.ContainsFunc(name, odd) {
		return Principal{}, errors.New("an operator's name has 1 to 64 letters, digits, dots, hyphens, underscores, @ or +")
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return Principal{}, fmt.Errorf("request id: %w", err)
	}
	return Principal{Application: operatorPrefix + ApplicationID(name), RequestID: id.String()}, nil
}

const operatorPrefix = "operator/"

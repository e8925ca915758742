package partnerapi

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	contract "github.com/seatlink/seatlink/api"
	"github.com/seatlink/seatlink/internal/fault"
)

// The catalogue that partners read is made of the reasons in the code.
func TestTheErrorCatalogueIsTheCodes(t *testing.T) {
	var lines []contract.Error
	for _, e := range fault.Catalogue() {
		status := statusOf[e.Kind]
		lines = append(lines, contract.Error{
			Type: e.Kind.String(), Description: e.Message, AppErrorCode: e.Code,
			HTTPStatus: status, StatusText: http.StatusText(status), RetryPossible: e.Retry != fault.Never, RetryCount: e.Tries,
		})
	}
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(lines); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "api", "errors.json")
	if *update {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("api/errors.json is not fault.Catalogue (%v): go test ./internal/partnerapi -run Catalogue -update", err)
	}
}

// elsewhere are the reasons that no call of the Link API answers with.
var elsewhere = map[string]string{
	"DOCUMENT_NOT_FOUND": "the page of a ticket",
	"ORDER_NOT_FOUND":    "an operator's command",
	"ORDER_DECIDED":      "an operator's command",

	"SUBSCRIPTION_NOT_FOUND": "an operator's command",
	"SUBSCRIPTION_REFUSED":   "an operator's command",
	"MANIFEST_NOT_FOUND":     "a call of a later edition",
}

// Each reason stands in the document where it may be met, and the document knows
// no other.
func TestEveryReasonHasItsPlaceInTheDocument(t *testing.T) {
	described := map[string]bool{"PATH_UNKNOWN": true} // is no call's
	for _, c := range contract.Calls() {
		for _, answer := range c.Answers {
			for _, code := range answer.Codes {
				described[code] = described[code] || !c.NotBuiltYet
			}
		}
	}
	for _, e := range fault.Catalogue() {
		_, known := elsewhere[e.Code]
		if described[e.Code] == known {
			t.Errorf("%s: name it in x-error-codes of every answer of api/link.yaml that may have it, or above if none does", e.Code)
		}
		delete(described, e.Code)
	}
	for code, built := range described {
		if built && !notBuiltYet[code] {
			t.Errorf("api/link.yaml has the code %s, and the code has no such reason", code)
		}
	}
}

// notBuiltYet are codes of answers that are themselves marked x-not-built-yet,
// within calls that are built.
var notBuiltYet = map[string]bool{}

// The examples speak as the code does, and every reason has one.
func TestExamplesHaveTheWordsOfTheCode(t *testing.T) {
	known := map[string]fault.Entry{}
	for _, e := range fault.Catalogue() {
		known[e.Code] = e
	}
	files, err := fs.Glob(contract.Examples(), "*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no examples: %v", err)
	}
	shown := map[string]bool{"PATH_UNKNOWN": true} // is no call's
	for code := range elsewhere {
		shown[code] = true
	}
	checked := 0
	for _, file := range files {
		var value any
		if err := json.Unmarshal([]byte(sample(t, strings.TrimSuffix(file, ".json"))), &value); err != nil {
			t.Fatal(file, err)
		}
		if object, ok := value.(map[string]any); ok {
			word, _ := object["error"].(string) // auth's form
			shown[strings.ToUpper(word)] = true
		}
		for _, e := range errorsIn(value) {
			shown[e.AppErrorCode] = true
			entry, ok := known[e.AppErrorCode]
			if !ok {
				continue // of a call that is not built yet; the test above finds the others
			}
			checked++
			itsWords := strings.Contains(e.DeveloperMessage, entry.Message) || e.AppErrorCode == fault.Malformed.Code // says more each time
			if e.Type != entry.Kind.String() || !itsWords {
				t.Errorf("%s says %+v; the code says %s: %s", file, e, entry.Kind, entry.Message)
			}
		}
	}
	for code := range known {
		if !shown[code] {
			t.Errorf("%s has no example; add one to api/examples, and name it in api/link.yaml", code)
		}
	}
	if checked < 30 {
		t.Errorf("found %d errors in the examples", checked)
	}
}

// errorsIn finds the error objects of an answer, also those of its elements.
func errorsIn(value any) []errorObject {
	var found []errorObject
	switch v := value.(type) {
	case map[string]any:
		if code, ok := v["appErrorCode"].(string); ok {
			kind, _ := v["type"].(string)
			message, _ := v["developerMessage"].(string)
			found = append(found, errorObject{Type: kind, DeveloperMessage: message, AppErrorCode: code})
		}
		for _, one := range v {
			found = append(found, errorsIn(one)...)
		}
	case []any:
		for _, one := range v {
			found = append(found, errorsIn(one)...)
		}
	}
	return found
}

// The document has the routes that there are, and no others unless it says that
// they are not built.
func TestRoutesAreThoseOfTheDocument(t *testing.T) {
	var described, built []string
	for _, c := range contract.Calls() {
		if c.Path != "" && !c.NotBuiltYet {
			described = append(described, c.Method+" "+c.Path)
		}
	}
	for _, rt := range new(api).routes() {
		built = append(built, rt.method+" "+rt.path)
	}
	slices.Sort(described)
	slices.Sort(built)
	if !slices.Equal(described, built) {
		t.Errorf("api/link.yaml describes as built\n%s\nand these are\n%s", strings.Join(described, "\n"), strings.Join(built, "\n"))
	}
}

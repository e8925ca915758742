package apitest

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/api"
)

var update = flag.Bool("update", false, "write what is made of the document anew")

func load(t *testing.T) *Document {
	t.Helper()
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// calls.json is what programs without a YAML reader know of the document.
func TestCallsAreThoseOfTheDocument(t *testing.T) {
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(load(t).Calls()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "calls.json")
	if *update {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("api/calls.json is not what api/link.yaml says (%v): go test ./api/apitest -run Calls -update", err)
	}
}

// The publication has fifteen calls.
func TestAllFifteenCallsAreDescribed(t *testing.T) {
	numbers := map[int]bool{}
	ids := map[string]bool{}
	for _, c := range load(t).Calls() {
		numbers[c.Number] = true
		if ids[c.ID] || c.ID == "" || c.Title == "" {
			t.Errorf("%v has the id %q and the title %q", c, c.ID, c.Title)
		}
		ids[c.ID] = true
	}
	if got := slices.Sorted(maps.Keys(numbers)); len(got) != 15 || got[0] != 1 || got[14] != 15 {
		t.Errorf("x-call has %v; want 1 to 15", got)
	}
}

// Each example is named by the document, is what its schema says, and has codes
// that its answer may have.
func TestExamplesAreAsDescribed(t *testing.T) {
	d := load(t)
	seen := map[string]bool{}
	check := func(where string, c *content, codes []string) {
		if c == nil {
			return
		}
		if len(c.examples) == 0 {
			t.Errorf("%s has no example", where)
		}
		for _, name := range c.examples {
			seen[name] = true
			text, err := fs.ReadFile(api.Examples(), strings.TrimPrefix(name, "examples/"))
			if err != nil {
				t.Error(err)
				continue
			}
			value, err := parse(text)
			if err == nil && codes == nil {
				value = d.spelled(d.at(c.schema), value)
			}
			if err == nil {
				err = d.judge(c.schema, value)
			}
			if err != nil {
				t.Errorf("%s, %s: %v", where, name, err)
			}
			for _, code := range codesOf(value) {
				if code != "…" && codes != nil && !slices.Contains(codes, code) {
					t.Errorf("%s, %s has %s, which is not among x-error-codes", where, name, code)
				}
			}
		}
	}
	for _, c := range d.calls {
		check(c.ID, c.request, nil)
		for status, r := range c.responses {
			codes := r.codes
			if c.NotBuiltYet || codes == nil {
				codes = nil
			}
			check(c.ID+" "+status, r.json, codes)
		}
	}
	files, err := fs.ReadDir(api.Examples(), ".")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no examples: %v", err)
	}
	for _, file := range files {
		if !seen["examples/"+file.Name()] {
			t.Errorf("the document does not name examples/%s", file.Name())
		}
	}
}

// Every call may answer what any call may.
func TestEveryCallAnswersWhatAnyCallMay(t *testing.T) {
	for _, c := range load(t).calls {
		want := strings.Fields("200 400 401 403 405 406 408 413 414 415 429 431 500 503")
		switch {
		case c.Path == "":
			want = []string{"204", "400"}
		case c.Number == 1: // who comes for an access token has none
			want = slices.DeleteFunc(want, func(status string) bool { return status == "401" || status == "403" })
		}
		for _, status := range want {
			if _, ok := c.responses[status]; !ok {
				t.Errorf("%v does not describe %s", c, status)
			}
		}
	}
}

// Answers are closed, their fields are there; each field of both says what it is.
func TestAnswersAreClosedAndFieldsDescribed(t *testing.T) {
	d := load(t)
	mayBeAbsent := map[string]string{ // with the reason
		"errors":   "only when something failed",
		"accessId": "failures of tokens that came without one",
		"token":    "an order refused as a whole, and a barcode",
		"barcode":  "a token",
	}
	answers, requests := map[string]bool{}, map[string]bool{}
	for _, c := range d.calls {
		for _, r := range c.responses {
			if r.json != nil {
				d.walk(r.json.schema, answers, func(at string, schema node) {
					properties, _ := schema["properties"].(node)
					if schema["type"] != "object" {
						return
					}
					if schema["additionalProperties"] != false {
						t.Errorf("%s is not closed", at)
					}
					for name := range properties {
						_, excused := mayBeAbsent[name]
						if !slices.Contains(list(schema["required"]), any(name)) && !excused {
							t.Errorf("%s/%s may be absent", at, name)
						}
					}
				})
			}
		}
		if c.request != nil {
			d.walk(c.request.schema, requests, func(at string, schema node) {
				if schema["additionalProperties"] == false && c.Path != "" {
					t.Errorf("%s is closed, and unknown fields of a request are ignored", at)
				}
			})
		}
	}
	for _, all := range []map[string]bool{answers, requests} {
		for at := range all {
			schema := d.at(at)
			properties, _ := schema["properties"].(node)
			for name, property := range properties {
				p := property.(node)
				if schema["type"] == "object" && text(p["description"]) == "" {
					t.Errorf("%s/%s has no description", at, name)
				}
				if p["x-conditional"] != nil && slices.Contains(list(schema["required"]), any(name)) {
					t.Errorf("%s/%s is conditional and required", at, name)
				}
			}
		}
	}
	if len(answers) < 30 || len(requests) < 30 {
		t.Errorf("walked over %d and %d schemas only", len(answers), len(requests))
	}
}

// Every schema and response of the document is used.
func TestNothingIsDescribedForNobody(t *testing.T) {
	text := string(api.Link())
	for kind, names := range load(t).root["components"].(node) {
		for name := range names.(node) {
			if kind != "securitySchemes" && !strings.Contains(text, "#/components/"+kind+"/"+name+"'") {
				t.Errorf("nothing refers to components/%s/%s", kind, name)
			}
		}
	}
}

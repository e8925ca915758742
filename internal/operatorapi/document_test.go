package operatorapi

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/oasdiff/yaml"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A document is api/operator.yaml as far as the code is held to it.
type document struct {
	Paths      map[string]map[string]any `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type schema struct {
	Ref        string            `json:"$ref"`
	AllOf      []schema          `json:"allOf"`
	Properties map[string]schema `json:"properties"`
	Enum       []string          `json:"enum"`
}

// fields are the properties of a schema and of those that it is made of.
func (d document) fields(s schema) (names []string) {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.fields(d.Components.Schemas[name])
	}
	for _, part := range s.AllOf {
		names = append(names, d.fields(part)...)
	}
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// wired are the fields of a wire type.
func wired(of reflect.Type) (names []string) {
	for f := range of.Fields() {
		if f.Anonymous {
			names = append(names, wired(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestTheDocumentOfGatesIsWhatIsServed(t *testing.T) {
	text, err := os.ReadFile("../../api/operator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if _, err := yaml.Unmarshal(text, &d, yaml.DecodeOpts{}); err != nil {
		t.Fatal(err)
	}
	var told []string
	for path, methods := range d.Paths {
		for method := range methods {
			told = append(told, strings.ToUpper(method)+" "+path)
		}
	}
	if served := slices.Sorted(maps.Keys(new(api).scannerRoutes())); fmt.Sprint(served) != fmt.Sprint(slices.Sorted(slices.Values(told))) {
		t.Errorf("the document has %q, and served is %q", told, served)
	}
	for name, of := range map[string]any{
		"Refusal": refusal{}, "Head": GateHead{}, "Ticket": GateTicket{}, "Snapshot": Snapshot{}, "Feed": Feed{}, "Scan": GateScan{},
		"UndoRequest": undoRequest{}, "MergeRequest": mergeRequest{}, "Verdict": GateVerdict{}, "Merged": Merged{}, "Status": GateStatus{},
	} {
		if told, sent := d.fields(d.Components.Schemas[name]), wired(reflect.TypeOf(of)); !slices.Equal(told, sent) {
			t.Errorf("%s has the fields %q in the document and %q in the code", name, told, sent)
		}
	}
	// A verify answers with every reason of gates that is no error of the request.
	var codes []string
	for _, reason := range boxoffice.GateReasons() {
		switch reason.Code {
		case "EVENT_NOT_FOUND", "SCAN_NOT_FOUND", "NOT_ADMITTED", "RESYNC":
		default:
			codes = append(codes, reason.Code)
		}
	}
	enum := d.Components.Schemas["Verdict"].Properties["code"].Enum
	if slices.Sort(enum); !slices.Equal(enum, slices.Sorted(slices.Values(codes))) {
		t.Errorf("the codes of a verdict are %q in the document and %q in the code", enum, codes)
	}
}

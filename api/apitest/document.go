// Package apitest holds programs to the document of package api. Only tests
// import it.
//
// A Document checks exchanges: what was asked and what was answered. It complains
// of a status, a header, a field or an appErrorCode that the document does not
// describe, of a request that was taken though the document forbids it, and of
// one that was refused for a field though the document allows it. Handler and
// Transport put it before a server and behind a client; Body makes requests from
// the document itself.
package apitest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seatlink/seatlink/api"
)

// A Document is link.yaml, read and compiled. It is safe for concurrent use.
type Document struct {
	root     node
	calls    []*call
	schemas  map[string]*jsonschema.Schema // by pointer
	compiler *jsonschema.Compiler
	mu       sync.Mutex // of schemas and compiler
}

// A node is an object of the document.
type node = map[string]any

// A call is an operation, its references resolved.
type call struct {
	api.Call
	parameters []parameter
	request    *content // nil for none
	responses  map[string]response
}

type parameter struct {
	name, in string
	required bool
	schema   string // pointer
	integer  bool
}

// A content is a body as JSON.
type content struct {
	schema   string // pointer
	examples []string
}

type response struct {
	codes   []string
	headers []parameter
	json    *content // nil for none
	text    bool     // the HTTP server's own words
}

const located = "https://example.com/link.yaml"

// Load reads the document once for a whole test binary.
var Load = sync.OnceValues(func() (*Document, error) { return Read(api.Link()) })

// Read reads a document and refuses one that is not OpenAPI 3.1.
func Read(text []byte) (*Document, error) {
	checked, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := checked.Validate(context.Background(), openapi3.DisableExamplesValidation()); err != nil {
		return nil, err
	}
	if !checked.IsOpenAPI31OrLater() {
		return nil, errors.New("the document is older than OpenAPI 3.1")
	}
	var root node
	if _, err := yaml.Unmarshal(text, &root, yaml.DecodeOpts{}); err != nil {
		return nil, err
	}
	d := &Document{root: root, schemas: map[string]*jsonschema.Schema{}, compiler: jsonschema.NewCompiler()}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(located, any(root)); err != nil {
		return nil, err
	}
	if err := d.readCalls("paths"); err != nil {
		return nil, err
	}
	if err := d.readCalls("webhooks"); err != nil {
		return nil, err
	}
	slices.SortStableFunc(d.calls, func(a, b *call) int { return cmp.Or(a.Number-b.Number, strings.Compare(a.Path, b.Path)) })
	return d, nil
}

var methods = []string{"get", "put", "post", "delete"} // the document has no others

func (d *Document) readCalls(under string) error {
	items, _ := d.root[under].(node)
	for path, item := range items {
		item := item.(node)
		for method := range item {
			if method != "parameters" && !slices.Contains(methods, method) {
				return fmt.Errorf("%s %s has %s, which this package does not know", under, path, method)
			}
		}
		for _, method := range methods {
			operation, ok := item[method].(node)
			if !ok {
				continue
			}
			at := pointer("", under, path, method)
			c := &call{Call: api.Call{
				Number: int(number(operation["x-call"])), Method: strings.ToUpper(method), ID: text(operation["operationId"]),
				Title: text(operation["summary"]), Ours: operation["x-ours"] == true, NotBuiltYet: operation["x-not-built-yet"] == true,
			}, responses: map[string]response{}}
			if under == "paths" {
				c.Path = path
			}
			c.parameters = append(d.parametersOf(item, pointer("", under, path)), d.parametersOf(operation, at)...)
			if body, ok := operation["requestBody"].(node); ok {
				c.request = d.contentOf(body, at+"/requestBody")
			}
			d.readResponses(c, operation["responses"].(node), at+"/responses")
			d.calls = append(d.calls, c)
		}
	}
	return nil
}

func (d *Document) readResponses(c *call, described node, at string) {
	for status, raw := range described {
		r, at := d.resolve(raw, pointer(at, status))
		read := response{json: d.contentOf(r, at), text: r["content"] != nil}
		read.text = read.text && read.json == nil
		for _, code := range list(r["x-error-codes"]) {
			read.codes = append(read.codes, text(code))
		}
		headers, _ := r["headers"].(node)
		for name, raw := range headers {
			h, at := d.resolve(raw, pointer(at, "headers", name))
			read.headers = append(read.headers, d.parameterOf(name, h, at))
		}
		c.responses[status] = read
		c.Answers = append(c.Answers, api.Answer{Status: status, Codes: slices.Concat([]string{}, read.codes)})
	}
	slices.SortFunc(c.Answers, func(a, b api.Answer) int { return strings.Compare(a.Status, b.Status) })
}

func (d *Document) parametersOf(owner node, at string) []parameter {
	var read []parameter
	for i, raw := range list(owner["parameters"]) {
		p, at := d.resolve(raw, pointer(at, "parameters", fmt.Sprint(i)))
		one := d.parameterOf(text(p["name"]), p, at)
		one.in = text(p["in"])
		read = append(read, one)
	}
	return read
}

func (d *Document) parameterOf(name string, p node, at string) parameter {
	schema, _ := p["schema"].(node)
	return parameter{name: name, required: p["required"] == true, schema: at + "/schema", integer: schema["type"] == "integer"}
}

// contentOf is the JSON of a request body or a response.
func (d *Document) contentOf(owner node, at string) *content {
	kinds, _ := owner["content"].(node)
	media, ok := kinds["application/json"].(node)
	if !ok {
		return nil
	}
	c := &content{schema: pointer(at, "content", "application/json", "schema")}
	examples, _ := media["examples"].(node)
	for _, raw := range examples {
		c.examples = append(c.examples, text(raw.(node)["externalValue"]))
	}
	return c
}

// resolve follows a reference, and tells where it leads to.
func (d *Document) resolve(raw any, at string) (node, string) {
	n := raw.(node)
	if ref, ok := n["$ref"].(string); ok {
		return d.at(strings.TrimPrefix(ref, "#")), strings.TrimPrefix(ref, "#")
	}
	return n, at
}

// at is the object at a pointer.
func (d *Document) at(pointer string) node {
	var here any = d.root
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch at := here.(type) {
		case node:
			here = at[step]
		case []any:
			i := 0
			_, _ = fmt.Sscan(step, &i) // pointers are made here
			here = at[i]
		}
	}
	n, ok := here.(node)
	if !ok {
		panic("there is no object at " + pointer)
	}
	return n
}

// schema compiles what stands at a pointer.
func (d *Document) schema(pointer string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.schemas[pointer]; ok {
		return s, nil
	}
	s, err := d.compiler.Compile(located + "#" + pointer)
	if err == nil {
		d.schemas[pointer] = s
	}
	return s, err
}

// judge says what is wrong with a value, nil for nothing.
func (d *Document) judge(pointer string, value any) error {
	s, err := d.schema(pointer)
	if err != nil {
		return err
	}
	return s.Validate(value)
}

// Calls are the calls of the document, as package api has them.
func (d *Document) Calls() []api.Call {
	var calls []api.Call
	for _, c := range d.calls {
		calls = append(calls, c.Call)
	}
	return calls
}

func pointer(at string, steps ...string) string {
	for _, step := range steps {
		at += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(step)
	}
	return at
}

func text(v any) string    { s, _ := v.(string); return s }
func list(v any) []any     { l, _ := v.([]any); return l }
func number(v any) float64 { f, _ := v.(float64); return f }

// parse reads JSON with its numbers as they were written.
func parse(body []byte) (any, error) {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	return v, nil
}

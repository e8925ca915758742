package apitest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// An Exchange is one request with its answer.
type Exchange struct {
	Method  string
	URL     *url.URL
	Header  http.Header
	Body    []byte // as far as the server read it
	Status  int
	Answer  http.Header
	Content []byte
}

func (x Exchange) String() string {
	return fmt.Sprintf("%s %s = %d", x.Method, x.URL.EscapedPath(), x.Status)
}

// Check says what of an exchange the document does not describe.
func (d *Document) Check(x Exchange) []error {
	var complaints []error
	complain := func(format string, args ...any) {
		complaints = append(complaints, fmt.Errorf("%v: %s\n(put api/link.yaml right, or the code)", x, cut(fmt.Sprintf(format, args...))))
	}
	c, known := d.find(x.Method, x.URL.EscapedPath())
	switch {
	case known == nowhere || c.NotBuiltYet:
		if x.Status == http.StatusNotFound {
			d.checkError(x, "ErrorAnswer", []string{"PATH_UNKNOWN"}, complain)
			return complaints
		}
		if known == nowhere {
			if !slices.Contains([]int{413, 414, 431}, x.Status) {
				complain("there is nothing at this path, so it answers 404 or is too large")
			}
			return complaints
		}
		complain("it is marked x-not-built-yet, so it answers 404")
		return complaints
	case known == otherMethod && !slices.Contains([]int{405, 413, 414, 431}, x.Status):
		complain("the path does not take this method, so it answers 405 or is too large")
		return complaints
	}
	r, ok := c.responses[fmt.Sprint(x.Status)]
	if !ok {
		complain("this status is not described")
		return complaints
	}
	d.checkHeaders(x, r, complain)
	taken := x.Status < 300
	switch {
	case x.Method == http.MethodHead || r.text:
	case r.json == nil && len(x.Content) > 0:
		complain("a body is not described: %s", x.Content)
	case r.json != nil:
		taken = d.checkAnswer(x, r, complain)
	}
	if known == otherMethod {
		return complaints
	}
	d.checkRequest(x, c, taken, complain)
	return complaints
}

// cut shortens what was said: the beginning tells.
func cut(said string) string {
	const most = 1000
	if len(said) <= most {
		return said
	}
	return strings.ToValidUTF8(said[:most], "") + "…"
}

type complainer func(format string, args ...any)

func (d *Document) checkHeaders(x Exchange, r response, complain complainer) {
	for _, h := range r.headers {
		value, sent := x.Answer.Get(h.name), len(x.Answer.Values(h.name)) > 0
		switch {
		case !sent && h.required:
			complain("the header %s is missing", h.name)
		case sent:
			if err := d.judge(h.schema, typed(value, h.integer)); err != nil {
				complain("the header %s is %q: %v", h.name, value, err)
			}
		}
	}
}

// checkAnswer reports whether anything of the request was tried.
func (d *Document) checkAnswer(x Exchange, r response, complain complainer) (taken bool) {
	if kind := x.Answer.Get("Content-Type"); kind != "application/json" {
		complain("Content-Type is %q", kind)
	}
	value, err := d.read(x)
	if err != nil {
		complain("the answer is not JSON: %v", err)
		return false
	}
	if err := d.judge(r.json.schema, value); err != nil {
		complain("the answer is not as described: %v\n%s", err, x.Content)
	}
	for _, code := range codesOf(value) {
		if !slices.Contains(r.codes, code) {
			complain("%s is not among x-error-codes of this answer", code)
		}
	}
	object, _ := value.(map[string]any)
	return x.Status < 300 || object["errors"] != nil
}

// checkError checks an answer that belongs to no call.
func (d *Document) checkError(x Exchange, schema string, codes []string, complain complainer) {
	if x.Method == http.MethodHead {
		return
	}
	value, err := d.read(x)
	if err == nil {
		err = d.judge(pointer("", "components", "schemas", schema), value)
	}
	if err != nil {
		complain("the answer is not as described: %v\n%s", err, x.Content)
	}
	for _, code := range codesOf(value) {
		if !slices.Contains(codes, code) {
			complain("%s is not what is answered for a path that does not exist", code)
		}
	}
}

func (d *Document) read(x Exchange) (any, error) {
	content := x.Content
	if x.Answer.Get("Content-Encoding") == "gzip" {
		reader, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return nil, err
		}
		if content, err = io.ReadAll(reader); err != nil {
			return nil, err
		}
	}
	return parse(content)
}

// codesOf finds every appErrorCode of an answer, and auth's word in its place.
func codesOf(value any) []string {
	var codes []string
	switch v := value.(type) {
	case map[string]any:
		for name, one := range v {
			word, isText := one.(string)
			switch {
			case name == "appErrorCode" && isText:
				codes = append(codes, word)
			case name == "error" && isText:
				codes = append(codes, strings.ToUpper(word))
			default:
				codes = append(codes, codesOf(one)...)
			}
		}
	case []any:
		for _, one := range v {
			codes = append(codes, codesOf(one)...)
		}
	}
	return codes
}

// fieldCodes say that a field was wrong by its type, form or length alone, which
// is what schemas say too.
var fieldCodes = []string{"FIELD_REQUIRED", "FIELD_INVALID", "FIELD_TOO_LONG", "BATCH_SIZE"}

// checkRequest holds what was taken, and what was refused for a field, against
// the schema of the request.
func (d *Document) checkRequest(x Exchange, c *call, taken bool, complain complainer) {
	var refused []string
	if x.Status == http.StatusBadRequest {
		if value, err := d.read(x); err == nil {
			refused = slices.DeleteFunc(codesOf(value), func(code string) bool { return !slices.Contains(fieldCodes, code) })
		}
	}
	if !taken && len(refused) == 0 {
		return
	}
	wrong := d.wrong(x, c)
	switch {
	case taken && wrong != nil:
		complain("the request was taken, and the document forbids it: %v\n%s", wrong, x.Body)
	case !taken && wrong == nil && !beyondSchemas(c.ID, refused[0], x.Body):
		complain("the request was refused with %s, and the document allows it:\n%s\n%s", refused[0], x.Body, x.Content)
	}
}

// wrong says what of a request the document forbids.
func (d *Document) wrong(x Exchange, c *call) error {
	path := variables(c.Path, x.URL.EscapedPath())
	for _, p := range c.parameters {
		var values []string
		switch p.in {
		case "path":
			values = []string{path[p.name]}
		case "query":
			values = x.URL.Query()[p.name]
		case "header":
			values = x.Header.Values(p.name)
		}
		switch {
		case len(values) == 0 && p.required:
			return fmt.Errorf("%s is missing", p.name)
		case len(values) > 1 && p.in == "query":
			return fmt.Errorf("%s is given twice", p.name)
		case len(values) > 0:
			if err := d.judge(p.schema, typed(values[0], p.integer)); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	if c.request == nil {
		return nil
	}
	value, err := parse(x.Body)
	if err != nil {
		return err
	}
	value = d.spelled(d.at(c.request.schema), value)
	if err := d.judge(c.request.schema, value); err != nil {
		return err
	}
	return d.tooLong(d.at(c.request.schema), value)
}

// beyondSchemas reports whether a refusal is one that no schema can tell:
// tokens, barcodes and orders are counted over all elements of a body, and the
// seats of a range by the house.
func beyondSchemas(id, code string, body []byte) bool {
	const most = 100 // the least of the limits that are counted over elements
	counted := id == "completeOrder" || id == "handOverTickets" || strings.HasPrefix(id, "verifyTickets") || strings.HasPrefix(id, "initiateTransfer")
	return code == "BATCH_SIZE" && (counted && bytes.Count(body, []byte(`"`)) > most || seatRange.Match(body))
}

// seatRange is found in a body that names seats from one to another, of which there
// may be too many.
var seatRange = regexp.MustCompile(`"seats" *: *"[^"]*-`)

// Where a request leads to.
type where int

const (
	nowhere where = iota
	otherMethod
	here
)

// find is the call of a method and a path. Of a path that takes other methods it
// is one of theirs.
func (d *Document) find(method, path string) (*call, where) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var other *call
	for _, c := range d.calls {
		if c.Path == "" || variables(c.Path, path) == nil {
			continue
		}
		if c.Method == method {
			return c, here
		}
		if other == nil || other.NotBuiltYet {
			other = c
		}
	}
	if other == nil {
		return nil, nowhere
	}
	return other, otherMethod
}

// variables reads the variables of a path, nil when it is another path.
func variables(template, path string) map[string]string {
	names, parts := strings.Split(template, "/"), strings.Split(path, "/")
	if template == "" || len(names) != len(parts) {
		return nil
	}
	read := map[string]string{}
	for i, name := range names {
		value, err := url.PathUnescape(parts[i])
		switch {
		case err != nil:
			return nil
		case strings.HasPrefix(name, "{") && parts[i] != "" && parts[i] != "." && parts[i] != "..":
			read[strings.Trim(name, "{}")] = value
		case name != value:
			return nil
		}
	}
	return read
}

// typed is a header or parameter as its schema sees it.
func typed(value string, integer bool) any {
	if !integer {
		return value
	}
	var number json.Number
	if err := json.Unmarshal([]byte(value), &number); err != nil {
		return value
	}
	return number
}

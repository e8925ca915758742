// Package api is the contract as a document: the Link API as OpenAPI 3.1, every
// published sample, and the catalogue of errors, all embedded.
//
// link.yaml is written by hand and is the law; calls.json and errors.json are
// made, the first of link.yaml and the second of the reasons in the code, and
// tests hold all of them to the code that answers. Nothing of the inside is
// imported, so partners' programs may use it too.
package api

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

//go:embed link.yaml calls.json errors.json examples
var files embed.FS

// Link is the document: OpenAPI 3.1 in YAML.
func Link() []byte { return read("link.yaml") }

// Examples are the published samples and ours, NAME.json each; the document
// names every one of them.
func Examples() fs.FS {
	sub, err := fs.Sub(files, "examples")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}

// A Call is one operation of the document. A path that takes two methods for the
// same has two calls of one number.
type Call struct {
	Number      int      `json:"call"` // 1 to 15, as the publication counts them; of a later edition, that of the call it grew from
	Method      string   `json:"method"`
	Path        string   `json:"path"` // "" for a message that a subscriber receives
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Ours        bool     `json:"ours"` // the publication does not have it
	NotBuiltYet bool     `json:"notBuiltYet"`
	Answers     []Answer `json:"answers"`
}

// An Answer is a status that a call may give, with the codes that may stand in it.
type Answer struct {
	Status string   `json:"status"`
	Codes  []string `json:"codes"`
}

// String is the call as people name it.
func (c Call) String() string {
	if c.Path == "" {
		return c.Title
	}
	return c.Method + " " + c.Path
}

// Calls are all calls of the document, in its order.
func Calls() []Call { return decode[[]Call]("calls.json") }

// NotBuiltYet names the calls that this edition does not answer.
func NotBuiltYet() []string {
	names := []string{}
	for _, c := range Calls() {
		if c.NotBuiltYet {
			names = append(names, c.String())
		}
	}
	return names
}

// An Error is a line of the catalogue. HTTPStatus is the answer's when a request
// is refused for this reason as a whole; within errors it decides nothing.
type Error struct {
	Type          string `json:"type"`
	Description   string `json:"description"`
	AppErrorCode  string `json:"appErrorCode"`
	HTTPStatus    int    `json:"httpStatus"`
	StatusText    string `json:"statusText"`
	RetryPossible bool   `json:"retryPossible"`
	RetryCount    int    `json:"retryCount"`
}

// Errors is the catalogue, in the order of the code.
func Errors() []Error { return decode[[]Error]("errors.json") }

func read(name string) []byte {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return text
}

// decode reads an embedded file, which tests have read before.
func decode[T any](name string) T {
	var v T
	if err := json.Unmarshal(read(name), &v); err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
	return v
}

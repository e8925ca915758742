package manual

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/seatlink/seatlink/api"
)

// A view is what the pages show.
type view struct {
	Calls       []api.Call
	NotBuiltYet []api.Call
	Errors      []line
}

// A line is an error of the catalogue, with the places where it is met.
type line struct {
	api.Error
	Where []place
}

// A place is a call with the statuses that may carry the error.
type place struct {
	Call     api.Call
	Statuses string
}

// page makes one of the pages.
func page(name string) []byte {
	v := view{Calls: api.Calls()}
	for _, c := range v.Calls {
		if c.NotBuiltYet {
			v.NotBuiltYet = append(v.NotBuiltYet, c)
		}
	}
	for _, e := range api.Errors() {
		v.Errors = append(v.Errors, line{e, placesOf(e.AppErrorCode, v.Calls)})
	}
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, name, v); err != nil {
		panic(err) // nothing in it comes from outside
	}
	return text.Bytes()
}

// placesOf says where a code is met, but for methods that stand for another.
func placesOf(code string, calls []api.Call) []place {
	var places []place
	for _, c := range calls {
		var statuses []string
		for _, answer := range c.Answers {
			if slices.Contains(answer.Codes, code) {
				statuses = append(statuses, answer.Status)
			}
		}
		if len(statuses) > 0 && !c.NotBuiltYet && !c.Ours {
			places = append(places, place{c, strings.Join(statuses, ", ")})
		}
	}
	return places
}

func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers only
	}
	return text
}

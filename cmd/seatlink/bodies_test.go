package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seatlink/seatlink/api"
	"github.com/seatlink/seatlink/api/apitest"
)

// Ensure that a whole server is never brought to a 5xx, or to an answer that the
// document does not describe, by bodies made from the document, as they are and
// spoiled in one place, about tickets that are there.
func TestBodiesOfTheDocumentOnARealHouse(t *testing.T) {
	document, err := apitest.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := startDemo(t, t.TempDir(), "--size", "small")
	partner := enter(t, d.file.URL, d.file.Partners[0])
	tokens := freeTokens(t, d.db)[:8] // few, so that they meet
	statuses := map[int]int{}
	for _, c := range api.Calls() {
		if c.NotBuiltYet || c.Ours || c.Path == "" || c.Number == 1 || !slices.Contains([]string{"POST", "PUT"}, c.Method) {
			continue // auth counts failures, and shuts the door; messages are answered by partners
		}
		t.Run(c.ID, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				body := aimed(t, document.Body(t, c.ID), tokens)
				for _, sent := range [][]byte{encode(body), encode(apitest.Spoil(t, body))} {
					status, said, err := partner.call(t.Context(), c.Method, c.Path, requestID(), sent)
					if err != nil || status >= http.StatusInternalServerError {
						t.Errorf("%v = %d %s %v for %s", c, status, said, err, sent)
					}
					statuses[status]++
				}
			})
		})
	}
	for _, status := range []int{200, 207, 400, 422} {
		if statuses[status] == 0 {
			t.Errorf("nothing was answered %d, which says that the bodies are too tame: %v", status, statuses)
		}
	}
	t.Logf("answered: %v", statuses)
	d.stop()
	audit(t, d.db)
}

// aimed puts names of real tickets in the place of most that were drawn.
func aimed(t *rapid.T, v any, tokens []string) any {
	switch v := v.(type) {
	case map[string]any:
		for name, one := range v {
			switch _, isText := one.(string); {
			case isText && strings.EqualFold(name, "token"):
				v[name] = aim(t, one, tokens)
			case !isText:
				v[name] = aimed(t, one, tokens)
			}
		}
	case []any:
		for i, one := range v {
			if _, isText := one.(string); isText {
				v[i] = aim(t, one, tokens)
				continue
			}
			v[i] = aimed(t, one, tokens)
		}
	}
	return v
}

func aim(t *rapid.T, drawn any, tokens []string) any {
	if rapid.IntRange(0, 9).Draw(t, "miss") == 0 {
		return drawn
	}
	return rapid.SampledFrom(tokens).Draw(t, "token")
}

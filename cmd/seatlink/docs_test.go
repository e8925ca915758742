package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/api"
)

// A server shows the contract, and what of it it does not answer.
func TestAServerShowsTheContract(t *testing.T) {
	d := startDemo(t, t.TempDir(), "--size", "small")
	for path, part := range map[string]string{
		"/docs": "<redoc ", "/docs/errors": "TOKEN_LOCKED", "/docs/link.yaml": "openapi: 3.1", "/docs/examples/tickets-lock.200.json": "sellerIds",
	} {
		if status, page, err := fetch(t.Context(), d.file.URL+path); err != nil || status != 200 || !strings.Contains(page, part) {
			t.Errorf("GET %s = %d %v; want a page with %s", path, status, err, part)
		}
	}
	_, text, err := fetch(t.Context(), d.file.URL+"/readyz")
	if err != nil {
		t.Fatal(err)
	}
	var ready struct{ NotBuiltYet []string }
	decode(t, text, &ready)
	if want := api.NotBuiltYet(); !slices.Equal(ready.NotBuiltYet, want) {
		t.Errorf("/readyz says that %v are not built; api/link.yaml says %v", ready.NotBuiltYet, want)
	}
	d.stop()
}

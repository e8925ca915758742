package apitest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// good is an exchange that the document describes.
func good() Exchange {
	return Exchange{
		Method: "PUT", URL: &url.URL{Path: "/v1/tickets/unlock"},
		Header: http.Header{"Pac-Application-Id": {"com.mycompany.myapp"}, "Pac-Api-Key": {"k"}, "Pac-Channel-Code": {"c"}},
		Body:   []byte(`{"Tokens":["A","B"],"unknown":null}`),
		Status: 207, Answer: http.Header{"Request-Id": {"x"}, "Content-Type": {"application/json"}},
		Content: []byte(`{"success":[{"token":"A","ownerId":"1"}],"errors":[` + failed("TOKEN_LOCKED") + `]}`),
	}
}

func failed(code string) string {
	return `{"token":"B","type":"CONFLICT","developerMessage":"another channel holds the ticket","appErrorCode":"` + code + `"}`
}

func refusal(code string) string {
	return `{"error":{"type":"BAD_REQUEST","developerMessage":"no","appErrorCode":"` + code + `"}}`
}

func TestCheckFindsWhatIsNotDescribed(t *testing.T) {
	d := load(t)
	tests := []struct {
		name  string
		spoil func(x *Exchange)
		want  string // part of the complaint; "" is none
	}{
		{"nothing is wrong", func(*Exchange) {}, ""},
		{"another status", func(x *Exchange) { x.Status = 418 }, "not described"},
		{"a field more", func(x *Exchange) {
			x.Content = []byte(strings.Replace(string(x.Content), `"ownerId"`, `"extra":1,"ownerId"`, 1))
		}, "extra"},
		{"a field less", func(x *Exchange) { x.Content = []byte(strings.Replace(string(x.Content), `,"ownerId":"1"`, "", 1)) }, "ownerId"},
		{"null", func(x *Exchange) { x.Content = []byte(strings.Replace(string(x.Content), `"1"`, "null", 1)) }, "ownerId"},
		{"no errors in a 207", func(x *Exchange) { x.Content = []byte(`{"success":[]}`) }, "errors"},
		{"a code of another call", func(x *Exchange) { x.Content = []byte(`{"success":[],"errors":[` + failed("BARCODE_INVALID") + `]}`) }, "BARCODE_INVALID"},
		{"no JSON", func(x *Exchange) { x.Content = []byte(`{`) }, "not JSON"},
		{"another Content-Type", func(x *Exchange) { x.Answer.Set("Content-Type", "text/plain") }, "Content-Type"},
		{"no Request-ID", func(x *Exchange) { x.Answer.Del("Request-ID") }, "Request-ID"},
		{"no Retry-After", func(x *Exchange) {
			x.Status, x.Content = 503, []byte(strings.Replace(refusal("UNAVAILABLE"), "BAD_REQUEST", "UNAVAILABLE", 1))
		}, "Retry-After"},
		{"a request without tokens was taken", func(x *Exchange) { x.Body = []byte(`{}`) }, "was taken"},
		{"a request without a key was taken", func(x *Exchange) { x.Header.Del("PAC-API-Key") }, "PAC-API-Key"},
		{"a string of many bytes was taken", func(x *Exchange) { x.Body = []byte(`{"tokens":["` + strings.Repeat("é", 600) + `"]}`) }, "bytes"},
		{"a good request was refused for a field", func(x *Exchange) { x.Status, x.Content = 400, []byte(refusal("FIELD_INVALID")) }, "document allows it"},
		{"a bad request was refused for a field", func(x *Exchange) {
			x.Status, x.Content, x.Body = 400, []byte(refusal("FIELD_REQUIRED")), []byte(`{"tokens":null}`)
		}, ""},
		{"a path that is not there answers", func(x *Exchange) { x.URL = &url.URL{Path: "/v1/tickets"} }, "nothing at this path"},
		{"a path that is not there", func(x *Exchange) {
			x.URL, x.Status = &url.URL{Path: "/v1/tickets"}, 404
			x.Content = []byte(strings.Replace(refusal("PATH_UNKNOWN"), "BAD_REQUEST", "NOT_FOUND", 1))
		}, ""},
		{"a method that is not there answers", func(x *Exchange) { x.Method = "DELETE" }, "does not take this method"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := good()
			tt.spoil(&x)
			complaints := d.Check(x)
			switch {
			case tt.want == "" && len(complaints) > 0:
				t.Errorf("Check complains: %v", complaints)
			case tt.want != "" && (len(complaints) == 0 || !strings.Contains(complaints[0].Error(), tt.want)):
				t.Errorf("Check = %v; want a complaint about %s", complaints, tt.want)
			}
		})
	}
}

// Ensure that a call which is only described must not be there yet. All that have
// a path are built, so the document is made to say it of one.
func TestCheckKnowsWhatIsNotBuiltYet(t *testing.T) {
	d := load(t)
	x := good()
	c, _ := d.find(x.Method, x.URL.EscapedPath())
	c.NotBuiltYet = true
	defer func() { c.NotBuiltYet = false }() // the document is everybody's
	if complaints := d.Check(x); len(complaints) == 0 || !strings.Contains(complaints[0].Error(), "x-not-built-yet") {
		t.Errorf("Check = %v; want a complaint about x-not-built-yet", complaints)
	}
}

// Handler and Transport see the same, and change nothing.
func TestHandlerAndTransportSeeTheExchange(t *testing.T) {
	d := load(t)
	x := good()
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(body, x.Body) {
			t.Errorf("the server read %q, %v", body, err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(x.Status)
		_, _ = w.Write(x.Content) // a recorder takes everything
	})
	var seen []error
	report := func(complaint error) { seen = append(seen, complaint) }
	front := httptest.NewServer(d.Handler(server, report))
	defer front.Close()
	client := front.Client()
	client.Transport = d.Transport(client.Transport, report)
	r, err := http.NewRequestWithContext(t.Context(), x.Method, front.URL+x.URL.Path, strings.NewReader(string(x.Body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = x.Header
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	got, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != x.Status || !bytes.Equal(got, x.Content) {
		t.Errorf("the client got %d %s, %v", answer.StatusCode, got, err)
	}
	// The one fault, the missing Request-ID, is seen from both sides.
	if len(seen) != 2 || !strings.Contains(seen[0].Error(), "Request-ID") || seen[0].Error() != seen[1].Error() {
		t.Errorf("complaints: %v; want the missing Request-ID twice", seen)
	}
}

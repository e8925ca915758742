package apitest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
)

// Handler checks every exchange of a handler and tells report of what is wrong.
// It is for tests: an answer is held back until it is whole.
func (d *Document) Handler(next http.Handler, report func(error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := Exchange{Method: r.Method, URL: r.URL, Header: r.Header.Clone()}
		var read bytes.Buffer
		if r.Body != nil {
			r.Body = tee{io.TeeReader(r.Body, &read), r.Body}
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		x.Body = read.Bytes()
		x.Status, x.Answer, x.Content = answer.Code, answer.Header(), answer.Body.Bytes()
		for _, complaint := range d.Check(x) {
			report(complaint)
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(x.Content) // a caller that is gone needs no answer
	})
}

// Transport checks every exchange of a client that gets an answer.
func (d *Document) Transport(next http.RoundTripper, report func(error)) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		x := Exchange{Method: r.Method, URL: r.URL, Header: r.Header.Clone()}
		var sent bytes.Buffer
		if r.Body != nil {
			r = r.Clone(r.Context())
			r.Body = tee{io.TeeReader(r.Body, &sent), r.Body}
		}
		answer, err := next.RoundTrip(r)
		if err != nil {
			return answer, err
		}
		content, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close() // it was read
		if err != nil {
			return nil, err
		}
		answer.Body = io.NopCloser(bytes.NewReader(content))
		x.Body = sent.Bytes()
		x.Status, x.Answer, x.Content = answer.StatusCode, answer.Header, content
		for _, complaint := range d.Check(x) {
			report(complaint)
		}
		return answer, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// tee reads from one and closes the other.
type tee struct {
	io.Reader
	io.Closer
}

package link

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A call is a request before it has a credential. It is sent, however often,
// with the same bytes.
type call struct {
	name         string // as the contract names it, for errors: without ids
	method, path string // the path escaped, with its query
	organization OrganizationID
	requestID    string
	etag         string
	body         []byte
}

// An answer is read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// How large an answer may be. The largest is a catalog, which has no pages.
const (
	maxAnswer = 32 << 20
	maxTokens = 64 << 10 // of call 1
)

// ErrTooLarge is an answer that is not read to its end.
var ErrTooLarge = errors.New("link: the answer is larger than the client takes")

// newCall makes a call. name is method and path of the contract; path is the real
// one. requestID may be "", for a new one; else it must be a UUID of version 4,
// or the server would not know the request again.
func newCall(method, name, path, requestID string, request any) (call, error) {
	k := call{name: method + " " + name, method: method, path: path, requestID: requestID}
	if requestID == "" {
		k.requestID = NewRequestID()
	} else if !isRequestID(requestID) {
		return k, fmt.Errorf("link: %s: RequestID is not a UUID of version 4", k.name)
	}
	if request == nil {
		return k, nil
	}
	var err error
	if k.body, err = json.Marshal(request); err != nil {
		return k, fmt.Errorf("link: %s: %w", k.name, err)
	}
	return k, nil
}

// segment is an id as a part of a path. It comes from outside, so it must not
// lead to another path.
func segment(name, id string) (string, error) {
	if id == "" || id == "." || id == ".." {
		return "", fmt.Errorf("link: %s is empty, or cannot be an id", name)
	}
	return url.PathEscape(id), nil
}

// withQuery appends the parameters that have a value.
func withQuery(path string, query url.Values) string {
	for name, values := range query {
		if len(values) == 0 || values[0] == "" {
			delete(query, name)
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// ask sends a call and decodes its good answer. It sends again what is worth it,
// and once more with a new access token when the one it had is not good any
// more.
func ask[T any](ctx context.Context, c *Client, k call) (T, error) {
	var good T
	a, err := c.send(ctx, k)
	if err != nil {
		return good, err
	}
	err = k.decode(a, &good)
	return good, err
}

func (k call) decode(a answer, good any) error {
	if err := json.Unmarshal(a.body, good); err != nil {
		return &NoAnswerError{k.name, k.requestID, fmt.Errorf("status %d with a body that cannot be read: %w", a.status, err)}
	}
	return nil
}

// send returns an answer of 2xx or 304, or an error.
func (c *Client) send(ctx context.Context, k call) (answer, error) {
	var renewed, open bool // open: a try may have been done, and we were not told
	refused := func(a answer) error {
		e := k.refusal(a, time.Now())
		e.open = open
		return e
	}
	for {
		access, err := c.wallet.access(ctx)
		if err != nil {
			return answer{}, &EntryError{k.name, err, open}
		}
		a, err := c.retries.again(ctx, func() (answer, error) {
			a, err := c.once(ctx, k, access)
			open = open || err != nil || a.open()
			return a, err
		}, k.asked)
		switch {
		case err != nil:
			return a, k.unanswered(err)
		case a.status/100 == 2, a.status == http.StatusNotModified:
			c.wallet.worked(access)
			return a, nil
		case a.status != http.StatusUnauthorized:
			c.wallet.worked(access)
			return a, refused(a)
		case renewed:
			return a, refused(a)
		}
		renewed = true
		switch better, err := c.wallet.rejected(ctx, access, a.code()); {
		case err != nil:
			return a, &EntryError{k.name, err, open}
		case !better:
			return a, refused(a)
		}
	}
}

// unanswered tells errors of our own side from those that leave it open what
// became of the request.
func (k call) unanswered(err error) error {
	if own, ok := errors.AsType[*permanentError](err); ok {
		return fmt.Errorf("link: %s: %w", k.name, own.error)
	}
	return &NoAnswerError{k.name, k.requestID, err}
}

// asked is the wait that an answer asks for.
func (k call) asked(a answer) time.Duration {
	return retryAfter(a.header.Get("Retry-After"), time.Now())
}

// once sends a call one time.
func (c *Client) once(ctx context.Context, k call, access Secret) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, k.method, c.url+k.path, bytes.NewReader(k.body))
	if err != nil {
		return answer{}, &permanentError{err}
	}
	r.Header = c.headers.Clone()
	r.Header.Set("Authorization", "Bearer "+string(access))
	r.Header.Set("Request-ID", k.requestID)
	r.Header.Set("Content-Type", "application/json")
	if k.organization != 0 {
		r.Header.Set("PAC-Organization-ID", k.organization.String())
	}
	if k.etag != "" {
		r.Header.Set("If-None-Match", k.etag)
	}
	return c.exchanged(r, maxAnswer)
}

// exchanged sends a request and reads its answer. Its errors name no address: it
// holds ids.
func (c *Client) exchanged(r *http.Request, most int64) (answer, error) {
	response, err := c.http.Do(r)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	if err != nil {
		return answer{}, fmt.Errorf("status %d, and then: %w", response.StatusCode, err)
	}
	if int64(len(body)) > most {
		return answer{}, ErrTooLarge
	}
	return answer{response.StatusCode, response.Header, body}, nil
}

// code is the appErrorCode of an answer, "" where it has none.
func (a answer) code() Code {
	var wire struct {
		Error Reason `json:"error"`
	}
	if json.Unmarshal(a.body, &wire) != nil {
		return ""
	}
	return wire.Error.Code
}

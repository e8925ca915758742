package operatorapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// Loads take houses from files into the books.
type Loads interface {
	// Load reads a folder of this machine, tells how far it is, and returns a report
	// that can be written as JSON; what is wrong with the files stands in it.
	Load(ctx context.Context, dir string, progress func(LoadProgress)) (report any, err error)
}

// LoadProgress tells how far a load is.
type LoadProgress struct {
	Doing string `json:"doing"`
	File  string `json:"file"`
	Rows  int    `json:"rows"`
	Read  int64  `json:"read"` // bytes of the file
	Size  int64  `json:"size"`
}

type loadRequest struct {
	Dir string `json:"dir"`
}

// A loadLine is one line of the answer: some of progress, then the end.
type loadLine struct {
	Progress *LoadProgress  `json:"progress,omitempty"`
	Report   jsontext.Value `json:"report,omitzero"`
	Failure  *refusal       `json:"error,omitempty"`
}

// errLoad is for operators alone, so it is not in the catalogue.
var errLoad = &fault.Error{Kind: fault.Refused, Code: "LOAD_FAILED", Message: "the house was not loaded"}

// load answers while it works, a line at a time, for it may work for minutes. The
// command that goes away ends the load; the next one goes on with it.
func (a *api) load(w http.ResponseWriter, r *http.Request) {
	who, err := access.Operator(r.Header.Get(OperatorHeader))
	if err != nil {
		a.fail(w, r, fault.FieldInvalid.Saying(err.Error()))
		return
	}
	var wire loadRequest
	if err := (&call{Request: r, who: who}).decode(&wire); err != nil {
		a.fail(w, r, err)
		return
	}
	if !filepath.IsAbs(wire.Dir) {
		a.fail(w, r, fault.FieldInvalid.Saying("the folder of a house is named by its whole path"))
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	line := func(l loadLine) {
		text, err := json.Marshal(l)
		if err != nil {
			a.log.ErrorContext(r.Context(), "operator request failed", "route", r.Pattern, "err", err)
			return
		}
		_, _ = w.Write(append(text, '\n')) // of a command that is gone the context tells
		_ = http.NewResponseController(w).Flush()
	}
	report, err := a.work.Loads.Load(r.Context(), wire.Dir, sparingly(func(p LoadProgress) { line(loadLine{Progress: &p}) }))
	var text []byte
	if err == nil {
		text, err = json.Marshal(report)
	}
	if err != nil {
		line(loadLine{Failure: &refusal{errLoad.Code, err.Error()}})
		return
	}
	line(loadLine{Report: text})
	a.log.InfoContext(r.Context(), "operator request", "route", r.Pattern, "request_id", who.RequestID)
}

// sparingly tells the first of each file and then a few a second.
func sparingly(tell func(LoadProgress)) func(LoadProgress) {
	const often = 200 * time.Millisecond
	var (
		last time.Time
		what string
	)
	return func(p LoadProgress) {
		if doing := p.Doing + " " + p.File; doing != what || time.Since(last) >= often {
			last, what = time.Now(), doing
			tell(p)
		}
	}
}

// Load has a house loaded, and returns the report as JSON.
func (c *Client) Load(ctx context.Context, dir string, progress func(LoadProgress)) (report []byte, err error) {
	response, err := c.send(ctx, http.MethodPost, loadPath, loadRequest{dir})
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, refusedBy(response)
	}
	lines := jsontext.NewDecoder(response.Body)
	for {
		var l loadLine
		switch err := json.UnmarshalDecode(lines, &l); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, errors.New("the server ended before the house was loaded: load it again, and it goes on")
		case err != nil:
			return nil, fmt.Errorf("read the server's answer: %w", err)
		case l.Failure != nil:
			return nil, errors.New(l.Failure.Message)
		case l.Report != nil:
			return l.Report, nil
		case l.Progress != nil:
			progress(*l.Progress)
		}
	}
}

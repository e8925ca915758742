package partnerapi

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/seatlink/seatlink/internal/fault"
)

// Headers that every call has are asked for as net/http writes them: of another
// spelling it would make a copy, for each request and each header.
const (
	headerApplication  = "Pac-Application-Id"
	headerKey          = "Pac-Api-Key"
	headerChannel      = "Pac-Channel-Code"
	headerOrganization = "Pac-Organization-Id"
	headerRequestID    = "Request-Id"
)

// maxRequestID is the longest Request-ID that is echoed.
const maxRequestID = 128

// requestID is the caller's id where it can be echoed, else a new one. It is
// never a reason to refuse (contract.md §1, Strictness).
func requestID(h http.Header) string {
	id := h.Get(headerRequestID)
	if id == "" || len(id) > maxRequestID || !printable(id) || id != strings.TrimSpace(id) {
		return uuid.NewString()
	}
	return id
}

// printable reports whether s is printable ASCII, the space included.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// soleHeaders refuses a security header that is sent twice: another program on
// the way might believe the other one.
func soleHeaders(h http.Header) error {
	for _, header := range [...]struct{ key, name string }{
		{"Authorization", "Authorization"},
		{headerApplication, "PAC-Application-ID"},
		{headerKey, "PAC-API-Key"},
		{headerChannel, "PAC-Channel-Code"},
		{headerOrganization, "PAC-Organization-ID"},
	} {
		if len(h[header.key]) > 1 {
			return fault.HeaderDuplicate.Saying(header.name + " is sent twice")
		}
	}
	return nil
}

// bearer reads the Authorization header: the scheme in any case, one space, the
// access token.
func bearer(header string) (token string, ok bool) {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " \t,") {
		return "", false
	}
	return token, true
}

// media checks Accept, and of a request with a body Content-Type and
// Content-Encoding.
func media(r *http.Request) error {
	if !acceptsJSON(r.Header["Accept"]) {
		return fault.AcceptExcludesJSON
	}
	if r.ContentLength == 0 {
		return nil
	}
	if kind := r.Header.Get("Content-Type"); kind != "" {
		kind, _, _ = strings.Cut(kind, ";")
		if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
			return fault.MediaTypeWrong
		}
	}
	for _, coding := range r.Header["Content-Encoding"] {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return fault.EncodingUnsupported
		}
	}
	return nil
}

// acceptsJSON reports whether an Accept header lets JSON through. The most
// specific range decides; a range that cannot be read counts for nothing, and
// where none can be read everything is accepted.
func acceptsJSON(headers []string) bool {
	const nothing = -1
	best, accepted, read := nothing, false, false
	for _, header := range headers {
		if header == "application/json" || header == "*/*" {
			return true
		}
		for one := range strings.SplitSeq(header, ",") {
			kind, params, err := mime.ParseMediaType(one)
			if err != nil {
				continue
			}
			quality := 1.0
			if q, ok := params["q"]; ok {
				if quality, err = strconv.ParseFloat(q, 64); err != nil {
					continue
				}
			}
			read = true
			rank := nothing
			switch kind {
			case "*/*", "*":
				rank = 0
			case "application/*":
				rank = 1
			case "application/json":
				rank = 2
			}
			if rank > best {
				best, accepted = rank, quality > 0
			}
		}
	}
	return !read || accepted
}

// Package receive is the subscriber's side of the Link API's push messages
// (calls 14 and 15): an http.Handler that checks who sends, puts messages into
// their order, drops those that were seen, and hands the others on, one at a
// time.
//
// A message is received when it is answered 204. A publisher that does not hear
// that sends it again, maybe merged with what followed; so a message may come
// twice, and never is one lost. Whoever keeps what the messages say with the
// sequence of the last one, in one transaction, knows each seat as the publisher
// does, also after a crash (Handler.Resume).
//
// Where the publisher's messages come by Amazon SNS instead (Options.SNS), they are
// enveloped and signed, or raw, and come in any order: each seat is then known by
// its own last message. SNS gives up after an hour at most, so whoever was away, or
// was started anew, takes the snapshot of the feed, and resumes at its position.
package receive

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The statuses of a seat.
const (
	Lock   = "LOCK"   // it can no longer be listed; active listings of it must go
	Unlock = "UNLOCK" // it is free again
)

// A Seat is an element of a seat message.
type Seat struct {
	AccessID string `json:"accessId"`
	Season   string `json:"season"`
	Item     string `json:"item"`
	Section  string `json:"section"`
	Row      string `json:"row"`
	Seat     string `json:"seat"`
	Status   string `json:"status"` // Lock or Unlock
}

// An Event is an element of an event message: how it stands now.
type Event struct {
	AccessID     string `json:"accessId"`
	SeasonCode   string `json:"seasonCode"`
	ItemCode     string `json:"itemCode"`
	ItemBasis    string `json:"itemBasis"`
	ItemName     string `json:"itemName"`
	StartDate    string `json:"startDate"`
	StartTime    string `json:"startTime"`
	EndDate      string `json:"endDate"`
	EndTime      string `json:"endTime"`
	FacilityCode string `json:"facilityCode"`
	FacilityName string `json:"facilityName"`
}

// A Place is how far a subscriber has come: all up to a sequence of an epoch. A
// publisher whose backup was restored begins a new epoch, and its subscribers
// should take a new snapshot then.
type Place struct{ Epoch, Sequence int64 }

func (p Place) after(o Place) bool {
	return p.Epoch > o.Epoch || p.Epoch == o.Epoch && p.Sequence > o.Sequence
}

// A Message is one that was not seen before. The elements of Seats apply in their
// order: a seat that was sold stands there twice, LOCK and then UNLOCK.
type Message struct {
	ID           string // the same when it is sent again as it was
	Entity       string // seats or events
	Organization int64
	Place
	Resent bool // told again by the publisher's wish; it holds at its place, as all others do
	Seats  []Seat
	Events []Event

	unordered bool // it came by SNS
}

// Options say who may send. Without secrets signatures are not looked at, without
// a user and a password the Authorization is not.
type Options struct {
	User, Password string
	// Secrets verify signatures (Standard Webhooks, whsec_…); one that fits will do,
	// so while a secret is rolled both stand here.
	Secrets []string
	// SNS takes messages of topics of Amazon SNS too; nil is none. With it, what a
	// publisher posts itself must come with the password or a signature.
	SNS *SNS
	// Clock is for tests; nil is time.Now.
	Clock func() time.Time
}

const (
	// tolerance is how far a signature's time may be off (Standard Webhooks).
	tolerance = 5 * time.Minute
	// maxBody is far more than 100 seats need.
	maxBody = 1 << 20
)

// A Handler receives messages. It is safe for concurrent use.
type Handler struct {
	options Options
	take    func(ctx context.Context, m Message) error

	certificates *certificates // of SNS

	mu    sync.Mutex // held while a message is taken, so that they go on in order
	last  map[topic]Place
	marks map[subject]mark // of what comes in any order
	swept time.Time
}

type topic struct {
	organization int64
	entity       string
}

// New makes a handler that gives each new message to take, one at a time. Where
// take returns an error the message is answered 500, and comes again.
func New(options Options, take func(ctx context.Context, m Message) error) *Handler {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	h := &Handler{options: options, take: take, last: map[topic]Place{}, marks: map[subject]mark{}, swept: options.Clock()}
	if options.SNS != nil {
		sns := *options.SNS
		if sns.Client == nil {
			sns.Client = &http.Client{}
		}
		client := *sns.Client // another host is never followed to
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		sns.Client = &client
		h.options.SNS, h.certificates = &sns, newCertificates(&sns)
	}
	return h
}

// Resume tells the handler how far an earlier one has come, or the position of a
// snapshot. Messages up to there are dropped.
func (h *Handler) Resume(organization int64, entity string, at Place) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last[topic{organization, entity}] = at
}

// ServeHTTP receives one message: 204 where it was taken or seen before, 400 where
// it is none, 401 where the sender is not who it should be, 403 where SNS did not
// sign it for a topic that is known, 500 where take failed.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if !h.knows(r) {
		// Some publishers show their password only when they are asked for it.
		w.Header().Set("WWW-Authenticate", `Basic realm="messages"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		refuse(w)
		return
	}
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError) // it was cut short, and comes again
		return
	}
	if h.options.SNS != nil && r.Header.Get(kindHeader) != "" {
		w.WriteHeader(h.hear(r, body))
		return
	}
	if !h.signed(r.Header, body) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	m, err := read(r.Header, body)
	if err != nil {
		refuse(w)
		return
	}
	if err := h.hand(r.Context(), m); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// hear takes what SNS posted, and says the status. SNS comes again after 500, and
// takes anything below for an answer.
func (h *Handler) hear(r *http.Request, body []byte) int {
	m, err := h.ofSNS(r.Context(), r.Header, body)
	if err == nil && m != nil {
		err = h.hand(r.Context(), *m)
	}
	switch {
	case err == nil:
		return http.StatusNoContent
	case errors.Is(err, errForged):
		return http.StatusForbidden
	case errors.Is(err, errNoSNS), errors.Is(err, errNoMessage):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

func refuse(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, "{}") // a sender that is gone needs no answer
}

func (h *Handler) knows(r *http.Request) bool {
	if h.options.User == "" && h.options.Password == "" {
		return true
	}
	user, password, _ := r.BasicAuth()
	users := subtle.ConstantTimeCompare([]byte(user), []byte(h.options.User))
	passwords := subtle.ConstantTimeCompare([]byte(password), []byte(h.options.Password))
	return users&passwords == 1
}

// signed reports whether one of the signatures fits one of the secrets.
func (h *Handler) signed(header http.Header, body []byte) bool {
	if len(h.options.Secrets) == 0 {
		return h.options.SNS == nil || h.guarded() // else whoever leaves out the header of SNS would come in
	}
	id, stamp := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || h.options.Clock().Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return false
	}
	for _, secret := range h.options.Secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) == 0 {
			continue
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "."))
		mac.Write(body)
		want := mac.Sum(nil)
		for one := range strings.FieldsSeq(header.Get("Webhook-Signature")) {
			version, text, _ := strings.Cut(one, ",")
			got, err := base64.StdEncoding.DecodeString(text)
			if err == nil && version == "v1" && hmac.Equal(got, want) {
				return true
			}
		}
	}
	return false
}

var errNoMessage = errors.New("it is no message")

// read takes a message apart. One without a sequence is of a publisher that does
// not tell: it is taken as it comes.
func read(header http.Header, body []byte) (Message, error) {
	var wire struct {
		Data struct {
			Seats  []Seat  `json:"seats"`
			Events []Event `json:"events"`
		} `json:"data"`
		Metadata struct {
			Entity       string `json:"messageEntity"`
			Organization int64  `json:"pacOrganizationId"`
			RequestID    string `json:"requestId"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return Message{}, errNoMessage
	}
	m := Message{
		ID: header.Get("Webhook-Id"), Entity: wire.Metadata.Entity, Organization: wire.Metadata.Organization, Resent: header.Get("Link-Resent") == "1",
		Seats: wire.Data.Seats, Events: wire.Data.Events,
	}
	if m.ID == "" {
		m.ID = wire.Metadata.RequestID
	}
	if m.Entity != "seats" && m.Entity != "events" {
		return m, errNoMessage
	}
	for _, s := range m.Seats {
		if s.AccessID == "" || s.Status != Lock && s.Status != Unlock {
			return m, errNoMessage
		}
	}
	for name, into := range map[string]*int64{"Link-Sequence": &m.Sequence, "Link-Epoch": &m.Epoch} {
		text := header.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return m, errNoMessage
		}
		*into = n
	}
	return m, nil
}

// hand gives a message on unless it was seen.
func (h *Handler) hand(ctx context.Context, m Message) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	of := topic{m.Organization, m.Entity}
	last := h.last[of]
	ordered := m.Sequence > 0
	if ordered && !m.after(last) && !(m.Resent && m.Place == last) {
		return nil // an older state must not overwrite a newer one
	}
	elements := len(m.Seats) + len(m.Events)
	if ordered {
		h.news(&m)
	}
	if elements == 0 || len(m.Seats)+len(m.Events) > 0 {
		if err := h.take(ctx, m); err != nil {
			return err
		}
	}
	switch {
	case ordered && m.unordered:
		h.note(&m)
	case ordered:
		h.last[of] = m.Place
	}
	return nil
}

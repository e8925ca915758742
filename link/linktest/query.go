package linktest

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	queryVersion = "2010-03-31"
	queryXMLNS   = "http://sns.amazonaws.com/doc/2010-03-31/"
	maxQuery     = 2 << 20
)

// A refusal is an answer that is an error.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func invalid(format string, args ...any) error {
	return &refusal{http.StatusBadRequest, "InvalidParameter", "Invalid parameter: " + fmt.Sprintf(format, args...)}
}

func notFound(what string) error {
	return &refusal{http.StatusNotFound, "NotFound", what + " does not exist"}
}

// open are the actions that a link in a message leads to: nobody signs those.
var open = map[string]bool{"ConfirmSubscription": true, "Unsubscribe": true}

// actions are what it does; each returns the inside of its answer's result.
func (s *SNS) actions() map[string]func(q url.Values) (any, error) {
	return map[string]func(q url.Values) (any, error){
		"CreateTopic":               s.createTopic,
		"DeleteTopic":               s.deleteTopic,
		"SetTopicAttributes":        s.setTopicAttributes,
		"Subscribe":                 s.subscribe,
		"ConfirmSubscription":       s.confirm,
		"Unsubscribe":               s.unsubscribe,
		"SetSubscriptionAttributes": s.setSubscriptionAttributes,
		"Publish":                   s.publish,
		"PublishBatch":              s.publishBatch,
	}
}

// ServeHTTP answers the Query protocol, and serves the certificate.
func (s *SNS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.Path == certificatePath {
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(s.signer.pem)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuery))
	if err != nil {
		return
	}
	q, err := url.ParseQuery(r.URL.RawQuery + "&" + string(body))
	if err != nil {
		answer(w, "", nil, invalid("the query is malformed"))
		return
	}
	action := q.Get("Action")
	do, known := s.actions()[action]
	switch {
	case !known:
		err = &refusal{http.StatusBadRequest, "InvalidAction", action + " is not built here"}
	case r.Method == http.MethodGet && open[action]: // a link in a message
	case q.Get("Version") != queryVersion:
		err = &refusal{http.StatusBadRequest, "NoSuchVersion", "the version is " + queryVersion}
	default:
		err = s.authenticate(r, body)
	}
	lose := false
	if err == nil {
		lose, err = s.mood(action)
	}
	var result any
	if err == nil {
		result, err = do(q)
	}
	if lose {
		panic(http.ErrAbortHandler) // the one way to cut a connection on purpose
	}
	answer(w, action, result, err)
}

// mood counts the call, and says what a test has ordered for it.
func (s *SNS) mood(action string) (lose bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[action]++
	if action != "Publish" && action != "PublishBatch" {
		return false, nil
	}
	if s.throttled > 0 {
		s.throttled--
		return false, &refusal{http.StatusTooManyRequests, "Throttled", "Rate exceeded"}
	}
	if s.lost > 0 {
		s.lost--
		return true, nil
	}
	return false, nil
}

type errorXML struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	NS        string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

func answer(w http.ResponseWriter, action string, result any, err error) {
	w.Header().Set("Content-Type", "text/xml")
	id := newID()
	w.Header().Set("x-amzn-RequestId", id)
	if r, refused := err.(*refusal); refused { //nolint:errorlint // made here, never wrapped
		w.WriteHeader(r.status)
		kind := "Sender"
		if r.status >= http.StatusInternalServerError {
			kind = "Receiver"
		}
		_ = xml.NewEncoder(w).Encode(errorXML{NS: queryXMLNS, Type: kind, Code: r.code, Message: r.message, RequestID: id})
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	inside, err := xml.Marshal(result)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	// Only actions that are known come here, so their names need no escape.
	_, _ = fmt.Fprintf(w, //nolint:gosec // XML for programs, which was escaped when it was made
		`<%[1]sResponse xmlns="%[2]s">%[3]s<ResponseMetadata><RequestId>%[4]s</RequestId></ResponseMetadata></%[1]sResponse>`,
		action, queryXMLNS, inside, id)
}

// entries are the values of a list of pairs, such as Attributes.entry.1.key.
func entries(q url.Values, prefix, name, value string) map[string]string {
	pairs := map[string]string{}
	for i := 1; ; i++ {
		at := fmt.Sprintf("%s.%d.", prefix, i)
		if !q.Has(at + name) {
			return pairs
		}
		pairs[q.Get(at+name)] = q.Get(at + value)
	}
}

// messageAttributes are those of one message.
func messageAttributes(q url.Values, prefix string) (map[string]Attribute, error) {
	found := map[string]Attribute{}
	for i := 1; ; i++ {
		at := fmt.Sprintf("%sMessageAttributes.entry.%d.", prefix, i)
		if !q.Has(at + "Name") {
			return found, nil
		}
		name, kind := q.Get(at+"Name"), q.Get(at+"Value.DataType")
		value := q.Get(at + "Value.StringValue")
		basic, _, _ := strings.Cut(kind, ".")
		switch basic {
		case "Binary":
			value = q.Get(at + "Value.BinaryValue")
		case "String", "Number":
		default:
			return nil, &refusal{http.StatusBadRequest, "ParameterValueInvalid", "the attribute " + name + " has no type that there is"}
		}
		if value == "" {
			return nil, &refusal{http.StatusBadRequest, "ParameterValueInvalid", "the attribute " + name + " has no value"}
		}
		found[name] = Attribute{kind, value}
	}
}

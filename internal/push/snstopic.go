package push

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// An SNSTopic is a topic of Amazon SNS that a subscription's messages go to
// instead of an endpoint; the zero one is none.
type SNSTopic struct {
	ARN    string
	Region string // of the requests; "" is the ARN's
	// KeyID and Key are the credentials. Without them the default chain of the AWS
	// SDK is asked: environment, files, the machine's role.
	KeyID, Key string
}

// topicARN is what names a topic.
var topicARN = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:([A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo)$`)

// Valid reports whether the topic's name is one.
func (t SNSTopic) Valid() bool { return topicARN.MatchString(t.ARN) }

// fifo reports whether the topic keeps order by groups.
func (t SNSTopic) fifo() bool { return strings.HasSuffix(t.ARN, fifoSuffix) }

func (t SNSTopic) region() string {
	if t.Region != "" {
		return t.Region
	}
	if parts := strings.Split(t.ARN, ":"); len(parts) > 3 {
		return parts[3]
	}
	return ""
}

const fifoSuffix = ".fifo"

// fifoID is what SNS takes as the id of a group or of a deduplication.
var fifoID = regexp.MustCompile("^[A-Za-z0-9!\"#$%&'()*+,./:;<=>?@\\[\\\\\\]^_`{|}~-]{1,128}$")

// named is a text as such an id. One that SNS would refuse (a row with a space in
// its name) is named by its digest.
func named(text string) string {
	if fifoID.MatchString(text) {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// A place is what an entry of SNS says of where its seat is.
type place struct {
	Event   string `json:"accessId"`
	Section string `json:"section"`
	Row     string `json:"row"`
	Seat    string `json:"seat"`
}

// placeOf reads where the one element of a message is. An event has only itself.
func (m *Message) placeOf() (p place) {
	e := &m.elements[0]
	if m.Entity == boxoffice.Events {
		return place{Event: e.subject}
	}
	_ = json.Unmarshal(append(slices.Clip(e.words), `"}`...), &p) // words are ours: a seat's object, cut before its status
	return p
}

func (p place) group() string {
	if p.Seat == "" {
		return named(p.Event)
	}
	return named(p.Event + "/" + p.Section + "/" + p.Row + "/" + p.Seat)
}

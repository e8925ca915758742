package push

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// What SNS says, as answers that the relay judges (docs/adr/0013).
const (
	statusTaken     = http.StatusOK
	statusRefused   = http.StatusBadRequest // the entry itself is wrong
	statusThrottled = http.StatusTooManyRequests
	statusFailed    = http.StatusInternalServerError
	statusDenied    = http.StatusForbidden
)

// A doorway is a door as the client of an SDK.
type doorway struct{ door *Door }

// Do sends a request to an address that the door may name, and bounds the answer.
func (d doorway) Do(r *http.Request) (*http.Response, error) {
	if !d.door.mayName(r.URL) {
		return nil, errUnreached
	}
	response, err := d.door.http.Do(r) //nolint:gosec // the operator named the address, and the door judges where it leads
	if err != nil {
		return nil, errUnreached
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, maxAnswer), response.Body}
	return response, nil
}

var errNoCredentials = errors.New("no credentials for AWS were found")

// A purse tells credentials that are missing from a call that failed.
type purse struct{ aws.CredentialsProvider }

// Retrieve is aws.CredentialsProvider's.
func (p purse) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := p.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = errNoCredentials // what the chain says of each place it looked is nobody's message
	}
	return found, err
}

// An outcome is what one call came to.
type outcome struct {
	all   []Answer // that are no success
	whole bool     // it is the call that failed
}

// publish makes one call, and remembers what was taken.
func (l *line) publish(ctx context.Context, t SNSTopic, batch []entry) (outcome, error) {
	in := &sns.PublishBatchInput{TopicArn: &t.ARN}
	for i := range batch {
		wire := batch[i].wire
		wire.Id = aws.String(strconv.Itoa(i))
		in.PublishBatchRequestEntries = append(in.PublishBatchRequestEntries, wire)
	}
	out, err := l.client.PublishBatch(ctx, in)
	if err != nil {
		answer, answered := answerOf(err)
		if !answered {
			return outcome{}, errUnreached
		}
		return outcome{[]Answer{answer}, true}, nil
	}
	told := make([]bool, len(batch))
	for _, taken := range out.Successful {
		if i, err := strconv.Atoi(aws.ToString(taken.Id)); err == nil && i >= 0 && i < len(batch) {
			told[i] = true
			if batch[i].lasting {
				l.mu.Lock()
				l.taken[batch[i].id] = batch[i].sequence
				l.mu.Unlock()
			}
		}
	}
	var got outcome
	for _, failed := range out.Failed {
		if i, err := strconv.Atoi(aws.ToString(failed.Id)); err == nil && i >= 0 && i < len(batch) {
			told[i] = true
		}
		got.all = append(got.all, entryAnswer(failed))
	}
	for _, known := range told {
		if !known { // an entry that nobody spoke of was not taken
			got.all = append(got.all, Answer{Status: statusFailed})
		}
	}
	return got, nil
}

// throttling are the codes that ask for less.
var throttling = map[string]bool{
	"Throttled": true, "Throttling": true, "ThrottledException": true, "ThrottlingException": true, "KMSThrottling": true, "KMSThrottlingException": true,
	"RequestThrottled": true, "TooManyRequestsException": true, "RequestLimitExceeded": true,
}

// contents are the codes that say that the entry itself is wrong.
var contents = map[string]bool{
	"InvalidParameter": true, "InvalidParameterValue": true, "ParameterValueInvalid": true, "InvalidParameterException": true, "InvalidMessageContents": true,
}

// entryAnswer is what one entry met.
func entryAnswer(failed types.BatchResultErrorEntry) Answer {
	code := aws.ToString(failed.Code)
	said := spoken(code)
	switch {
	case throttling[code]:
		return Answer{Status: statusThrottled, Said: said}
	case failed.SenderFault && contents[code]:
		return Answer{Status: statusRefused, Said: said}
	case failed.SenderFault:
		return Answer{Status: statusDenied, Said: said}
	}
	return Answer{Status: statusFailed, Said: said}
}

// answerOf is what a call as a whole met; it reports false where nobody answered.
// It never says that a seat is wrong: a right that was withdrawn, or a topic with
// another name, would bury them all.
func answerOf(err error) (Answer, bool) {
	if errors.Is(err, errNoCredentials) {
		return Answer{Status: http.StatusUnauthorized, Said: "no credentials"}, true
	}
	var answer Answer
	if response := (*smithyhttp.ResponseError)(nil); errors.As(err, &response) && response.Response != nil {
		answer.Status = response.HTTPStatusCode()
		answer.RetryAfter = retryAfter(response.Response.Header.Get("Retry-After"))
	}
	if answer.Status == 0 {
		return Answer{}, false
	}
	if api := smithy.APIError(nil); errors.As(err, &api) {
		answer.Said = spoken(api.ErrorCode())
		if throttling[api.ErrorCode()] {
			answer.Status = statusThrottled
			return answer, true
		}
	}
	switch {
	case answer.Status < http.StatusMultipleChoices: // the answer could not be read
		answer.Status = http.StatusBadGateway
	case refused(answer) || answer.Status == http.StatusGone:
		answer.Status = statusDenied
	}
	return answer, true
}

// failures are the answers that were no success.
type failures []Answer

func (f *failures) add(answers ...Answer) { *f = append(*f, answers...) }

// worst is what follows from all of them: as long as something may be tried again
// that comes first, and what is refused by itself waits for its turn.
func (f failures) worst() Answer {
	worst := Answer{Status: statusTaken}
	for _, a := range f {
		if worst.Status == statusTaken || refused(worst) && !refused(a) || a.Status == statusThrottled {
			worst = a
		}
	}
	return worst
}

// codes are what SNS calls its errors.
var codes = regexp.MustCompile(`^[A-Za-z0-9.]{1,64}$`)

// spoken is a code as operators may read it.
func spoken(code string) string {
	if !codes.MatchString(code) {
		return ""
	}
	return code
}

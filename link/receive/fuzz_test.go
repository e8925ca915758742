package receive_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/link/receive"
)

// Whatever is posted in the name of SNS, nothing unsigned is taken, and nobody but
// SNS is asked for a certificate.
func FuzzNothingUnsignedIsTakenForSNS(f *testing.F) {
	f.Add("Notification", "false", `{"Type":"Notification","MessageId":"m","TopicArn":"`+euTopic+`","Message":"{}","Timestamp":"2023-11-14T22:13:20.000Z","SignatureVersion":"2","Signature":"AAAA","SigningCertURL":"https://sns.eu-west-1.amazonaws.com/x.pem"}`)
	f.Add("SubscriptionConfirmation", "false", `{"Type":"SubscriptionConfirmation","SubscribeURL":"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription","TopicArn":"`+euTopic+`","Timestamp":"2023-11-14T22:13:20.000Z","SigningCertURL":"https://sns.eu-west-1.amazonaws.com@example.com/x.pem"}`)
	f.Add("Notification", "true", body("LOCK"))
	f.Fuzz(func(t *testing.T, kind, raw, text string) {
		amazon := &web{pages: map[string][]byte{}, asked: map[string]int{}}
		h := receive.New(receive.Options{SNS: &receive.SNS{Topics: []string{euTopic}, Client: &http.Client{Transport: amazon}}, Clock: clockOfTests},
			func(context.Context, receive.Message) error { t.Error("it is taken"); return nil })
		r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", strings.NewReader(text))
		r.Header.Set("X-Amz-Sns-Message-Type", kind)
		r.Header.Set("X-Amz-Sns-Rawdelivery", raw)
		r.Header.Set("X-Amz-Sns-Topic-Arn", euTopic)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code < 400 {
			t.Errorf("answered %d", w.Code)
		}
		for at := range amazon.asked {
			if !strings.HasPrefix(at, "https://sns.eu-west-1.amazonaws.com/") {
				t.Errorf("it asks %s", at)
			}
		}
	})
}

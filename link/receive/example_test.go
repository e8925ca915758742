package receive_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/seatlink/seatlink/link/linktest"
	"github.com/seatlink/seatlink/link/receive"
)

// A marketplace keeps a map of the seats that may not be listed, equal to the
// publisher's.
func Example() {
	type place struct{ event, section, row, seat string }
	locked := map[place]bool{}
	messages := receive.New(receive.Options{User: "seatlink", Password: "password"}, func(_ context.Context, m receive.Message) error {
		for _, s := range m.Seats {
			at := place{s.AccessID, s.Section, s.Row, s.Seat}
			if s.Status == receive.Lock {
				locked[at] = true // and take its listings down
			} else {
				delete(locked, at)
			}
		}
		return nil
	})
	// In a program: http.Handle("POST /seats", messages).
	market := httptest.NewServer(messages)
	defer market.Close()

	deliver := func(sequence, seat, status string) {
		body := `{"data":{"seats":[{"accessId":"999:F23:F01","season":"F23","item":"F01","section":"ES:9","row":"30","seat":"` + seat + `","status":"` + status +
			`"}]},"metadata":{"messageEntity":"seats","pacOrganizationId":999,"requestId":"a1b2c3"}}`
		request, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, market.URL, strings.NewReader(body))
		request.SetBasicAuth("seatlink", "password")
		request.Header.Set("Link-Sequence", sequence)
		answer, err := market.Client().Do(request)
		if err != nil {
			fmt.Println(err)
			return
		}
		answer.Body.Close()
		fmt.Println(seat, status, answer.StatusCode, len(locked))
	}
	deliver("1", "25", "LOCK")
	deliver("2", "26", "LOCK")
	deliver("3", "25", "UNLOCK")
	deliver("1", "25", "LOCK") // once more, late: it changes nothing
	// Output:
	// 25 LOCK 204 1
	// 26 LOCK 204 2
	// 25 UNLOCK 204 1
	// 25 LOCK 204 1
}

// The same marketplace hears by Amazon SNS, which delivers in any order. For a test
// SNS runs on this machine; a program names its topics and leaves out the rest.
func Example_sns() {
	amazon, err := linktest.NewSNS(linktest.SNSOptions{Next: func(n int) int { return n - 1 }}) // the newest first
	if err != nil {
		fmt.Println(err)
		return
	}
	defer amazon.Close()
	topic, err := amazon.CreateTopic("seats-999")
	if err != nil {
		fmt.Println(err)
		return
	}

	var mu sync.Mutex
	status := map[string]string{}
	messages := receive.New(receive.Options{SNS: &receive.SNS{
		Topics: []string{topic},
		Host:   amazon.Host, Client: amazon.Client(), Roots: amazon.Roots, // for the test
	}}, func(_ context.Context, m receive.Message) error {
		mu.Lock()
		defer mu.Unlock()
		for _, s := range m.Seats {
			status[s.Seat] = s.Status
		}
		return nil
	})
	market := httptest.NewServer(messages)
	defer market.Close()

	// Whoever owns the topic subscribes the market, which confirms it by itself.
	if err := amazon.Subscribe(topic, market.URL, false, ""); err != nil {
		fmt.Println(err)
		return
	}
	_ = amazon.Drain(context.Background())
	publish := func(sequence, seat, status string) {
		_ = amazon.Publish(linktest.Published{Topic: topic, Message: `{"data":{"seats":[{"accessId":"999:F23:F01","season":"F23","item":"F01","section":"ES:9","row":"30","seat":"` +
			seat + `","status":"` + status + `"}]},"metadata":{"messageEntity":"seats","pacOrganizationId":999,"requestId":"999-seats-1-` + sequence + `"}}`})
	}
	publish("1", "25", "LOCK")
	publish("2", "26", "LOCK")
	publish("3", "25", "UNLOCK") // which may arrive before the first
	_ = amazon.Drain(context.Background())
	fmt.Println(amazon.Confirmed(topic), status["25"], status["26"])
	// Output:
	// true UNLOCK LOCK
}

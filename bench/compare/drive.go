package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A lap is what one contestant did at one number of clients in one round.
type lap struct {
	Contestant string  `json:"contestant"`
	Clients    int     `json:"clients"`
	Round      int     `json:"round"`
	Done       int     `json:"done"`
	Seconds    float64 `json:"seconds"`
	Rate       float64 `json:"rate"` // done a second
	P50        float64 `json:"p50"`  // milliseconds
	P99        float64 `json:"p99"`
	// Busy is the share of the time in which our writers had a batch in hand. SQLite has
	// one writer, so 1/Busy of the rate is all that its transactions allow.
	Busy float64 `json:"busy,omitempty"`
	noise
	Void string `json:"void,omitempty"` // why it does not count
}

// An ask is one request and what tells that its answer did what was asked.
type ask struct {
	request []byte
	right   func(body []byte) bool
}

// An asker gives one client its next request; false is the end. The bytes are the
// client's own and good until the next call.
type asker func() (ask, bool)

// drive has clients ask, each on a connection of its own and the next request as
// soon as the answer is here, until the time is over. Any answer but a right one
// ends it: a rate of failures is no rate. With a pace (requests a second of all
// clients together) requests are sent by the clock and their time counts from
// when they were due, so a server that falls behind cannot hide it.
func drive(ctx context.Context, host string, clients int, d time.Duration, pace float64, each func(client int) asker) (lap, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var (
		all   sync.WaitGroup
		times = make([][]time.Duration, clients)
		lines = make([]*line, clients)
		ready = make(chan struct{})
		over  atomic.Bool
		start time.Time
	)
	for i := range clients {
		l, err := dial(host)
		if err != nil {
			return lap{}, err
		}
		defer l.close()
		lines[i] = l
	}
	for i := range clients {
		all.Go(func() {
			next := each(i)
			<-ready
			for n := 0; !over.Load(); n++ {
				var due time.Time
				if pace > 0 {
					due = start.Add(time.Duration(float64(n*clients+i) / pace * float64(time.Second)))
					if due.Sub(start) > d {
						return
					}
				}
				a, more := next() // what was taken is sent: the blocks that are done are the first ones
				if !more {
					return
				}
				sent := time.Now()
				if pace > 0 {
					time.Sleep(time.Until(due))
					sent = due
				}
				if err := lines[i].do(a); err != nil {
					over.Store(true)
					stop(err)
					return
				}
				times[i] = append(times[i], time.Since(sent))
			}
		})
	}
	start = time.Now()
	timer := time.AfterFunc(d, func() { over.Store(pace == 0 || over.Load()) })
	defer timer.Stop()
	close(ready)
	all.Wait()
	took := time.Since(start)
	if err := context.Cause(ctx); err != nil {
		return lap{}, err
	}
	l := measured(slices.Concat(times...), took)
	if l.Done == 0 {
		return l, errors.New("nothing was done")
	}
	return l, nil
}

func measured(times []time.Duration, took time.Duration) lap {
	l := lap{Done: len(times), Seconds: took.Seconds(), Rate: float64(len(times)) / took.Seconds()}
	if slices.Sort(times); l.Done > 0 {
		l.P50, l.P99 = milliseconds(times[l.Done/2]), milliseconds(times[l.Done*99/100])
	}
	return l
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// A line is a connection that sends requests as bytes and reads just enough of the
// answers: what it costs is taken from the server, which shares the cores.
type line struct {
	conn net.Conn
	read *bufio.Reader
	body bytes.Buffer
}

func dial(host string) (*line, error) {
	conn, err := net.DialTimeout("tcp", host, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &line{conn: conn, read: bufio.NewReaderSize(conn, 16<<10)}, nil
}

func (l *line) close() { _ = l.conn.Close() }

const patience = time.Minute // for one answer

func (l *line) do(a ask) error {
	if err := l.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := l.conn.Write(a.request); err != nil {
		return err
	}
	status, err := l.answer()
	if err != nil {
		return err
	}
	if status < 200 || status > 299 || a.right != nil && !a.right(l.body.Bytes()) {
		return fmt.Errorf("not what was asked for: %d %.300s", status, l.body.Bytes())
	}
	return nil
}

// answer reads a whole answer; its body is then in l.body.
func (l *line) answer() (status int, err error) {
	length, chunked := -1, false
	for first := true; ; first = false {
		text, err := l.text()
		if err != nil {
			return 0, err
		}
		name, value, _ := bytes.Cut(text, []byte(": "))
		switch {
		case first && len(text) < 12:
			return 0, errors.New("no answer of HTTP")
		case first:
			if status, err = strconv.Atoi(string(text[9:12])); err != nil {
				return 0, err
			}
		case len(text) == 0:
			l.body.Reset()
			if chunked {
				return status, l.chunks()
			}
			_, err = io.CopyN(&l.body, l.read, int64(max(length, 0)))
			return status, err
		case len(name) == 14 && strings.EqualFold(string(name), "content-length"):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		case len(name) == 17 && strings.EqualFold(string(name), "transfer-encoding"):
			chunked = string(value) == "chunked"
		}
	}
}

func (l *line) chunks() error {
	for {
		text, err := l.text()
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(text), 16, 64)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(&l.body, l.read, size); err != nil {
			return err
		}
		if _, err := l.text(); err != nil || size == 0 {
			return err
		}
	}
}

func (l *line) text() ([]byte, error) {
	text, err := l.read.ReadSlice('\n')
	return bytes.TrimRight(text, "\r\n"), err
}

// A stencil is a request with places, all of one width, that a client writes its
// words into: no request is built while the clock runs.
type stencil struct {
	text   []byte
	places []int
}

const hole = "\x00"

// cut makes a stencil of a request in which holes of this width stand for words.
func cut(width int, head, body string) stencil {
	fill := strings.Repeat("0", width)
	body = strings.ReplaceAll(body, hole, strings.Repeat(hole, width))
	text := head
	if body != "" {
		text += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	text += "\r\n" + body
	var s stencil
	for at := strings.IndexByte(text, 0); at >= 0; at = strings.IndexByte(text, 0) {
		s.places = append(s.places, at)
		text = text[:at] + fill + text[at+width:]
	}
	s.text = []byte(text)
	return s
}

func (s stencil) own() stencil { return stencil{slices.Clone(s.text), s.places} }

func (s stencil) write(words ...string) []byte {
	for i, at := range s.places {
		copy(s.text[at:], words[i%len(words)])
	}
	return s.text
}

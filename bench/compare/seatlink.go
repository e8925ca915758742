package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A seatlink is our server on one database, with a partner that is let in.
type seatlink struct {
	program, url, key string // the database
	db                *sql.DB
	house             house
	server            *child
	host              string // its address, where requests go
	metrics           string // where its metrics are
	head              string // the headers of a request
	at                atomic.Int64
	order             []int // of the blocks, at random
	begun             int64 // the first block that is locked
	rows              int64 // of the journal, by our count
	secrets           struct{ key, code string }
}

// fill loads a house into a fresh database and lets a partner in.
func (s *seatlink) fill(ctx context.Context, dir string) error {
	if _, err := call(ctx, s.program, "house", "load", dir, "--db", s.url, "--key", s.key); err != nil {
		return err
	}
	partner := func(what string, args ...string) (secret string, err error) {
		out, err := call(ctx, s.program, append([]string{"partner", what, application, "--db", s.url, "--key", s.key, "--output", "json"}, args...)...)
		var told struct{ Secret string }
		if err == nil {
			err = json.Unmarshal([]byte(out), &told)
		}
		return told.Secret, err
	}
	if _, err := partner("add", "--name", "Bench", "--channel", channel, "--organization", "999"); err != nil {
		return err
	}
	var err error
	if s.secrets.key, err = partner("key"); err != nil {
		return err
	}
	s.secrets.code, err = partner("code")
	return err
}

// serve starts the server; ready is how long it took until it answered.
func (s *seatlink) serve(ctx context.Context, args ...string) (ready time.Duration, err error) {
	began := time.Now()
	args = append([]string{"serve", "--db", s.url, "--key", s.key, "--addr", "127.0.0.1:0", "--log-level", "warn", "--connections-per-address", "5000", "--sandbox", "--ops-addr", "127.0.0.1:0"}, args...)
	if s.server, err = start(ctx, exec.Command(s.program, args...), "metrics on http://"); err != nil {
		return 0, err
	}
	s.host = strings.Fields(s.server.word("seatlink serves http://"))[0]
	s.metrics = "http://" + strings.Fields(s.server.word("metrics on http://"))[0]
	resp, err := http.Get("http://" + s.host + "/readyz")
	if err != nil {
		return 0, err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("/readyz answers %d", resp.StatusCode)
	}
	return time.Since(began), nil
}

// enter spends the partner's code, once for a house.
func (s *seatlink) enter() error {
	resp, err := http.Post("http://"+s.host+"/v1/auth/token", "application/json",
		strings.NewReader(fmt.Sprintf(`{"grantType":"authorization_code","code":%q}`, s.secrets.code)))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var pair struct{ AccessToken string }
	if err := json.NewDecoder(resp.Body).Decode(&pair); err != nil || pair.AccessToken == "" {
		return fmt.Errorf("the partner is not let in: %d %w", resp.StatusCode, err)
	}
	s.head = fmt.Sprintf("Host: %s\r\nUser-Agent: bench/1.0\r\nAccept: application/json\r\nAuthorization: Bearer %s\r\nPAC-Application-ID: %s\r\n"+
		"PAC-API-Key: %s\r\nPAC-Channel-Code: %s\r\nPAC-Organization-ID: 999\r\nRequest-ID: 7f3c2b1e-5d4a-4c6b-9e8f-0a1b2c3d4e5f\r\n",
		s.host, pair.AccessToken, application, s.secrets.key, channel)
	return nil
}

// request is a stencil of one.
func (s *seatlink) request(method, path, body string) stencil {
	return cut(tokenWidth, method+" "+path+" HTTP/1.1\r\n"+s.head, body)
}

func lockBody() string {
	one := `{"token":"` + hole + `","individualPrice":100}`
	return `{"source":"MY_ACCOUNT","listing":{"externalListingId":"L-1","totalPrice":400,"tokens":[` + strings.Join(slices.Repeat([]string{one}, blockSize), ",") + `]}}`
}

func block(n int) []string {
	tokens := make([]string, blockSize)
	for i := range tokens {
		tokens[i] = token(n*blockSize + i)
	}
	return tokens
}

// names tells that an answer is of these tickets, all of them done.
func names(tokens []string) func([]byte) bool {
	return func(body []byte) bool {
		for _, t := range tokens {
			if !bytes.Contains(body, []byte(t)) {
				return false
			}
		}
		return !bytes.Contains(body, []byte(`"errors"`))
	}
}

// next is a block that nobody had yet, of those that order holds.
func (s *seatlink) next() (int, bool) {
	n := s.at.Add(1) - 1
	if n-s.begun >= int64(len(s.order)) {
		return 0, false
	}
	return s.order[n%int64(len(s.order))], true
}

// atWork is how long batches of acts took so far, all in all.
func (s *seatlink) atWork(ctx context.Context) (seconds float64, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.metrics, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	const sum = `seatlink_batch_seconds_sum{kind="acts"} `
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), sum); ok {
			return strconv.ParseFloat(text, 64)
		}
	}
	return 0, nil // there was none
}

// driven is drive, and tells how long our writers were at work.
func (s *seatlink) driven(ctx context.Context, clients int, d time.Duration, pace float64, each func(int) asker) (lap, error) {
	before, err := s.atWork(ctx)
	if err != nil {
		return lap{}, err
	}
	l, err := drive(ctx, s.host, clients, d, pace, each)
	if err != nil {
		return l, err
	}
	after, err := s.atWork(ctx)
	l.Busy = (after - before) / l.Seconds
	return l, err
}

// locks has clients lock blocks that are free, and counts what changed.
func (s *seatlink) locks(ctx context.Context, clients int, d time.Duration, pace float64) (lap, error) {
	form := s.request("PUT", "/v1/tickets/lock", lockBody())
	s.begun = s.at.Load()
	l, err := s.driven(ctx, clients, d, pace, func(int) asker {
		mine := form.own()
		return func() (ask, bool) {
			n, more := s.next()
			tokens := block(n)
			return ask{mine.write(tokens...), names(tokens)}, more
		}
	})
	if err != nil {
		return l, err
	}
	s.at.Store(s.begun + int64(l.Done)) // those who found no block counted too
	s.rows += int64(l.Done) * blockSize
	return l, s.counted(ctx, &l)
}

// counted makes a lap void unless the tickets' versions and the journal both grew
// by what we counted.
func (s *seatlink) counted(ctx context.Context, l *lap) error {
	var versions, journal int64
	if err := s.db.QueryRowContext(ctx, `SELECT CAST(SUM(version) AS BIGINT) FROM ticket`).Scan(&versions); err != nil {
		return err
	}
	err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM journal WHERE entity = 'seats'`).Scan(&journal)
	if versions != s.rows || journal != s.rows {
		l.Void = fmt.Sprintf("%d rows should have changed; versions grew by %d, the journal by %d", s.rows, versions, journal)
	}
	return err
}

// unlock frees what the last lap locked; it is not measured.
func (s *seatlink) unlock(ctx context.Context) error {
	const perBody = 100 // blocks, 400 of the 500 tokens that a body may have
	const clients = 4
	var from, to atomic.Int64
	from.Store(s.begun)
	to.Store(s.at.Load())
	_, err := drive(ctx, s.host, clients, patience, 0, func(int) asker {
		return func() (ask, bool) {
			first := from.Add(perBody) - perBody
			if first >= to.Load() {
				return ask{}, false
			}
			var tokens []string
			for n := first; n < min(first+perBody, to.Load()); n++ {
				tokens = append(tokens, block(s.order[n%int64(len(s.order))])...)
			}
			list, _ := json.Marshal(tokens)
			return ask{s.request("PUT", "/v1/tickets/unlock", `{"tokens":`+string(list)+`}`).text, names(tokens)}, true
		}
	})
	s.rows += (to.Load() - s.begun) * blockSize
	return err
}

// audit has the program check all invariants of the database.
func (s *seatlink) audit(ctx context.Context) error {
	_, err := call(ctx, s.program, "audit", "--db", s.url)
	return err
}

func sqliteBooks(file string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+filepath.ToSlash(file)+"?mode=ro&_pragma=busy_timeout(10000)")
}

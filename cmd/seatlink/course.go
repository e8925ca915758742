package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/seatlink/seatlink/internal/sqlstore"
)

func requestID() string { return uuid.NewString() }

// newCourse lets the first partner in and chooses the tickets.
func newCourse(ctx context.Context, file demoFile, pairFile, db string) (*course, error) {
	if len(file.Partners) == 0 {
		return nil, errors.New("the file names no partner")
	}
	c := &course{host: strings.TrimPrefix(file.URL, "http://"), partner: file.Partners[0]}
	c.organization = c.partner.Organizations[len(c.partner.Organizations)-1]
	for _, l := range file.Listings {
		if l.Channel == c.partner.Channel {
			c.listings = append(c.listings, string(l.ID))
		}
	}
	if err := c.enter(file.URL, pairFile); err != nil {
		return nil, err
	}
	books, err := sqlstore.OpenReader(ctx, db)
	if err != nil {
		return nil, err
	}
	c.books = books
	tokens, err := books.FreeTokens(ctx, c.organization)
	if err != nil {
		books.Close()
		return nil, err
	}
	for i := 0; i+blockSize <= len(tokens); i += blockSize {
		c.blocks = append(c.blocks, tokens[i:i+blockSize])
	}
	if len(c.blocks) == 0 {
		books.Close()
		return nil, errors.New("no ticket is free")
	}
	return c, nil
}

// blockSize is how many adjacent tickets a write is of.
const blockSize = 4

// enter takes the code of the file the first time, and afterwards the refresh
// token that the last run kept beside it: a code is spent when its pair is used.
func (c *course) enter(url, pairFile string) error {
	type pair struct {
		Code         string `json:"code"` // that it all came from
		AccessToken  string `json:"accessToken"`
		RefreshToken string `json:"refreshToken"`
		Error        string `json:"error"`
	}
	body := fmt.Sprintf(`{"grantType":"authorization_code","code":%q}`, c.partner.Code)
	var kept pair
	text, err := os.ReadFile(pairFile)
	switch {
	case err == nil && json.Unmarshal(text, &kept) == nil && kept.Code == c.partner.Code:
		body = fmt.Sprintf(`{"grantType":"refresh_token","refreshToken":%q}`, kept.RefreshToken)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	resp, err := http.Post(url+"/v1/auth/token", "application/json", strings.NewReader(body)) //nolint:noctx // a person waits and can interrupt
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	got := pair{Code: c.partner.Code}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		return err
	}
	if got.AccessToken == "" {
		return fmt.Errorf("the server lets the partner not in: %s (start the demo again for a fresh code)", got.Error)
	}
	c.accessToken = got.AccessToken
	return writeWhole(pairFile, got)
}

// prepare gives the turns of a work: what client i asks the n-th time.
func (c *course) prepare(ctx context.Context, work string, clients int) (func(i, n int) (ask, bool), error) {
	free := c.blocks
	// Each client has blocks of its own: i, i+clients, …
	block := func(i, n int) ([]string, bool) {
		if at := i + n*clients; at < len(free) {
			return free[at], true
		}
		return nil, false
	}
	switch work {
	case "lock":
		c.held = free
		return func(i, n int) (ask, bool) {
			b, ok := block(i, n)
			return ask{c.lock(b), blockSize}, ok
		}, nil
	case "unlock":
		if err := c.all(ctx, free, c.lock); err != nil {
			return nil, err
		}
		c.held = free
		return func(i, n int) (ask, bool) {
			b, ok := block(i, n)
			return ask{c.unlock(b), blockSize}, ok
		}, nil
	case "complete":
		if err := c.all(ctx, free, c.lock); err != nil {
			return nil, err
		}
		c.held = free
		run := requestID()
		return func(i, n int) (ask, bool) {
			b, ok := block(i, n)
			return ask{c.complete(b, fmt.Sprintf("%s-%d-%d", run, i, n)), blockSize}, ok
		}, nil
	case "verify":
		return func(i, n int) (ask, bool) { return ask{c.verify(free[(i+n*clients)%len(free)]), 0}, true }, nil
	case "catalog":
		request := c.request("GET", "/v1/catalog/events", "")
		return func(int, int) (ask, bool) { return ask{request, 0}, true }, nil
	case "listing":
		return func(i, n int) (ask, bool) {
			return ask{c.request("GET", "/v1/listings/"+c.listings[(i+n)%len(c.listings)], ""), 0}, true
		}, nil
	case "mix":
		c.held = free
		return c.mix(block), nil
	}
	return nil, errors.New("not one of lock, unlock, verify, catalog, listing, complete, mix")
}

// mix is the day of a marketplace: of twenty requests ten verify, four look at a
// listing, one at the catalog; three lock, one unlocks again, one sells.
func (c *course) mix(block func(i, n int) ([]string, bool)) func(i, n int) (ask, bool) {
	run := requestID()
	catalog := c.request("GET", "/v1/catalog/events", "")
	return func(i, n int) (ask, bool) {
		round, turn := n/20, n%20
		mine := func(k int) []string {
			b, _ := block(i, 3*round+k)
			return b
		}
		if mine(2) == nil {
			return ask{}, false
		}
		switch turn {
		case 2, 8, 14:
			return ask{c.lock(mine(turn / 6)), blockSize}, true
		case 10:
			return ask{c.unlock(mine(1)), blockSize}, true
		case 16:
			return ask{c.complete(mine(2), fmt.Sprintf("%s-%d-%d", run, i, n)), blockSize}, true
		case 5:
			return ask{catalog, 0}, true
		case 3, 7, 11, 18:
			return ask{c.request("GET", "/v1/listings/"+c.listings[(i+n)%len(c.listings)], ""), 0}, true
		}
		return ask{c.verify(mine(0)), 0}, true
	}
}

func (c *course) lock(tokens []string) []byte {
	var b strings.Builder
	b.WriteString(`{"source":"MY_ACCOUNT","listing":{"externalListingId":"L-1","totalPrice":400,"tokens":[`)
	for i, t := range tokens {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"token":%q,"individualPrice":100}`, t)
	}
	b.WriteString(`]}}`)
	return c.request("PUT", "/v1/tickets/lock", b.String())
}

func (c *course) unlock(tokens []string) []byte {
	list, _ := json.Marshal(tokens) // texts only: it cannot fail
	return c.request("PUT", "/v1/tickets/unlock", `{"tokens":`+string(list)+`}`)
}

func (c *course) verify(tokens []string) []byte {
	list, _ := json.Marshal(tokens[:2])
	return c.request("POST", "/v1/tickets/verify", `{"tickets":[{"tokens":`+string(list)+`}]}`)
}

func (c *course) complete(tokens []string, order string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"listing":[{"externalListingId":"L-1","externalOrderId":%q,"tokens":[`, order)
	for i, t := range tokens {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"token":%q,"individualPrice":100,"individualFees":4}`, t)
	}
	fmt.Fprintf(&b, `]}],"buyer":[{"firstName":"Ada","lastName":"Example","emailAddress":{"email":"ada.%s@example.com"}}],`, order)
	b.WriteString(`"settlement":[{"totalAmountPaid":416,"amountToSeller":360}]}`)
	return c.request("POST", "/v1/cart/complete-order", b.String())
}

// all sends a request for each block, outside of what is measured.
func (c *course) all(ctx context.Context, blocks [][]string, request func([]string) []byte) error {
	const perRequest = 50 // blocks of 4 tokens: 200 of the 500 a body may have
	line := dial(c.host)
	defer line.close()
	for i := 0; i < len(blocks) && ctx.Err() == nil; i += perRequest {
		var tokens []string
		for _, b := range blocks[i:min(i+perRequest, len(blocks))] {
			tokens = append(tokens, b...)
		}
		if err := line.do(request(tokens)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// tidy unlocks what a work locked, and leaves out what it sold.
func (c *course) tidy(ctx context.Context) error {
	err := c.all(ctx, c.held, c.unlock)
	c.held = nil
	return err
}

// A line is a connection that sends requests as bytes and reads just enough of
// the answers. It costs the machine, which the server shares, less than a client
// made for everything.
type line struct {
	host string
	conn net.Conn
	read *bufio.Reader
}

func dial(host string) *line { return &line{host: host} }

func (l *line) close() {
	if l.conn != nil {
		_ = l.conn.Close()
		l.conn = nil
	}
}

// do sends a request and waits for its answer, which must be 200.
func (l *line) do(request []byte) error {
	status, err := l.ask(request)
	if err == nil && status != http.StatusOK {
		return fmt.Errorf("the server answered %d", status)
	}
	return err
}

// ask sends a request and waits for the status of its answer.
func (l *line) ask(request []byte) (status int, err error) {
	if l.conn == nil {
		conn, err := net.DialTimeout("tcp", l.host, 5*time.Second) //nolint:noctx // bounded by its own time
		if err != nil {
			return 0, err
		}
		l.conn, l.read = conn, bufio.NewReaderSize(conn, 16<<10)
	}
	if _, err = l.conn.Write(request); err == nil {
		status, err = l.answer()
	}
	if err != nil {
		l.close()
	}
	return status, err
}

// answer reads the status, skips the headers and then the body.
func (l *line) answer() (status int, err error) {
	length := -1
	for first := true; ; first = false {
		text, err := l.read.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		text = bytes.TrimRight(text, "\r\n")
		switch {
		case first:
			if len(text) < 12 {
				return 0, errors.New("no answer of HTTP")
			}
			if status, err = strconv.Atoi(string(text[9:12])); err != nil {
				return 0, err
			}
		case len(text) == 0:
			if length < 0 {
				return 0, errors.New("an answer without a length")
			}
			_, err := io.CopyN(io.Discard, l.read, int64(length))
			return status, err
		case len(text) > 16 && strings.EqualFold(string(text[:16]), "content-length: "):
			if length, err = strconv.Atoi(string(text[16:])); err != nil {
				return 0, err
			}
		}
	}
}

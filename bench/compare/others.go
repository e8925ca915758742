package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite"
)

func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:4010"
	}
	defer l.Close()
	return l.Addr().String()
}

// await returns when somebody listens there.
func await(host string) error {
	for try := 0; ; try++ {
		conn, err := net.Dial("tcp", host)
		if err == nil {
			return conn.Close()
		}
		if try == 3000 {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// A pocketbase is PocketBase with a collection of as many tickets, which changes
// the four records of a lock under the same condition in one batch.
type pocketbase struct {
	server *child
	host   string
	db     *sql.DB
	order  []int
	at     atomic.Int64
	rows   int64
}

func startPocketbase(ctx context.Context, program, dir, synchronous string) (*pocketbase, error) {
	p := &pocketbase{host: freeAddress()}
	cmd := exec.Command(program, "serve", "--dir", dir, "--http", p.host)
	cmd.Env = append(os.Environ(), "SYNCHRONOUS="+synchronous)
	want := map[string]string{"NORMAL": "1", "FULL": "2"}[synchronous]
	var err error
	if p.server, err = start(ctx, cmd, "PRAGMA synchronous is "+want); err != nil {
		return nil, err
	}
	if err := await(p.host); err != nil { // it prints before it listens
		return nil, err
	}
	p.db, err = sqliteBooks(filepath.Join(dir, "data.db"))
	return p, err
}

func (p *pocketbase) locks(ctx context.Context, clients int, d time.Duration) (lap, error) {
	one := `{"method":"PATCH","url":"/api/collections/tickets/records/` + hole + `","body":{"hold":"lock","hold_by":"` + channel + `","hold_since":1796000000000000,` +
		`"hold_terms":"{\"source\":\"MY_ACCOUNT\",\"listing\":\"L-1\",\"total\":40000,\"price\":10000}","version+":1}}`
	form := cut(15, "POST /api/batch HTTP/1.1\r\nHost: "+p.host+"\r\nUser-Agent: bench/1.0\r\nAccept: application/json\r\n",
		`{"requests":[`+one+`,`+one+`,`+one+`,`+one+`]}`)
	l, err := drive(ctx, p.host, clients, d, 0, func(int) asker {
		mine := form.own()
		return func() (ask, bool) {
			n := p.order[int(p.at.Add(1)-1)%len(p.order)]
			var ids [blockSize]string
			for i := range ids {
				ids[i] = fmt.Sprintf("%015d", n*blockSize+i)
			}
			return ask{mine.write(ids[:]...), func(body []byte) bool {
				return bytes.Count(body, []byte(`"status":200`)) == blockSize && bytes.Contains(body, []byte(`"id":"`+ids[3]))
			}}, true
		}
	})
	if err != nil {
		return l, err
	}
	p.rows += int64(l.Done) * blockSize
	var versions int64
	err = p.db.QueryRowContext(ctx, `SELECT CAST(SUM(version) AS BIGINT) FROM tickets`).Scan(&versions)
	if versions != p.rows {
		l.Void = fmt.Sprintf("%d rows should have changed; versions grew by %d", p.rows, versions)
	}
	return l, err
}

// startPrism has Prism mock api/link.yaml: it checks the request against the
// document and answers with the example, keeping nothing.
func startPrism(ctx context.Context, program, document string) (*child, string, error) {
	host := freeAddress()
	_, port, _ := strings.Cut(host, ":")
	// It is silent, for each line of its log costs it a request.
	p, err := start(ctx, exec.Command(program, "mock", document, "--host", "127.0.0.1", "--port", port, "--verboseLevel", "silent"), "")
	if err != nil {
		return nil, host, err
	}
	return p, host, await(host)
}

func prismLocks(ctx context.Context, host string, clients int, d time.Duration, order []int) (lap, error) {
	s := seatlink{head: "Host: " + host + "\r\nUser-Agent: bench/1.0\r\nAccept: application/json\r\nAuthorization: Bearer x\r\nPAC-Application-ID: " + application +
		"\r\nPAC-API-Key: k\r\nPAC-Channel-Code: " + channel + "\r\nRequest-ID: 7f3c2b1e-5d4a-4c6b-9e8f-0a1b2c3d4e5f\r\n"}
	form := s.request("PUT", "/v1/tickets/lock", lockBody())
	var at atomic.Int64
	return drive(ctx, host, clients, d, 0, func(int) asker {
		mine := form.own()
		return func() (ask, bool) {
			n := order[int(at.Add(1)-1)%len(order)]
			return ask{mine.write(block(n)...), func(body []byte) bool { return bytes.Contains(body, []byte(`"success":[`)) }}, true
		}
	})
}

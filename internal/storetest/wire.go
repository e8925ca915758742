package storetest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// A Wire is a proxy in front of a PostgreSQL server that can lose a COMMIT, or
// its answer, on the way.
type Wire struct {
	listener net.Listener
	server   string
	work     sync.WaitGroup

	mu       sync.Mutex
	next     *Cut // what befalls the next COMMIT
	refusing bool
	strands  map[*strand]bool
}

// A Cut says what happens to one COMMIT.
type Cut struct {
	Arrives bool // the server gets it; its answer is lost in any case
	Silent  bool // the client's connection stays open, but nothing comes
	Lingers bool // the server does not learn that the client is gone
	Refuses bool // nobody gets a new connection
}

// NewWire puts a proxy in front of a server that is reached over TCP and
// returns the url that leads through it. It ends with tb.
func NewWire(tb testing.TB, to string) (w *Wire, through string) {
	tb.Helper()
	u, err := url.Parse(to)
	must(tb, "read the server's url", err)
	w = &Wire{server: u.Host, strands: map[*strand]bool{}}
	w.listener, err = new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	must(tb, "listen", err)
	u.Host = w.listener.Addr().String()
	w.work.Go(w.accept)
	tb.Cleanup(func() {
		_ = w.listener.Close() // it was open
		w.Mend()
		w.work.Wait()
	})
	return w, u.String()
}

// Strike lets the next COMMIT of a transaction that writes the journal meet the
// cut.
func (w *Wire) Strike(c Cut) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next = &c
}

// Mend lets everybody through again. All connections that were there end.
func (w *Wire) Mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next, w.refusing = nil, false
	for p := range w.strands {
		end(p.client)
		end(p.server)
	}
}

func (w *Wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.work.Go(func() { w.serve(client) })
	}
}

// A strand is one client's connection and the server's.
type strand struct {
	client, server net.Conn
	writes         bool            // it prepared a statement that writes the journal
	commits        map[string]bool // names of prepared statements that are a COMMIT

	mu  sync.Mutex
	cut *Cut // once it was cut, the client hears nothing more
}

func (w *Wire) serve(client net.Conn) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(background, "tcp", w.server)
	if err != nil {
		return
	}
	defer server.Close()
	p := &strand{client: client, server: server, commits: map[string]bool{}}
	w.mu.Lock()
	refused := w.refusing
	w.strands[p] = true
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.strands, p)
	}()
	if refused {
		return
	}
	w.work.Go(p.answer)
	w.ask(p)
}

// ask carries the client's messages.
func (w *Wire) ask(p *strand) {
	from := bufio.NewReader(p.client)
	message, err := frame(from, 0) // the first one has no type
	for err == nil {
		if p.isCommit(message) {
			if cut := w.take(p); cut != nil && !cut.Arrives {
				p.sever(*cut)
				return
			}
		}
		if _, err = p.server.Write(message); err == nil {
			message, err = frame(from, 1)
		}
	}
	p.mu.Lock()
	cut := p.cut
	p.mu.Unlock()
	if cut == nil || !cut.Lingers {
		end(p.server)
	}
}

// take is the cut that this COMMIT meets, if any. From then on the client hears
// nothing more.
func (w *Wire) take(p *strand) *Cut {
	w.mu.Lock()
	defer w.mu.Unlock()
	cut := w.next
	if cut == nil {
		return nil
	}
	w.next, w.refusing = nil, cut.Refuses
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	return cut
}

// sever ends what the cut ends, and waits for Mend to end the rest.
func (p *strand) sever(c Cut) {
	if !c.Silent {
		end(p.client)
	}
	if !c.Lingers {
		end(p.server)
	}
	// Whatever is left is closed by Mend, and then the reading ends.
	if c.Silent {
		_, _ = io.Copy(io.Discard, p.client)
	}
	if c.Lingers {
		_, _ = p.server.Read(make([]byte, 1))
	}
}

// end closes a connection; where it is closed already, so be it.
func end(c net.Conn) { _ = c.Close() }

// answer carries the server's messages, until the transaction that was cut off
// is over.
func (p *strand) answer() {
	from := bufio.NewReader(p.server)
	for {
		message, err := frame(from, 1)
		if err != nil {
			break
		}
		p.mu.Lock()
		cut := p.cut
		p.mu.Unlock()
		if cut == nil {
			if _, err := p.client.Write(message); err != nil {
				break
			}
			continue
		}
		const readyForQuery, idle = 'Z', 'I'
		if cut.Arrives && message[0] == readyForQuery && message[5] == idle {
			p.sever(*cut)
			return
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut == nil || !p.cut.Silent {
		end(p.client)
	}
}

// isCommit reports whether a message has the server commit the journal.
func (p *strand) isCommit(message []byte) bool {
	const query, parse, bind = 'Q', 'P', 'B'
	switch message[0] {
	case query:
		return p.writes && isCommit(message[5:])
	case parse:
		name, text, _ := bytes.Cut(message[5:], []byte{0})
		p.writes = p.writes || bytes.Contains(text, []byte("INSERT INTO journal"))
		p.commits[string(name)] = isCommit(text)
	case bind:
		_, rest, _ := bytes.Cut(message[5:], []byte{0})
		name, _, _ := bytes.Cut(rest, []byte{0})
		return p.writes && p.commits[string(name)]
	}
	return false
}

func isCommit(text []byte) bool {
	word, _, _ := strings.Cut(string(text), "\x00")
	return strings.EqualFold(strings.TrimSpace(word), "COMMIT")
}

// frame reads one message with its type, if it has one, and length.
func frame(from *bufio.Reader, typed int) ([]byte, error) {
	const lengthBytes, longest = 4, 64 << 20
	head, err := from.Peek(typed + lengthBytes)
	if err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint32(head[typed:]))
	if length < lengthBytes || length > longest {
		return nil, io.ErrUnexpectedEOF
	}
	message := make([]byte, typed+length)
	_, err = io.ReadFull(from, message)
	return message, err
}

package push

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

var sentAt = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

// notice is an invitation to two seats.
func notice(news boxoffice.News, to boxoffice.Party) boxoffice.Notice {
	event := boxoffice.Event{
		ID: "999:F25:F01", Name: "Football vs. Ridgemont", FacilityName: "Meridian Stadium",
		Start: boxoffice.When{At: time.Date(2025, 9, 7, 0, 30, 0, 0, time.UTC)},
	}
	return boxoffice.Notice{
		News: news, For: to, Address: "juan@example.com", Who: "key", At: sentAt,
		Gift: boxoffice.Gift{
			Transfer: boxoffice.Transfer{
				ID: "Abcdefghijklmnopqrstuvwxyz012345", Link: boxoffice.Link{Base: "https://tickets.example.com"}, Expires: time.Date(2025, 9, 1, 12, 0, 0, 0, time.UTC),
			},
			From: "Ada B.", Events: map[boxoffice.EventID]boxoffice.Event{event.ID: event},
			Tickets:      []boxoffice.Ticket{{Event: event.ID, Section: "ES:9", Row: "12", Seat: "7"}, {Event: event.ID, Section: "ES:9", Row: "12", Seat: "8"}},
			Organization: boxoffice.Organization{ID: 999, Name: "Meridian State Athletics", Zone: "America/Chicago"},
		},
	}
}

// mailerFunc is a Mailer made of one function.
type mailerFunc func(name, to string, mail []byte) error

func (f mailerFunc) Send(_ context.Context, name, to string, mail []byte) error {
	return f(name, to, mail)
}

// waiting makes every mail wait so long.
type waiting time.Duration

func (w waiting) PaceMail(_ context.Context, _ string, _ boxoffice.PersonKey, most int, within time.Duration) (time.Duration, error) {
	if most != 20 || within != time.Hour {
		return 0, errors.New("another pace")
	}
	return time.Duration(w), nil
}

func postman(mails Mails, n boxoffice.Notice, mailer Mailer, log io.Writer) *Postman {
	notices := func(context.Context, string) (boxoffice.Notice, bool, error) { return n, n.Address != "", nil }
	p := NewPostman(mails, notices, mailer, mail.Address{Name: "Box office", Address: "tickets@example.com"}, slog.New(slog.NewTextHandler(log, nil)))
	p.now = func() time.Time { return sentAt.Add(time.Minute) }
	return p
}

var invited = boxoffice.ClaimedTask{Task: boxoffice.Task{ID: "mail/invited/recipient/ONE/T-1", Subject: "invited/recipient/ONE/T-1"}, Attempts: 1}

// delivered is the mail of a notice, as its reader has it.
func delivered(t *testing.T, n boxoffice.Notice) (header mail.Header, text string) {
	t.Helper()
	var sent []byte
	p := postman(waiting(0), n, mailerFunc(func(_, to string, m []byte) error {
		if to != "juan@example.com" {
			t.Errorf("the mail goes to %q", to)
		}
		sent = m
		return nil
	}), io.Discard)
	if again, err := p.Deliver(t.Context(), invited); again != 0 || err != nil {
		t.Fatalf("Deliver = again in %v, %v", again, err)
	}
	read, err := mail.ReadMessage(bytes.NewReader(sent))
	if err != nil {
		t.Fatalf("%v: %s", err, sent)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(read.Body))
	if err != nil {
		t.Fatal(err)
	}
	return read.Header, strings.ReplaceAll(string(body), "\r\n", "\n")
}

func subjectOf(t *testing.T, h mail.Header) string {
	t.Helper()
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return subject
}

func TestAnInvitationSaysWhatToDo(t *testing.T) {
	header, text := delivered(t, notice(boxoffice.NewsInvited, boxoffice.Recipient))
	want := `Ada B. gives you 2 tickets.

Football vs. Ridgemont, Saturday, September 6, 2025, 7:30 PM CDT, Meridian Stadium
  section ES:9, row 12, seat 7
  section ES:9, row 12, seat 8

To accept or decline, open this page by Monday, September 1, 2025, 7:00 AM CDT:

https://tickets.example.com/myaccount/receive/Abcdefghijklmnopqrstuvwxyz012345

Whoever has this address can answer for you: please do not forward this mail. If you do not know the sender, you need do nothing.

-- 
Meridian State Athletics

`
	if text != want {
		t.Errorf("the mail says\n%s\nwant\n%s", text, want)
	}
	if got := subjectOf(t, header); got != "Ada B. gives you 2 tickets: Football vs. Ridgemont" {
		t.Errorf("Subject: %s", got)
	}
	if header.Get("From") != `"Box office" <tickets@example.com>` || header.Get("To") != "<juan@example.com>" || header.Get("Message-Id") == "" {
		t.Errorf("headers %v", header)
	}
}

// Only the invitation has the address by which a transfer is accepted.
func TestEachNewsHasWordsOfItsOwn(t *testing.T) {
	said := map[string]bool{}
	for _, news := range []boxoffice.News{boxoffice.NewsInvited, boxoffice.NewsAccepted, boxoffice.NewsDeclined, boxoffice.NewsCancelled, boxoffice.NewsExpired} {
		for _, party := range []boxoffice.Party{boxoffice.Sender, boxoffice.Recipient} {
			header, text := delivered(t, notice(news, party))
			if subject := subjectOf(t, header); said[subject] || said[text] || !strings.Contains(text, "seat 8") {
				t.Errorf("%s to %s says %q as another does: %s", news, party, subject, text)
			} else {
				said[subject], said[text] = true, true
			}
			invites := news == boxoffice.NewsInvited && party == boxoffice.Recipient
			if strings.Contains(text, "Abcdefghijklmnopqrstuvwxyz012345") != invites {
				t.Errorf("%s to %s says %s", news, party, text)
			}
		}
	}
}

// Nobody's name, and no event's, begins a header, a line or a mail of its own.
func TestNothingIsInjectedIntoAMail(t *testing.T) {
	for _, bad := range []string{"\r\nBcc: all@example.com", "\nX: y\n\nbody", "\r\n.\r\nRCPT TO:<all@example.com>", "\u2028Bcc: x", "\x00", "=?utf-8?q?=0D=0ABcc:_x?=", strings.Repeat("long ", 400)} {
		n := notice(boxoffice.NewsInvited, boxoffice.Recipient)
		n.Gift.From, n.Gift.Organization.Name = "Ada"+bad, "Home"+bad
		e := n.Gift.Events["999:F25:F01"]
		e.Name, e.FacilityName = "Game"+bad, "Hall"+bad
		n.Gift.Events[e.ID] = e
		n.Gift.Tickets[0].Seat, n.Gift.Transfer.Link.Base = "7"+bad, "https://tickets.example.com"+bad
		header, text := delivered(t, n)
		if len(header) != 9 || header.Get("Bcc") != "" || header.Get("X") != "" {
			t.Errorf("with %q the mail has the headers %v", bad, header)
		}
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(line, "Bcc") || strings.HasPrefix(line, "X:") || line == "." || line == "body" || strings.ContainsAny(line, "\r\x00\u2028") {
				t.Errorf("with %q the mail has the line %q", bad, line)
			}
		}
		if subject := subjectOf(t, header); strings.ContainsAny(subject, "\r\n\x00") {
			t.Errorf("with %q the subject is %q", bad, subject)
		}
	}
}

func TestAnAddressThatCannotBeOneGetsNoMail(t *testing.T) {
	for _, address := range []string{
		"", "juan", "a@example.com, b@example.com", "juan@example.com\r\nBcc: x@example.com", "Juan <juan@example.com>", "a b@example.com",
		"juan@example.com>\r\nRCPT TO:<x@example.com", "\"a\"@example.com", strings.Repeat("a", 250) + "@example.com", "jüan@example.com",
	} {
		n := notice(boxoffice.NewsInvited, boxoffice.Recipient)
		n.Address = address
		again, err := postman(waiting(0), n, mailerFunc(func(_, to string, _ []byte) error {
			t.Errorf("%q gets a mail to %q", address, to)
			return nil
		}), io.Discard).Deliver(t.Context(), invited)
		if again != 0 || err != nil {
			t.Errorf("%q = again in %v, %v; want it dropped", address, again, err)
		}
	}
}

func TestAMailThatIsOneTooManyWaits(t *testing.T) {
	again, err := postman(waiting(7*time.Minute), notice(boxoffice.NewsInvited, boxoffice.Recipient), mailerFunc(func(string, string, []byte) error {
		t.Error("it is sent")
		return nil
	}), io.Discard).Deliver(t.Context(), invited)
	if again != 7*time.Minute || err != nil {
		t.Errorf("Deliver = again in %v, %v; want 7 minutes", again, err)
	}
}

// A mail is tried for a day; the log has neither person nor secret.
func TestAMailIsTriedForADay(t *testing.T) {
	n := notice(boxoffice.NewsInvited, boxoffice.Recipient)
	for _, tt := range []struct {
		name     string
		err      error
		attempts int
		age      time.Duration
		again    time.Duration
		log      string
	}{
		{"the first time", errors.New("away"), 1, time.Minute, time.Second, "tried again"},
		{"later", errors.New("away"), 5, time.Hour, 10 * time.Minute, "tried again"},
		{"for hours", errors.New("away"), 20, 24*time.Hour - time.Second, time.Hour, "tried again"},
		{"for a day", errors.New("away"), 28, 24 * time.Hour, 0, "given up"},
		{"to nobody", &replyError{550, "recipient"}, 1, time.Minute, 0, "given up"},
		{"to a full box", &replyError{452, "recipient"}, 1, time.Minute, time.Second, "tried again"},
		{"with a wrong password", &replyError{535, "password"}, 1, time.Minute, time.Second, "tried again"},
	} {
		var log bytes.Buffer
		p := postman(waiting(0), n, mailerFunc(func(string, string, []byte) error { return tt.err }), &log)
		p.now = func() time.Time { return sentAt.Add(tt.age) }
		task := invited
		task.Attempts = tt.attempts
		if again, err := p.Deliver(t.Context(), task); again != tt.again || err != nil {
			t.Errorf("%s: again in %v, %v; want %v", tt.name, again, err, tt.again)
		}
		if !strings.Contains(log.String(), tt.log) {
			t.Errorf("%s: the log has %s, want %q", tt.name, &log, tt.log)
		}
		for _, secret := range []string{"juan", "example.com", "Ada", "Abcdefghij", "T-1"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%s: the log has %q: %s", tt.name, secret, &log)
			}
		}
	}
}

func TestAFolderKeepsMailsForItsOwnerAlone(t *testing.T) {
	folder := Folder(filepath.Join(t.TempDir(), "mails"))
	for range 2 {
		if err := folder.Send(t.Context(), "name", "juan@example.com", []byte("mail")); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(string(folder))
	if err != nil || len(entries) != 1 || entries[0].Name() != "name.eml" {
		t.Fatalf("the folder has %v, %v; want one mail", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v; want 0600", info.Mode(), err)
	}
}

// A mailServer speaks as much SMTP as one mail needs. It says no where it is told,
// and returns what it was told.
func mailServer(t *testing.T, refuse, answer string) (address string, heard func() []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed by the test
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan []string, 1)
	go func() {
		var said []string
		defer func() { lines <- said }()
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		reply := func(text string) { _, _ = io.WriteString(conn, text+"\r\n") }
		reply("220 ready")
		data := false
		for read := bufio.NewScanner(conn); read.Scan(); {
			line := read.Text()
			said = append(said, line)
			switch {
			case data && line == ".":
				data = false
				reply("250 taken")
			case data:
			case refuse != "" && strings.HasPrefix(line, refuse):
				reply(answer)
			case line == "DATA":
				data = true
				reply("354 go on")
			case line == "QUIT":
				reply("221 bye")
				return
			default:
				reply("250 fine")
			}
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String(), func() []string { return <-lines }
}

func TestAMailServerTakesAMail(t *testing.T) {
	address, heard := mailServer(t, "", "")
	door := SMTP{Address: address, From: "tickets@example.com"}
	if err := door.Send(t.Context(), "name", "juan@example.com", []byte("Subject: x\r\n\r\n.hidden\r\n")); err != nil {
		t.Fatal(err)
	}
	said := strings.Join(heard(), "\n")
	for _, want := range []string{"MAIL FROM:<tickets@example.com>", "RCPT TO:<juan@example.com>", "\n..hidden\n", "\n.\n"} {
		if !strings.Contains(said, want) {
			t.Errorf("the server heard no %q:\n%s", want, said)
		}
	}
}

func TestWhatAServerSaysStaysOutOfErrors(t *testing.T) {
	for _, tt := range []struct {
		refuse, answer, want string
		permanent            bool
	}{
		{"RCPT", "550 5.1.1 <juan@example.com> is nobody", "the mail server answers 550 about the recipient", true},
		{"RCPT", "450 4.2.1 <juan@example.com> is busy", "the mail server answers 450 about the recipient", false},
		{"MAIL", "550 juan@example.com", "the mail server answers 550 about the sender", false},
		{"DATA", "juan@example.com", "about the mail: what the mail server says is no SMTP", false},
	} {
		address, _ := mailServer(t, tt.refuse, tt.answer)
		err := SMTP{Address: address, From: "tickets@example.com"}.Send(t.Context(), "name", "juan@example.com", []byte("x\r\n"))
		if err == nil || err.Error() != tt.want || permanent(err) != tt.permanent {
			t.Errorf("refused at %s = %v, for good %t; want %s, %t", tt.refuse, err, permanent(err), tt.want, tt.permanent)
		}
	}
}

// Without encryption mails and passwords go to this very machine alone.
func TestOnlyThisMachineDoesWithoutEncryption(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1": true, "::1": true, "192.0.2.7": false, "10.0.0.1": false, "2001:db8::1": false} {
		if got := here(&net.TCPAddr{IP: net.ParseIP(address)}); got != want {
			t.Errorf("here(%s) = %t, want %t", address, got, want)
		}
	}
}

// A server that offers encryption is spoken to in it, and must be who it says.
func TestAPasswordGoesOutEncrypted(t *testing.T) {
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	for _, tt := range []struct {
		name   string
		config *tls.Config
		sent   bool
	}{
		{"a server with a good certificate", &tls.Config{RootCAs: web.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com", MinVersion: tls.VersionTLS12}, true},
		{"a server with anybody's", nil, false},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed below
		if err != nil {
			t.Fatal(err)
		}
		plain, inside := make(chan string, 1), make(chan string, 1)
		go func() {
			var before, after strings.Builder
			defer func() { plain <- before.String(); inside <- after.String() }()
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			speak := func(conn net.Conn, heard *strings.Builder, offers string) {
				for read := bufio.NewScanner(conn); read.Scan(); {
					heard.WriteString(read.Text() + "\n")
					switch line := read.Text(); {
					case strings.HasPrefix(line, "EHLO"):
						_, _ = io.WriteString(conn, "250-here\r\n250 "+offers+"\r\n")
					case line == "STARTTLS":
						_, _ = io.WriteString(conn, "220 go on\r\n")
						return
					default:
						_, _ = io.WriteString(conn, "535 no\r\n")
					}
				}
			}
			_, _ = io.WriteString(conn, "220 ready\r\n")
			speak(conn, &before, "STARTTLS")
			secret := tls.Server(conn, web.TLS)
			speak(secret, &after, "AUTH PLAIN")
		}()
		err = SMTP{Address: listener.Addr().String(), From: "tickets@example.com", User: "u", Password: "secret", TLS: tt.config}.Send(t.Context(), "name", "juan@example.com", nil)
		_ = listener.Close()
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: Send = %v, want it refused", tt.name, err)
		}
		if before, after := <-plain, <-inside; strings.Contains(before, "AUTH") || strings.Contains(after, "AUTH PLAIN") != tt.sent {
			t.Errorf("%s: heard %q in plain and %q inside", tt.name, before, after)
		}
	}
}

// The mail that leads to a password names the houses it is for, each on the line, and
// nobody else.
func TestAPasswordMailNamesTheHouse(t *testing.T) {
	n := boxoffice.Notice{
		News: boxoffice.NewsPassword, For: boxoffice.Recipient, Address: "juan@example.com", Who: "key", At: sentAt,
		Link: "https://tickets.example.com/myaccount/password/sealed", Houses: []string{"Meridian State Athletics"},
	}
	header, text := delivered(t, n)
	want := `Somebody, you we hope, wants to set a password for MyAccount at Meridian State Athletics with this mail address.

To do so, open this page within an hour. It works once:

https://tickets.example.com/myaccount/password/sealed

The password is for every account that has this address. Whoever has the page's address can set it: please do not forward this mail.

If it was not you, you need do nothing: your password stays as it is.

-- 
Meridian State Athletics

`
	if text != want {
		t.Errorf("the mail says\n%s\nwant\n%s", text, want)
	}
	if got := subjectOf(t, header); got != "Set a password for MyAccount: Meridian State Athletics" {
		t.Errorf("Subject: %s", got)
	}
	for _, tt := range []struct {
		houses []string
		signed string
	}{
		{nil, "The box office"},
		{[]string{"\r\n"}, "The box office"},
		{[]string{"One\r\nBcc: eve@example.com", "Two"}, "One Bcc: eve@example.com, Two"},
		{[]string{"One", "Two", "Three", "Four"}, "One, Two, Three"},
	} {
		n.Houses = tt.houses
		if header, text := delivered(t, n); !strings.HasSuffix(text, "\n-- \n"+tt.signed+"\n\n") || header.Get("Bcc") != "" {
			t.Errorf("of %q the mail says %s", tt.houses, text)
		}
	}
}

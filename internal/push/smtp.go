package push

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
)

// An SMTP hands mails to a mail server. It speaks TLS after STARTTLS, and does
// without only to this very machine.
type SMTP struct {
	Address  string // host:port
	From     string // of the envelope
	User     string // "" where none is asked for
	Password string
	TLS      *tls.Config // nil is Go's own
}

// A replyError is what a server said no with, and about what. Its words are left
// out: they may have an address in them.
type replyError struct {
	code  int
	about string
}

// Error tells it.
func (e *replyError) Error() string {
	return fmt.Sprintf("the mail server answers %d about the %s", e.code, e.about)
}

var errNoTLS = errors.New("the mail server offers no STARTTLS, and is another machine")

// Send hands one mail over, in a connection of its own.
func (s SMTP) Send(ctx context.Context, _, to string, mail []byte) (err error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return fmt.Errorf("address of the mail server: %w", err)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return fmt.Errorf("reach the mail server: %w", err)
	}
	defer conn.Close()
	if until, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(until) // a fresh connection takes it
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return replied("greeting", err)
	}
	if offered, _ := c.Extension("STARTTLS"); offered {
		config := &tls.Config{MinVersion: tls.VersionTLS12}
		if s.TLS != nil {
			config = s.TLS.Clone()
		}
		if config.ServerName == "" {
			config.ServerName = host
		}
		if err := c.StartTLS(config); err != nil {
			return replied("encryption", err)
		}
	} else if !here(conn.RemoteAddr()) {
		return errNoTLS
	}
	if s.User != "" {
		if err := c.Auth(smtp.PlainAuth("", s.User, s.Password, host)); err != nil {
			return replied("password", err)
		}
	}
	if err := c.Mail(s.From); err != nil {
		return replied("sender", err)
	}
	if err := c.Rcpt(to); err != nil {
		return replied("recipient", err)
	}
	body, err := c.Data()
	if err != nil {
		return replied("mail", err)
	}
	if _, err := body.Write(mail); err != nil {
		return replied("mail", err)
	}
	if err := body.Close(); err != nil {
		return replied("mail", err)
	}
	_ = c.Quit() // the mail is theirs by now
	return nil
}

// here reports whether an address is this very machine's.
func here(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// replied keeps of a server's answer its code alone.
func replied(about string, err error) error {
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		return &replyError{said.Code, about}
	}
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok {
		return fmt.Errorf("about the %s: what the mail server says is no SMTP", about)
	}
	return fmt.Errorf("about the %s: %w", about, err)
}

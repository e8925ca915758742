package push

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

const (
	// MailHands is how many mails a process sends at once.
	MailHands = 4
	// mailsAnHour is how many mails one recipient gets within MailsCount, whoever
	// sends them: a mail that is one too many waits.
	mailsAnHour = 20
	// mailFor is how long a mail is tried. News of a day ago is none.
	mailFor = 24 * time.Hour
	// longestSubject is in characters: a line of a mail ends somewhere.
	longestSubject = 160
	// mailTime is how long one attempt may take.
	mailTime = 20 * time.Second
)

// MailsCount is how long a mail counts against those that follow it.
const MailsCount = time.Hour

// A Mailer hands a mail on.
type Mailer interface {
	// Send returns when somebody else has taken the mail over for good. name is the
	// mail's own, the same in each attempt.
	Send(ctx context.Context, name, to string, mail []byte) error
}

// Mails are what the store knows of them.
type Mails interface {
	// PaceMail counts a mail that is about to be sent, or tells how long it has to
	// wait for its turn.
	PaceMail(ctx context.Context, id string, to boxoffice.PersonKey, most int, within time.Duration) (wait time.Duration, err error)
}

// Notices tell what a mail is about, false where there is nothing to say.
type Notices func(ctx context.Context, subject string) (boxoffice.Notice, bool, error)

// A Postman sends the mails that transfers leave as tasks.
type Postman struct {
	mails   Mails
	notices Notices
	mailer  Mailer
	from    mail.Address
	log     *slog.Logger
	now     func() time.Time
}

// NewPostman hires a postman who hands mails to this mailer.
func NewPostman(mails Mails, notices Notices, mailer Mailer, from mail.Address, log *slog.Logger) *Postman {
	return &Postman{mails: mails, notices: notices, mailer: mailer, from: from, log: log, now: time.Now}
}

// Deliver makes one attempt to send the mail that the task names (boxoffice.Chore).
// A mail whose taking over was lost is sent again under the same Message-ID. One
// that nobody takes for a day, or whose address cannot be one, is given up.
func (p *Postman) Deliver(ctx context.Context, t boxoffice.ClaimedTask) (again time.Duration, err error) {
	notice, ok, err := p.notices(ctx, t.Subject)
	if err != nil || !ok {
		return 0, err
	}
	to, ok := mailbox(notice.Address)
	if !ok {
		return 0, nil // an address that cannot be one just gets no mail
	}
	wait, err := p.mails.PaceMail(ctx, t.ID, notice.Who, mailsAnHour, MailsCount)
	if err != nil {
		return 0, fmt.Errorf("pace of mails: %w", err)
	}
	if wait > 0 {
		return wait, nil
	}
	name := mailName(t.ID)
	letter := compose(p.from, to, name, p.now(), write(notice))
	attempt, done := context.WithTimeout(ctx, mailTime)
	defer done()
	switch err := p.mailer.Send(attempt, name, to, letter); {
	case err == nil:
		return 0, nil
	case ctx.Err() != nil:
		return 0, ctx.Err() // cut short by us: no attempt
	case permanent(err), p.now().Sub(notice.At) >= mailFor:
		p.log.WarnContext(ctx, "a mail is given up", "news", notice.News, "party", notice.For, "attempts", t.Attempts, "err", err)
		return 0, nil
	default:
		p.log.WarnContext(ctx, "a mail was not taken, it is tried again", "news", notice.News, "party", notice.For, "attempts", t.Attempts, "err", err)
		return after[min(t.Attempts, mailDelays)-1], nil
	}
}

// mailDelays is how many of the delays after a failed attempt a mail takes: it then
// comes once an hour.
const mailDelays = 7

// permanent reports whether trying again would change nothing.
func permanent(err error) bool {
	reply, ok := errors.AsType[*replyError](err)
	return ok && reply.code >= 500 && reply.about == "recipient"
}

// mailbox is the plain form of an address, false where it is none: with spaces,
// line ends, a name, or a list it would be more than one mail's recipient.
func mailbox(address string) (string, bool) {
	const longest = 254
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" || len(address) > longest {
		return "", false
	}
	for _, r := range address {
		if r > unicode.MaxASCII || r <= ' ' || strings.ContainsRune(`",;:<>()[]\`, r) {
			return "", false
		}
	}
	return address, true
}

// mailName is the name of a task's mail. It tells nothing of the transfer.
func mailName(id string) string {
	const enough = 20 // bytes
	sum := sha256.Sum256([]byte("mail " + id))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:enough]))
}

// compose makes a mail of a letter. Whatever is in the letter stays where it
// belongs: the subject is one encoded line, the text is quoted.
func compose(from mail.Address, to, name string, at time.Time, l letter) []byte {
	_, host, _ := strings.Cut(from.Address, "@")
	var m bytes.Buffer
	header := func(name, value string) { m.WriteString(name + ": " + value + "\r\n") }
	header("From", from.String())
	header("To", (&mail.Address{Address: to}).String())
	// A plain text that looks encoded would be decoded by its reader.
	subject := []rune(strings.ReplaceAll(oneLine(l.subject), "=?", "= ?"))
	header("Subject", mime.QEncoding.Encode("utf-8", string(subject[:min(len(subject), longestSubject)])))
	header("Date", at.UTC().Format(time.RFC1123Z))
	header("Message-ID", "<"+name+"@"+host+">")
	header("Auto-Submitted", "auto-generated")
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	m.WriteString("\r\n")
	body := quotedprintable.NewWriter(&m)
	_, _ = body.Write([]byte(strings.ReplaceAll(l.text, "\n", "\r\n"))) // into memory: it cannot fail
	_ = body.Close()
	m.WriteString("\r\n")
	return m.Bytes()
}

// oneLine is a text without what could end a line or hide it.
func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))), " ")
}

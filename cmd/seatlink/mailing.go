package main

import (
	"cmp"
	"fmt"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"

	"github.com/seatlink/seatlink/internal/push"
)

// mailing is how mails about transfers go out.
type mailing struct {
	SMTPAddress      string `name:"smtp-address" help:"Mail server that takes the mails about transfers, with STARTTLS unless it is this machine. Default: none, mails stay in --mail-folder." placeholder:"HOST:PORT"`
	SMTPFrom         string `name:"smtp-from" help:"Whom these mails are from, such as tickets@example.com or Box office <tickets@example.com>." placeholder:"ADDRESS"`
	SMTPUser         string `name:"smtp-user" help:"User at the mail server. The password stands in SEATLINK_SMTP_PASSWORD or in the file below, never on the command line." placeholder:"NAME"`
	SMTPPasswordFile string `name:"smtp-password-file" help:"File with the password for the mail server, on its first line." type:"path" placeholder:"FILE"`
	MailFolder       string `help:"Folder for mails as .eml files where there is no mail server. Default: mails, beside the SQLite database or the key." type:"path" placeholder:"DIR"`
}

// passwordVariable is where the environment has the mail server's password. It is
// no setting: settings are printed.
var passwordVariable = variable("smtp-password")

// localSender is whom mails in a folder are from.
const localSender = "seatlink@localhost"

// beside gives the folder its default.
func (m *mailing) beside(file string) {
	m.MailFolder = cmp.Or(m.MailFolder, filepath.Join(filepath.Dir(file), "mails"))
}

// sender is whom mails are from.
func (m mailing) sender() (mail.Address, error) {
	from, err := mail.ParseAddress(cmp.Or(m.SMTPFrom, localSender))
	if err != nil {
		return mail.Address{}, wrong("smtp-from", "is a mail address, such as tickets@example.com")
	}
	return *from, nil
}

// checkMails says what cannot be meant.
func (m mailing) checkMails() error {
	if _, err := m.sender(); err != nil {
		return err
	}
	if m.SMTPAddress == "" {
		return nil
	}
	if host, port, err := net.SplitHostPort(m.SMTPAddress); err != nil || host == "" || port == "" {
		return wrong("smtp-address", "is a host and a port, such as mail.example.com:587")
	}
	if m.SMTPFrom == "" {
		return wrong("smtp-from", "is missing: --smtp-address needs it")
	}
	return nil
}

// mailer is where mails go.
func (m mailing) mailer(password string) (push.Mailer, error) {
	if m.SMTPAddress == "" {
		return push.Folder(m.MailFolder), nil
	}
	from, err := m.sender()
	if err != nil {
		return nil, err
	}
	if m.SMTPPasswordFile != "" {
		text, err := os.ReadFile(m.SMTPPasswordFile)
		if err != nil {
			return nil, fmt.Errorf("password for the mail server: %w", err)
		}
		password, _, _ = strings.Cut(string(text), "\n")
		password = strings.TrimSuffix(password, "\r")
	}
	if m.SMTPUser != "" && password == "" {
		return nil, wrong("smtp-user", "has no password: it belongs into %s or --smtp-password-file", passwordVariable)
	}
	return push.SMTP{Address: m.SMTPAddress, From: from.Address, User: m.SMTPUser, Password: password}, nil
}

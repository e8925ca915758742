package boxoffice

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// What visitors of MyAccount are refused. Partners never see these.
var (
	ErrSignedOut       = &fault.Error{Kind: fault.Unauthorized, Code: "SIGNED_OUT", Message: "nobody is signed in"}
	ErrWrongPassword   = &fault.Error{Kind: fault.Unauthorized, Code: "PASSWORD_WRONG", Message: "no account has this address and this password"}
	ErrPasswordUnfit   = &fault.Error{Kind: fault.BadRequest, Code: "PASSWORD_UNFIT", Message: "a password has 10 to 128 characters"}
	ErrPasswordAddress = &fault.Error{Kind: fault.NotFound, Code: "PASSWORD_LINK_UNKNOWN", Message: "the address to set a password is not good any more"}
)

// How long a visit is good unused and at all, and an address to set a password.
const (
	VisitIdle       = 12 * time.Hour
	VisitLasts      = 30 * 24 * time.Hour
	PasswordLinkFor = time.Hour
)

const (
	visitKept = 5 * time.Minute // how old what is known of its last use may be

	leastPassword = 10  // characters
	mostPassword  = 128 // characters
	// familyAccounts bounds the accounts that one sign-in looks at: each with a
	// password of its own costs a slow hash.
	familyAccounts = 20
	// hashers is how many passwords a process hashes at once: each takes 19 MiB.
	hashers = 2
	// hashWait is how long one waits for its turn.
	hashWait = 5 * time.Second
)

// passwordCost is the second choice of OWASP's, as the patrons' hashes that a house
// brings have it.
var passwordCost = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// A Visit is somebody signed in, in one browser.
type Visit struct {
	ID       string    // hash of the secret that the browser has
	Person   PersonKey // of the mail address
	Accounts []VisitAccount
	Began    time.Time
	Seen     time.Time // not long before it was last used
}

// A VisitAccount is an account that a visit is for. Password is a hash of the
// account's PasswordHash: an account with another password is not the visit's any more,
// whoever changed it.
type VisitAccount struct {
	Account
	Password string
}

// A PasswordLink lets whoever has its address set the password of the accounts of a
// person, once.
type PasswordLink struct {
	ID     string
	Person PersonKey
	Ends   time.Time
	Used   time.Time // zero while it is not
}

// Visits keep who is signed in. They are no acts: each method is a transaction of
// its own.
type Visits interface {
	// Organization returns fault.OrganizationUnknown where there is none.
	Organization(ctx context.Context, id access.OrganizationID) (Organization, error)
	// PatronsOf returns the accounts that a key finds, the oldest first.
	PatronsOf(ctx context.Context, person PersonKey, limit int) ([]Patron, error)
	// BeginVisit enters a visit.
	BeginVisit(ctx context.Context, v Visit) error
	// Visit returns a visit with the patrons of its accounts that there are; false
	// where there is none.
	Visit(ctx context.Context, id string) (Visit, []Patron, bool, error)
	// KeepVisit notes when a visit was used.
	KeepVisit(ctx context.Context, id string, seen time.Time) error
	// EndVisit forgets a visit. To end it again is a success.
	EndVisit(ctx context.Context, id string) error
	// EnterPasswordLink enters a link, and the task of the mail about it.
	EnterPasswordLink(ctx context.Context, l PasswordLink, t Task) error
	// PasswordLink returns a link; false where there is none.
	PasswordLink(ctx context.Context, id string) (PasswordLink, bool, error)
	// SetPassword uses a link that is not used at now and has not ended: the accounts
	// that its person has get the hash, and all their visits end. False says that
	// the link was not to be used.
	SetPassword(ctx context.Context, id, hash string, now time.Time) (bool, error)
	// TidyVisits forgets visits not seen since a time, or begun before another, and
	// links that ended before the first.
	TidyVisits(ctx context.Context, seen, began time.Time) error
}

// A Knock counts tries at passwords, by where they come from and whose account they
// are at, and returns an *access.LimitError when they are too many.
type Knock func(from, account string, failed int) error

// A Visitor is who is signed in.
type Visitor struct {
	Person   PersonKey
	Patrons  []Patron // without keys and hashes
	accounts []Account
}

// Accounts are the visitor's, in the order of Patrons.
func (v Visitor) Accounts() []Account { return v.accounts }

// Account returns the visitor's account with an organization; false without one.
func (v Visitor) Account(org access.OrganizationID) (Account, bool) {
	for _, a := range v.accounts {
		if a.Organization == org {
			return a, true
		}
	}
	return Account{}, false
}

// Organizations are those the visitor has accounts with, each once.
func (v Visitor) Organizations() []access.OrganizationID {
	var ids []access.OrganizationID
	for _, a := range v.accounts {
		if !slices.Contains(ids, a.Organization) {
			ids = append(ids, a.Organization)
		}
	}
	return ids
}

// A Lobby lets patrons into MyAccount, and knows them again. It is safe for
// concurrent use, by several processes on one database; the counts of tries are per
// process.
type Lobby struct {
	visits  Visits
	people  PersonKeyer
	knock   Knock
	now     func() time.Time
	hashing chan struct{}
	nobody  string // a hash that no password has
}

// NewLobby opens a lobby.
func NewLobby(visits Visits, people PersonKeyer, knock Knock, clock func() time.Time) *Lobby {
	nobody, err := argon2id.CreateHash(rand.Text(), passwordCost)
	if err != nil {
		panic(err) // only without random numbers
	}
	return &Lobby{
		visits: visits, people: people, knock: knock, hashing: make(chan struct{}, hashers), nobody: nobody,
		now: func() time.Time { return clock().UTC().Truncate(time.Microsecond) },
	}
}

// hashed runs what hashes passwords in its turn.
func (l *Lobby) hashed(ctx context.Context, work func() error) error {
	ctx, done := context.WithTimeout(ctx, hashWait)
	defer done()
	select {
	case l.hashing <- struct{}{}:
		defer func() { <-l.hashing }()
		return work()
	case <-ctx.Done():
		return fault.Busy
	}
}

// person is the key of a mail address, "" of none.
func (l *Lobby) person(email string) PersonKey {
	keys := l.people.PersonKeys(Contact{Emails: []Email{{Address: email}}})
	if len(keys) == 0 {
		return ""
	}
	return keys[0]
}

// SignIn begins a visit for the accounts that have the address and the password, and
// returns the secret by which the browser is known. Families share addresses, and
// one address may have accounts with several organizations: it is for those whose
// password fits. Where none does it is ErrWrongPassword, after as long as if there
// had been one.
func (l *Lobby) SignIn(ctx context.Context, from, email, password string) (string, error) {
	person := l.person(email)
	var visit Visit
	err := l.hashed(ctx, func() error {
		// Looked at when it is this one's turn: tries at once are counted like others.
		if err := l.knock(from, string(person), 0); err != nil {
			return err
		}
		patrons, err := l.visits.PatronsOf(ctx, person, familyAccounts)
		if err != nil {
			return fmt.Errorf("sign in: %w", err)
		}
		visit.Accounts = l.fitting(patrons, password)
		if len(visit.Accounts) > 0 {
			return nil
		}
		if err := l.knock(from, string(person), 1); err != nil {
			return err
		}
		return ErrWrongPassword
	})
	if err != nil {
		return "", err
	}
	secret := newVisitSecret()
	visit.ID, visit.Person, visit.Began = visitID(secret), person, l.now()
	visit.Seen = visit.Began
	if err := l.visits.BeginVisit(ctx, visit); err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	return secret, nil
}

// fitting are the accounts whose password it is.
func (l *Lobby) fitting(patrons []Patron, password string) (accounts []VisitAccount) {
	fits := map[string]bool{}
	for _, p := range patrons {
		if p.PasswordHash == "" {
			continue
		}
		if _, known := fits[p.PasswordHash]; !known {
			fits[p.PasswordHash] = compare(password, p.PasswordHash)
		}
		if fits[p.PasswordHash] {
			accounts = append(accounts, VisitAccount{Account{p.Organization, p.ID}, passwordMark(p.PasswordHash)})
		}
	}
	if len(fits) == 0 {
		compare(password, l.nobody)
	}
	return accounts
}

func compare(password, hash string) bool {
	if utf8.RuneCountInString(password) > mostPassword {
		return false
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	return ok && err == nil
}

// newVisitSecret has 256 random bits.
func newVisitSecret() string {
	const bytes = 32
	secret := make([]byte, bytes)
	_, _ = rand.Read(secret) // it never fails
	return base64.RawURLEncoding.EncodeToString(secret)
}

func visitID(secret string) string { return textHash("visit " + secret) }

// passwordMark tells one password's hash from another.
func passwordMark(hash string) string { return textHash("password " + hash) }

func textHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// visitSecretLength is that of newVisitSecret in characters.
const visitSecretLength = 43

// Visitor is who has a secret; ErrSignedOut where the visit was idle for 12 hours,
// is 30 days old, has ended, or none of its accounts has the password it had.
func (l *Lobby) Visitor(ctx context.Context, secret string) (Visitor, error) {
	v, visit, err := l.visitor(ctx, secret)
	if err != nil {
		return Visitor{}, err
	}
	if now := l.now(); now.Sub(visit.Seen) >= visitKept {
		// Whoever cannot be noted now is noted with the next page.
		if err := l.visits.KeepVisit(ctx, visit.ID, now); err != nil && !errors.Is(err, fault.Busy) {
			return Visitor{}, fmt.Errorf("visitor: %w", err)
		}
	}
	return v, nil
}

// StillIn is Visitor for what goes on without anybody's doing: it does not keep the
// visit from running out.
func (l *Lobby) StillIn(ctx context.Context, secret string) (Visitor, error) {
	v, _, err := l.visitor(ctx, secret)
	return v, err
}

func (l *Lobby) visitor(ctx context.Context, secret string) (Visitor, Visit, error) {
	if len(secret) != visitSecretLength {
		return Visitor{}, Visit{}, ErrSignedOut
	}
	visit, patrons, ok, err := l.visits.Visit(ctx, visitID(secret))
	if err != nil {
		return Visitor{}, Visit{}, fmt.Errorf("visitor: %w", err)
	}
	now := l.now()
	if !ok || now.Sub(visit.Seen) >= VisitIdle || now.Sub(visit.Began) >= VisitLasts {
		return Visitor{}, Visit{}, ErrSignedOut
	}
	v := Visitor{Person: visit.Person}
	for _, p := range patrons {
		a := VisitAccount{Account{p.Organization, p.ID}, passwordMark(p.PasswordHash)}
		if p.PasswordHash == "" || !slices.Contains(visit.Accounts, a) {
			continue
		}
		p.PasswordHash, p.Keys = "", nil
		v.Patrons, v.accounts = append(v.Patrons, p), append(v.accounts, a.Account)
	}
	if len(v.accounts) == 0 {
		return Visitor{}, Visit{}, ErrSignedOut
	}
	return v, visit, nil
}

// SignOut ends a visit.
func (l *Lobby) SignOut(ctx context.Context, secret string) error {
	if len(secret) != visitSecretLength {
		return nil
	}
	return l.visits.EndVisit(ctx, visitID(secret))
}

// AskPassword has a mail sent with an address to set a password, where an account has
// this mail address. It does the same where none has: nobody learns which it is.
func (l *Lobby) AskPassword(ctx context.Context, from, email string) error {
	person := l.person(email)
	if err := l.knock(from, "ask "+string(person), 1); err != nil {
		return err
	}
	link := PasswordLink{ID: rand.Text(), Person: person, Ends: l.now().Add(PasswordLinkFor)}
	subject := string(NewsPassword) + "/" + link.ID
	return l.visits.EnterPasswordLink(ctx, link, Task{ID: TaskMail + "/" + subject, Kind: TaskMail, Subject: subject, Due: l.now()})
}

// PasswordLink reports whether a link is good: ErrPasswordAddress where it is not.
func (l *Lobby) PasswordLink(ctx context.Context, id string) error {
	link, ok, err := l.visits.PasswordLink(ctx, id)
	if err == nil && (!ok || !link.good(l.now())) {
		err = ErrPasswordAddress
	}
	return err
}

func (l PasswordLink) good(now time.Time) bool { return l.Used.IsZero() && now.Before(l.Ends) }

// SetPassword sets the password of all accounts of the person that a link is for, and
// ends their visits everywhere. A link is good once.
func (l *Lobby) SetPassword(ctx context.Context, id, password string) error {
	if n := utf8.RuneCountInString(password); n < leastPassword || n > mostPassword || !utf8.ValidString(password) {
		return ErrPasswordUnfit
	}
	if err := l.PasswordLink(ctx, id); err != nil {
		return err
	}
	var hash string
	err := l.hashed(ctx, func() (err error) {
		hash, err = argon2id.CreateHash(password, passwordCost)
		return err
	})
	if err != nil {
		return err
	}
	ok, err := l.visits.SetPassword(ctx, id, hash, l.now())
	if err == nil && !ok {
		err = ErrPasswordAddress
	}
	return err
}

// Tidy forgets visits and links that are over.
func (l *Lobby) Tidy(ctx context.Context) error {
	now := l.now()
	return l.visits.TidyVisits(ctx, now.Add(-VisitIdle), now.Add(-VisitLasts))
}

// PasswordNotice is what the mail about a password link says; false where there is
// nobody to tell, or the link is of no more use. It goes to the address that the account
// has, never to the one that was typed: two that look alike are one person's key.
func (l *Lobby) PasswordNotice(ctx context.Context, id string) (Notice, bool, error) {
	n := Notice{News: NewsPassword, For: Recipient, Link: id}
	link, ok, err := l.visits.PasswordLink(ctx, id)
	if err != nil || !ok || !link.good(l.now()) {
		return n, false, err
	}
	patrons, err := l.visits.PatronsOf(ctx, link.Person, familyAccounts)
	if err != nil {
		return n, false, err
	}
	n.At, n.Who = link.Ends.Add(-PasswordLinkFor), link.Person
	for _, p := range patrons {
		for _, e := range p.Contact.Emails {
			if n.Address == "" && l.person(e.Address) == link.Person {
				n.Address = e.Address
			}
		}
		house, err := l.visits.Organization(ctx, p.Organization)
		if err != nil {
			return n, false, err
		}
		if !slices.Contains(n.Houses, house.Name) {
			n.Houses = append(n.Houses, house.Name)
		}
	}
	return n, n.Address != "", nil
}

package access

import (
	"context"
	"time"
)

// A Store keeps what the Desk knows. It is safe for concurrent use, by several
// processes on one database. Each method but Tidy is atomic, and each is durable
// when it returns nil; each sees everything that any process's earlier call wrote. No rule
// is the store's: change functions decide, the store finds, locks and saves.
// A change function may be run again, on a fresh record, when the transaction
// has to be tried again; it touches nothing but its record and what its caller
// clears. Its error is returned as it is, and then nothing is saved. Any other
// failure is fault.Busy (nothing was done), fault.Undecided, or an error nobody
// classified.
//
// Instants have microseconds; the zero time comes back as the zero time.
type Store interface {
	// Standing reads, in one snapshot and without a lock, all there is to know
	// about what a caller shows. What does not exist is left zero. Access is
	// looked for among the access tokens alone.
	Standing(ctx context.Context, shown Shown) (Standing, error)

	// Family finds the family to which the code, access token or refresh token
	// with this hash belongs, lets change look at it and alter it, and saves it.
	// It returns ErrNoFamily when nothing has this hash.
	//
	// Calls for one family take turns: its row is locked before anything that
	// change is shown is read, by a later statement than the one that waited for
	// the lock, and the hash is looked up again then, for it may be gone.
	// Saving, the row of the newest generation gets the hashes and times of
	// Head, whether it is new or is replaced (its old hashes then name nothing
	// any more), and generations up to Generation-KeptPairs are dropped.
	Family(ctx context.Context, hash Hash, change func(f *Family, by Mark) error) error

	// Enrolment lets change alter what is kept of a partner, and saves it: the
	// channels, organizations, rate and keys become those of the record, the families
	// of Codes are added. A partner not known yet comes as the zero record, which
	// change makes into one by filling in Application. It returns ErrChannelTaken
	// when a channel is another application's. Calls for one application take
	// turns, also while it is not known.
	Enrolment(ctx context.Context, id ApplicationID, change func(e *Enrolment) error) error

	// Enrolments returns all partners by application id; Codes is empty.
	Enrolments(ctx context.Context) ([]Enrolment, error)

	// Tidy drops families whose KeepUntil is before now with their pairs, pairs
	// whose refresh token expired before now, and empties Replay of families
	// Issued before replays. Nothing that is still good is touched. It may go in
	// steps, each atomic: after an error the steps before it are done, and a
	// repeat does the others.
	Tidy(ctx context.Context, now, replays time.Time) error
}

// KeptPairs is how many generations of a family are kept, so that an old
// refresh token is recognised as spent. It bounds a partner that refreshes in a
// loop; one that refreshes hourly needs 720 for the 30 days such a token lives.
const KeptPairs = 1000

// Shown names what a caller shows. It holds no secret, and only letters,
// digits, hyphens, underscores and dots; a field is "" when what was shown
// cannot exist.
type Shown struct {
	Access      Hash
	Application ApplicationID
	Key         KeyID
	Channel     Channel
}

// Standing is what the store knows of Shown.
type Standing struct {
	Family Family // of the access token, without Head and Replay; its ID is "" when there is no such token
	Token  Mark   // of the access token

	Application   ApplicationID    // "" when there is no such application
	Organizations []OrganizationID // granted to it, ascending
	CallbackHosts []string         // that its callbacks may go to
	Rate          Rate             // how much it may send

	Key   Key           // its ID is "" when there is no such key
	KeyOf ApplicationID // whose key it is

	ChannelOf ApplicationID // whose channel it is, "" when there is no such channel
}

// An Enrolment is what is kept of one partner.
type Enrolment struct {
	Partner
	Epoch int64    // families of an earlier epoch are revoked
	Codes []Family // to be added; empty when loaded
}

// A Mark says where in its family the credential of a hash stands. Of which kind
// it is needs no telling: each kind begins in its own way, and so does what was
// hashed.
type Mark struct {
	Generation int64 // of the pair; 0 for the code
	Expires    time.Time
}

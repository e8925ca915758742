package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/operatorapi"
)

type subscriptionCommand struct {
	Add    subscriptionAddCommand    `cmd:"" help:"Add a subscription: where a channel's messages go."`
	List   subscriptionListCommand   `cmd:"" help:"Tell which subscriptions there are, and how far each is behind."`
	Pause  subscriptionPauseCommand  `cmd:"" help:"Send nothing until resume; its place is kept."`
	Resume subscriptionResumeCommand `cmd:"" help:"Send again, at once, also what was disabled."`
	Remove subscriptionRemoveCommand `cmd:"" help:"Remove a subscription with its place and its dead letters."`
	Replay subscriptionReplayCommand `cmd:"" help:"Tell a subscriber again what it was told."`
	Dead   subscriptionDeadCommand   `cmd:"" help:"Tell what a subscriber refused in the last 30 days."`
	Secret subscriptionSecretCommand `cmd:"" help:"Give a subscription a new secret; the former signs beside it for a day."`
}

// A subscriptionID names a subscription on the command line.
type subscriptionID struct {
	ID string `arg:"" name:"subscription" help:"Its id, as subscription list tells it." placeholder:"ID"`
}

// explain adds what a person may do about a refusal.
func (n subscriptionID) explain(err error) error {
	if errors.Is(err, fault.SubscriptionUnknown) {
		return fmt.Errorf("there is no subscription %s: see seatlink subscription list", printable(n.ID))
	}
	return err
}

// maxPassword bounds what is read of a file.
const maxPassword = 1 << 10

type subscriptionAddCommand struct {
	Endpoint     string `arg:"" optional:"" help:"Where messages are posted to: https; in a sandbox also http, and this machine. With --sns-topic, where SNS is, if it is not Amazon's." placeholder:"URL"`
	Channel      string `help:"The channel code whose messages they are." required:"" placeholder:"CODE"`
	Organization int64  `help:"The organization they tell of; its partner must be granted it." required:"" placeholder:"ID"`
	Entity       string `help:"seats or events." enum:"seats,events" default:"seats"`
	Echo         bool   `help:"Tell the channel of its own locks too."`
	User         string `help:"For Authorization: Basic." placeholder:"NAME"`
	PasswordFile string `help:"File with the password for it, so that no list of processes shows it." type:"path" placeholder:"FILE"`
	SNSTopic     string `name:"sns-topic" help:"Publish to this topic of Amazon SNS instead. A name instead of an ARN makes one." placeholder:"ARN"`
	SNSRegion    string `name:"sns-region" help:"Its region. Default: the ARN's." placeholder:"REGION"`
	SNSKeyID     string `name:"sns-key-id" help:"The access key for it. Default: what the AWS SDK of the server finds by itself (environment, files, the machine's role)." placeholder:"ID"`
	SNSKeyFile   string `name:"sns-key-file" help:"File with the secret of that key; it is kept sealed." type:"path" placeholder:"FILE"`
	operating
}

// Help is the longer text of seatlink subscription add --help.
func (subscriptionAddCommand) Help() string {
	return `Examples:
  seatlink subscription add https://hooks.example.com/seats --channel market --organization 999 --user seatlink --password-file password
  seatlink subscription add https://hooks.example.com/events --channel market --organization 999 --entity events
  seatlink subscription add --sns-topic arn:aws:sns:us-east-1:123456789012:seats-999 --channel market --organization 999
  seatlink subscription add --sns-topic seats-999 --sns-region us-east-1 --channel market --organization 999

It begins with the next change; for how seats stand now the partner takes the snapshot of its feed. The secret that signs
its messages (Standard Webhooks) is shown this once. A topic of SNS is one channel's; SNS signs by itself.

` + besideAServer
}

// Run adds a subscription.
func (c *subscriptionAddCommand) Run(w *surroundings) error {
	password, err := secretOf("--password-file", c.PasswordFile)
	if err != nil {
		return err
	}
	key, err := secretOf("--sns-key-file", c.SNSKeyFile)
	if err != nil {
		return err
	}
	wanted := operatorapi.NewSubscription{
		Channel: c.Channel, OrganizationID: c.Organization, Entity: c.Entity, Echo: c.Echo, Endpoint: c.Endpoint, User: c.User, Password: password,
	}
	switch {
	case c.SNSTopic != "":
		wanted.SNS = &operatorapi.Topic{Name: c.SNSTopic, Region: c.SNSRegion, KeyID: c.SNSKeyID, Key: key}
	case c.SNSRegion != "" || c.SNSKeyID != "" || c.SNSKeyFile != "":
		return errors.New("--sns-region, --sns-key-id and --sns-key-file go with --sns-topic ARN")
	case c.Endpoint == "":
		return errors.New("say where its messages go: URL, or --sns-topic ARN")
	}
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		s, err := house.Subscribe(ctx, wanted)
		if err != nil {
			return err
		}
		return c.tell(w, s, func(out io.Writer) {
			if s.Topic != "" {
				fmt.Fprintf(out, "subscription\t%s\ntopic\t%s\n", s.ID, s.Topic)
				return
			}
			fmt.Fprintf(out, "subscription\t%s\nsecret\t%s\n", s.ID, s.Secret)
			fmt.Fprintln(out, "The secret is shown this once: give it to the partner by a safe way.")
		})
	})
}

// secretOf reads a secret that a flag names the file of.
func secretOf(flag, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxPassword))
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

type subscriptionListCommand struct{ operating }

// Help is the longer text of seatlink subscription list --help.
func (subscriptionListCommand) Help() string {
	return `Examples:
  seatlink subscription list
  seatlink subscription list --output json

BEHIND is how many rows of the journal it has not passed, and how old the first of them is.

` + besideAServer
}

// Run lists the subscriptions.
func (c *subscriptionListCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		list, err := house.Subscriptions(ctx)
		if err != nil {
			return err
		}
		return c.tell(w, list, func(out io.Writer) {
			if len(list.Subscriptions) == 0 {
				fmt.Fprintln(out, "There is no subscription yet: see seatlink subscription add --help.")
				return
			}
			fmt.Fprintln(out, "SUBSCRIPTION\tCHANNEL\tORGANIZATION\tENTITY\tTO\tSTATE\tBEHIND\tDEAD\tNOTE")
			for _, s := range list.Subscriptions {
				fmt.Fprintf(out, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%d\t%s\n", s.ID, printable(s.Channel), s.OrganizationID, s.Entity, printable(cmp.Or(s.Topic, s.Host)),
					s.State, lagOf(s), s.Dead, cmp.Or(note(s), "-"))
			}
		})
	})
}

func lagOf(s operatorapi.Subscription) string {
	if s.Behind == 0 {
		return "0"
	}
	oldest, err := time.Parse(time.RFC3339, s.Oldest)
	if err != nil {
		return fmt.Sprint(s.Behind)
	}
	return fmt.Sprintf("%d, %s", s.Behind, time.Since(oldest).Round(time.Second))
}

func note(s operatorapi.Subscription) string {
	if s.Attempts == 0 {
		return printable(s.Note)
	}
	return fmt.Sprintf("%d attempts met %s, next at %s", s.Attempts, printable(s.Note), s.Next)
}

// state asks for a change and tells the state that follows.
func (n subscriptionID) state(w *surroundings, o operating, ask func(context.Context, *operatorapi.Client) (operatorapi.Subscription, error)) error {
	return o.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		s, err := ask(ctx, house)
		if err != nil {
			return n.explain(err)
		}
		return o.tell(w, s, func(out io.Writer) { fmt.Fprintf(out, "%s is %s\n", s.ID, s.State) })
	})
}

type subscriptionPauseCommand struct {
	subscriptionID
	operating
}

// Help is the longer text of seatlink subscription pause --help.
func (subscriptionPauseCommand) Help() string {
	return `Examples:
  seatlink subscription pause 4XKQZV7B2M5A

A message in flight still arrives. What it misses is sent after resume.
` + besideAServer
}

// Run pauses a subscription.
func (c *subscriptionPauseCommand) Run(w *surroundings) error {
	return c.state(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Subscription, error) {
		return house.Pause(ctx, c.ID)
	})
}

type subscriptionResumeCommand struct {
	subscriptionID
	operating
}

// Help is the longer text of seatlink subscription resume --help.
func (subscriptionResumeCommand) Help() string {
	return `Examples:
  seatlink subscription resume 4XKQZV7B2M5A

It goes on from where it was. One in state resync has missed changes that are kept no longer: it goes on from now, and
its partner takes the snapshot of its feed.
` + besideAServer
}

// Run resumes a subscription.
func (c *subscriptionResumeCommand) Run(w *surroundings) error {
	return c.state(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Subscription, error) {
		return house.Resume(ctx, c.ID)
	})
}

type subscriptionRemoveCommand struct {
	subscriptionID
	operating
}

// Help is the longer text of seatlink subscription remove --help.
func (subscriptionRemoveCommand) Help() string {
	return `Examples:
  seatlink subscription remove 4XKQZV7B2M5A

` + besideAServer
}

// Run removes a subscription.
func (c *subscriptionRemoveCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		if err := house.Unsubscribe(ctx, c.ID); err != nil {
			return c.explain(err)
		}
		return c.tell(w, map[string]string{"removed": c.ID}, func(out io.Writer) { fmt.Fprintf(out, "%s is removed\n", printable(c.ID)) })
	})
}

type subscriptionReplayCommand struct {
	subscriptionID
	From  int64  `help:"From this position (Link-Sequence) on." placeholder:"POSITION" xor:"what" required:""`
	To    int64  `help:"With --from: up to this position only, each seat as it stands now." placeholder:"POSITION"`
	Since string `help:"From the first change at or after a time on, such as 2026-07-25T18:00:00Z." placeholder:"TIME" xor:"what" required:""`
	Dead  bool   `help:"What it refused, each seat as it stands now." xor:"what" required:""`
	operating
}

// Help is the longer text of seatlink subscription replay --help.
func (subscriptionReplayCommand) Help() string {
	return `Examples:
  seatlink subscription replay 4XKQZV7B2M5A --from 184467
  seatlink subscription replay 4XKQZV7B2M5A --from 184467 --to 184467
  seatlink subscription replay 4XKQZV7B2M5A --since 2026-07-25T18:00:00Z
  seatlink subscription replay 4XKQZV7B2M5A --dead

From a position on, everything is sent again in its order. A range, and what was refused, is not: those seats are told
as they stand now (Link-Resent: 1), so an old state never arrives after a newer one.
` + besideAServer
}

// Run replays.
func (c *subscriptionReplayCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		var (
			done operatorapi.Replayed
			err  error
		)
		switch {
		case c.To > 0 && c.From == 0:
			return errors.New("--to POSITION goes with --from POSITION")
		case c.Dead:
			done, err = house.ReplayDead(ctx, c.ID)
		case c.Since != "":
			done, err = house.ReplaySince(ctx, c.ID, c.Since)
		default:
			done, err = house.ReplayFrom(ctx, c.ID, c.From, c.To)
		}
		if err != nil {
			return c.explain(err)
		}
		return c.tell(w, done, func(out io.Writer) {
			if c.Dead || c.To > 0 {
				fmt.Fprintf(out, "%d seats or events are told as they stand\n", done.Letters)
				return
			}
			fmt.Fprintf(out, "it goes on from position %d\n", done.Cursor+1)
		})
	})
}

type subscriptionDeadCommand struct {
	subscriptionID
	operating
}

// Help is the longer text of seatlink subscription dead --help.
func (subscriptionDeadCommand) Help() string {
	return `Examples:
  seatlink subscription dead 4XKQZV7B2M5A
  seatlink subscription replay 4XKQZV7B2M5A --dead

A seat is there when its subscriber answered 400, 413 or 422 to a message of it alone.
` + besideAServer
}

// Run lists dead letters.
func (c *subscriptionDeadCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		list, err := house.DeadLetters(ctx, c.ID)
		if err != nil {
			return err
		}
		return c.tell(w, list, func(out io.Writer) {
			if len(list.Letters) == 0 {
				fmt.Fprintln(out, "It refused nothing.")
				return
			}
			fmt.Fprintln(out, "SUBJECT\tPOSITION\tMET\tAT\tTOLD AGAIN")
			for _, l := range list.Letters {
				fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%s\n", printable(l.Subject), l.Position, printable(l.Met), l.At, map[bool]string{true: "soon", false: "no"}[l.Again])
			}
		})
	})
}

type subscriptionSecretCommand struct {
	subscriptionID
	operating
}

// Help is the longer text of seatlink subscription secret --help.
func (subscriptionSecretCommand) Help() string {
	return `Examples:
  seatlink subscription secret 4XKQZV7B2M5A

For 24 hours messages have two signatures, so the partner changes over when it likes.
` + besideAServer
}

// Run rolls a secret.
func (c *subscriptionSecretCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		s, err := house.RollSecret(ctx, c.ID)
		if err != nil {
			return c.explain(err)
		}
		return c.tell(w, s, func(out io.Writer) {
			fmt.Fprintf(out, "%s\nsecret of %s. It is shown this once: give it to the partner by a safe way.\n", s.Secret, s.ID)
		})
	})
}

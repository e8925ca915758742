package link

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A File is a Keep in a file that only its owner can read. Processes of one
// machine may share it; where the system has no flock (Windows), one at a time.
// Beside it stands a file with .lock behind its name.
type File string

// Renew implements Keep.
func (f File) Renew(ctx context.Context, next func(Pair) (Pair, error)) error {
	release, err := f.lock(ctx)
	if err != nil {
		return err
	}
	defer release()
	kept, err := f.read()
	if err != nil {
		return err
	}
	pair, err := next(kept)
	if err != nil || pair.RefreshToken == kept.RefreshToken {
		return err
	}
	text, err := json.MarshalIndent(pair, "", "  ") //nolint:gosec // to keep the tokens is what it is for
	if err != nil {
		return err
	}
	return f.write(append(text, '\n'))
}

func (f File) read() (Pair, error) {
	var p Pair
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil && json.Unmarshal(text, &p) != nil {
		err = fmt.Errorf("%s is not a pair of tokens", string(f)) // what is in it is not for logs
	}
	return p, err
}

// write puts a text in the place of the file, whole or not at all, and returns
// when it would outlive a power cut.
func (f File) write(text []byte) error {
	draft, err := os.OpenFile(string(f)+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = draft.Write(text)
	err = errors.Join(err, draft.Sync(), draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), string(f))
	}
	if err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(string(f)))
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	_ = folder.Sync() // some systems do not sync folders, and say so
	return nil
}

// lockPoll is how often a lock that another process has is tried again. It is held
// for as long as an exchange takes.
const lockPoll = 10 * time.Millisecond

// lock keeps everybody else out until release.
func (f File) lock(ctx context.Context) (release func(), err error) {
	file, err := os.OpenFile(string(f)+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		locked, err := flock(file)
		if locked {
			return func() { _ = file.Close() }, nil
		}
		if err == nil && !pause(ctx, lockPoll) {
			err = fmt.Errorf("%s: somebody else has it: %w", file.Name(), cmp.Or(context.Cause(ctx), context.DeadlineExceeded))
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
}

package push

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// A Folder keeps mails as .eml files, for whoever wants to see them. They have
// names and addresses in them: only the owner of the process may read them.
type Folder string

// Send writes the mail, whole or not at all. The same mail again takes the place
// of the first.
func (f Folder) Send(_ context.Context, name, _ string, mail []byte) error {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return fmt.Errorf("folder of mails: %w", err)
	}
	path := filepath.Join(string(f), name+".eml")
	if err := os.WriteFile(path+".new", mail, 0o600); err != nil {
		return fmt.Errorf("write a mail: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write a mail: %w", err)
	}
	return nil
}

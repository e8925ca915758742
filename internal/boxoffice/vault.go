package boxoffice

import "context"

// A Vault copies the books to where they outlive the machine.
type Vault interface {
	// Backup writes the books as they stand at one moment into a new file, which is
	// whole and on disk when it returns, or is not there. It has every act whose Do
	// returned before the call.
	Backup(ctx context.Context, path string) (Backup, error)
}

// A Backup is a copy of the books.
type Backup struct {
	File  string
	Bytes int64
	// It has the journal up to Position, in this epoch.
	Epoch, Position int64
}

package sqlstore

import (
	"context"

	"github.com/seatlink/seatlink/internal/access"
)

// CopyInChunks is Copy with so many rows in a transaction.
func CopyInChunks(ctx context.Context, from, to string, keys *access.Keyring, rows int, progress CopyProgress) ([]Copied, error) {
	return copyBooks(ctx, from, to, keys, rows, progress)
}

package operatorapi

import (
	"context"
	"path/filepath"

	"github.com/seatlink/seatlink/internal/fault"
)

// A Backup is a copy of the books that was written.
type Backup struct {
	File     string `json:"file"`
	Bytes    int64  `json:"bytes"`
	Epoch    int64  `json:"epoch"`
	Position int64  `json:"position"` // up to which it has the journal
}

type backupRequest struct {
	File string `json:"file"`
}

// backUp writes the copy itself: it would be long for an answer.
func (a *api) backUp(ctx context.Context, c *call) (any, error) {
	var wire backupRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	if !filepath.IsAbs(wire.File) {
		return nil, fault.FieldInvalid.Saying("the file of a backup is named by its whole path")
	}
	made, err := a.work.Vault.Backup(ctx, wire.File)
	if err != nil {
		// Whoever asks is at home here, and wants to know why: the disk is full, the
		// folder is not there, the file is.
		return nil, errBackup.Saying("the backup was not made: " + err.Error())
	}
	return Backup{File: made.File, Bytes: made.Bytes, Epoch: made.Epoch, Position: made.Position}, nil
}

// errBackup is for operators alone, so it is not in the catalogue.
var errBackup = &fault.Error{Kind: fault.Refused, Code: "BACKUP_FAILED", Message: "the backup was not made"}

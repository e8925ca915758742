package sqlstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
)

// Blank is a SQLite file with the schema and nothing else, made once: a test that
// begins with a copy spares the migrations, which are half of a minute under the
// race detector for every hundred tests.
var Blank = sync.OnceValues(func() (_ []byte, err error) {
	folder, err := os.MkdirTemp("", "seatlink-blank-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "blank.db")
	db, err := sqliteForMigrations(path)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(migrateSQLite(context.Background(), db), db.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

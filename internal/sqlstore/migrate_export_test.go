package sqlstore

import (
	"context"
	"errors"
)

// MigrateSQLite makes the tables in a new file and nothing more: no key is bound
// to it yet. All of it is in the file when this returns, for no log was begun.
func MigrateSQLite(ctx context.Context, path string) error {
	db, err := sqliteForMigrations(path)
	if err != nil {
		return err
	}
	return errors.Join(migrateSQLite(ctx, db), db.Close())
}

// MigratePostgres makes the tables of an empty database and nothing more.
func MigratePostgres(ctx context.Context, url string) error {
	db, err := openEngine(ctx, url, false)
	if err != nil {
		return err
	}
	defer db.close()
	return db.migrate(ctx)
}

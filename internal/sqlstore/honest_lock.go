//go:build !seed_no_row_lock

package sqlstore

// rowLock keeps the rows that a statement of PostgreSQL reads until the commit.
// It is nothing in a program built with the tag seed_no_row_lock: a bug that the
// history of tickets must show.
const rowLock = "FOR NO KEY UPDATE"

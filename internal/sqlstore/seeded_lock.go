//go:build seed_no_row_lock

package sqlstore

const rowLock = ""

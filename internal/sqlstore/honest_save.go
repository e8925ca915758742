//go:build !seed_blind_save

package sqlstore

// savesBlindly is a bug that the history of tickets must show: it is true only in
// a program built with the tag seed_blind_save, which compares no versions.
const savesBlindly = false

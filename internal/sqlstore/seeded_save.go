//go:build seed_blind_save

package sqlstore

const savesBlindly = true

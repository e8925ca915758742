package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// Each credential says by its beginning what it is, so that scanners for leaked
// secrets can find it. After it come 256 random bits; an API key has its id in
// between.
const (
	codePrefix    = "lkc_"
	accessPrefix  = "lka_"
	refreshPrefix = "lkr_"
	keyPrefix     = "lkk_"

	secretBytes = 32
	keyIDLength = 12 // 60 random bits; it only has to be unique
)

// secretLength is how many characters secretBytes take as text.
var secretLength = base64.RawURLEncoding.EncodedLen(secretBytes)

// A Hash is the SHA-256 of a credential as 43 characters of base64url. A
// credential has 256 random bits, so a slow hash would add nothing.
type Hash string

// A KeyID names an API key: the 12 characters of the key that are not secret.
type KeyID string

func hashOf(credential string) Hash {
	sum := sha256.Sum256([]byte(credential))
	return Hash(base64.RawURLEncoding.EncodeToString(sum[:]))
}

func newSecret(prefix string) string {
	var random [secretBytes]byte
	rand.Read(random[:])
	return prefix + base64.RawURLEncoding.EncodeToString(random[:])
}

func newKey() (id KeyID, key string) {
	id = KeyID(rand.Text()[:keyIDLength])
	return id, newSecret(keyPrefix + string(id) + "_")
}

// wellFormed reports whether a credential can be one of ours at all; the others
// need not be looked up.
func wellFormed(credential, prefix string) bool {
	secret, ok := strings.CutPrefix(credential, prefix)
	return ok && len(secret) == secretLength && isName(secret)
}

// keyIDOf returns the id within an API key, or "" where the text cannot be one.
func keyIDOf(key string) KeyID {
	rest, ok := strings.CutPrefix(key, keyPrefix)
	if !ok || len(rest) < keyIDLength {
		return ""
	}
	id := rest[:keyIDLength]
	if !isName(id) || !wellFormed(key, keyPrefix+id+"_") {
		return ""
	}
	return KeyID(id)
}

// isName reports whether s has letters, digits, hyphens, underscores and dots
// only, and at least one of them.
func isName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return s != ""
}

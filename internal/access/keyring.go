package access

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// A Keyring holds the one secret of an installation and makes from it a key of
// its own for each purpose, so that what is known of one tells nothing of
// another. A purpose is a constant of the program, never a value from outside:
// the keys made are kept. It is safe for concurrent use.
//
// Without the secret, API keys and ticket pages that were given out stop
// working and people are no longer recognised: keep it apart from the backups
// of the database, and as safe.
type Keyring struct {
	secret [secretBytes]byte
	keys   sync.Map // purpose → *purposeKeys
}

// keyFileLimit bounds what is read of a key file.
const keyFileLimit = 1 << 10

// ErrSeal says that a sealed text was not made by this keyring for this
// purpose, or was changed since.
var ErrSeal = errors.New("the sealed text does not open")

// LoadKeyring reads the secret from a file, which nobody but its owner may be
// allowed to read.
func LoadKeyring(path string) (*Keyring, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load key: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("load key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("load key: %s has mode %04o; it must be 0600, for its owner alone", path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(file, keyFileLimit))
	if err != nil {
		return nil, fmt.Errorf("load key: %w", err)
	}
	ring, err := ParseKeyring(string(text))
	if err != nil {
		return nil, fmt.Errorf("load key from %s: %w", path, err)
	}
	return ring, nil
}

// CreateKeyring makes a new secret and writes it to a new file of mode 0600. A
// file that exists is never written over: that is an error for which
// errors.Is(err, fs.ErrExist) holds. When it returns, the secret is on disk.
func CreateKeyring(path string) (*Keyring, error) {
	ring := new(Keyring)
	rand.Read(ring.secret[:])
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create key: %w", err)
	}
	_, err = file.WriteString(base64.StdEncoding.EncodeToString(ring.secret[:]) + "\n")
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		// Half a key would only stop the next start.
		return nil, fmt.Errorf("create key: %w", errors.Join(err, os.Remove(path)))
	}
	return ring, nil
}

// syncFolder makes a new name in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// ParseKeyring takes the secret as text: 32 bytes in base64. Its errors do not
// tell the text.
func ParseKeyring(text string) (*Keyring, error) {
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(secret) != secretBytes {
		return nil, fmt.Errorf("a key is %d bytes in base64", secretBytes)
	}
	ring := new(Keyring)
	copy(ring.secret[:], secret)
	return ring, nil
}

// purposeKeys are what one purpose needs.
type purposeKeys struct {
	mac  []byte
	aead cipher.AEAD
}

func (k *Keyring) purpose(name string) *purposeKeys {
	if made, ok := k.keys.Load(name); ok {
		return made.(*purposeKeys)
	}
	block, err := aes.NewCipher(k.derive("seal", name))
	if err != nil {
		panic(err) // the key has the right length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	made, _ := k.keys.LoadOrStore(name, &purposeKeys{mac: k.derive("mac", name), aead: aead})
	return made.(*purposeKeys)
}

func (k *Keyring) derive(use, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.secret[:], nil, "seatlink "+use+" "+purpose, sha256.Size)
	if err != nil {
		panic(err) // one hash length is within what HKDF gives
	}
	return key
}

// MAC returns the 32 bytes of an HMAC-SHA256 over data under the key of the
// purpose. Data split otherwise has another MAC.
func (k *Keyring) MAC(purpose string, data ...string) []byte {
	mac := hmac.New(sha256.New, k.purpose(purpose).mac)
	for _, part := range data {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		io.WriteString(mac, part)
	}
	return mac.Sum(nil)
}

// Seal encrypts plaintext for the purpose, as base64url. The same plaintext
// gives another text each time.
func (k *Keyring) Seal(purpose string, plaintext []byte) string {
	return base64.RawURLEncoding.EncodeToString(k.purpose(purpose).aead.Seal(nil, nil, plaintext, nil))
}

// Open returns what was sealed for the same purpose, or ErrSeal.
func (k *Keyring) Open(purpose, sealed string) ([]byte, error) {
	ciphertext, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil, ErrSeal
	}
	plaintext, err := k.purpose(purpose).aead.Open(nil, nil, ciphertext, nil)
	if err != nil {
		return nil, ErrSeal
	}
	return plaintext, nil
}

// Check returns a text by which the same secret is recognised, and from which
// nothing of it can be learned: kept in the database, it shows a wrong key at
// start rather than at the first call.
func (k *Keyring) Check() string {
	return base64.RawURLEncoding.EncodeToString(k.derive("check", ""))
}

// String keeps the secret out of logs.
func (k *Keyring) String() string { return "keyring" }

// GoString keeps the secret out of logs.
func (k *Keyring) GoString() string { return "keyring" }

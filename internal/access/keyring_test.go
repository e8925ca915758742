package access

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func otherKeyring(t fatalist) *Keyring {
	t.Helper()
	ring, err := ParseKeyring(" //////////////////////////////////////////8=\n")
	if err != nil {
		t.Fatalf("ParseKeyring: %v", err)
	}
	return ring
}

func TestAKeyringSurvivesItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	made, err := CreateKeyring(path)
	if err != nil {
		t.Fatalf("CreateKeyring: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("Stat = %v, %v; want mode 0600", info.Mode(), err)
	}
	loaded, err := LoadKeyring(path)
	if err != nil {
		t.Fatalf("LoadKeyring: %v", err)
	}
	if made.Check() != loaded.Check() || !bytes.Equal(made.MAC("test", "a"), loaded.MAC("test", "a")) {
		t.Error("the loaded key ring is another")
	}
	before, _ := os.ReadFile(path)
	if _, err := CreateKeyring(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("CreateKeyring over a key: %v; want fs.ErrExist", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the key was written over")
	}
}

func TestLoadKeyringRefuses(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, secretBytes))
	tests := []struct {
		name string
		text string
		mode os.FileMode
		says string
	}{
		{"a key others can read", good, 0o644, "0600"},
		{"a key the group can read", good, 0o640, "0600"},
		{"an empty file", "", 0o600, "32 bytes"},
		{"a short key", good[:40], 0o600, "32 bytes"},
		{"what is not base64", strings.Repeat("!", 44), 0o600, "32 bytes"},
		{"a large file", strings.Repeat(good, 1000), 0o600, "32 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(tt.text), tt.mode); err != nil {
				t.Fatal(err)
			}
			_, err := LoadKeyring(path)
			if err == nil || !strings.Contains(err.Error(), tt.says) || tt.text != "" && strings.Contains(err.Error(), tt.text) {
				t.Errorf("LoadKeyring: %v; want it to say %q and not the key", err, tt.says)
			}
		})
	}
	if _, err := LoadKeyring(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadKeyring of no file: %v; want fs.ErrNotExist", err)
	}
}

func TestAMACTellsItsPartsAndPurposesApart(t *testing.T) {
	ring := testKeyring(t)
	seen := map[string]string{}
	add := func(name string, mac []byte) {
		if len(mac) != 32 {
			t.Errorf("%s: %d bytes; want 32", name, len(mac))
		}
		if other, ok := seen[string(mac)]; ok {
			t.Errorf("%s has the MAC of %s", name, other)
		}
		seen[string(mac)] = name
	}
	add("nothing", ring.MAC("p"))
	add("one empty part", ring.MAC("p", ""))
	add("two empty parts", ring.MAC("p", "", ""))
	add("ab, c", ring.MAC("p", "ab", "c"))
	add("a, bc", ring.MAC("p", "a", "bc"))
	add("abc", ring.MAC("p", "abc"))
	add("abc for another purpose", ring.MAC("q", "abc"))
	add("abc under another secret", otherKeyring(t).MAC("p", "abc"))
	if !bytes.Equal(ring.MAC("p", "abc"), ring.MAC("p", "abc")) {
		t.Error("the same data has two MACs")
	}
}

func TestWhatIsSealedOpensOnlyAsItWasSealed(t *testing.T) {
	ring := testKeyring(t)
	for _, plaintext := range []string{"", "a", strings.Repeat("long ", 1000)} {
		sealed := ring.Seal("p", []byte(plaintext))
		got, err := ring.Open("p", sealed)
		if err != nil || string(got) != plaintext {
			t.Errorf("Open = %q, %v; want %q", got, err, plaintext)
		}
		if again := ring.Seal("p", []byte(plaintext)); again == sealed {
			t.Error("the same text was sealed to the same twice")
		}
		changed := []byte(sealed)
		changed[len(changed)/2] ^= 1
		for name, open := range map[string]func() ([]byte, error){
			"another purpose": func() ([]byte, error) { return ring.Open("q", sealed) },
			"another secret":  func() ([]byte, error) { return otherKeyring(t).Open("p", sealed) },
			"a changed text":  func() ([]byte, error) { return ring.Open("p", string(changed)) },
			"a cut text":      func() ([]byte, error) { return ring.Open("p", sealed[:10]) },
			"no text":         func() ([]byte, error) { return ring.Open("p", "") },
			"no base64":       func() ([]byte, error) { return ring.Open("p", "!!") },
		} {
			if got, err := open(); !errors.Is(err, ErrSeal) {
				t.Errorf("Open of %s = %q, %v; want ErrSeal", name, got, err)
			}
		}
	}
}

func TestAKeyringServesManyAtOnce(t *testing.T) {
	ring := testKeyring(t)
	want := testKeyring(t).MAC("p", "a")
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 100 {
				if !bytes.Equal(ring.MAC("p", "a"), want) {
					t.Error("a MAC differs")
				}
				if _, err := ring.Open("q", ring.Seal("q", []byte("a"))); err != nil {
					t.Errorf("Open: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestCheckTellsSecretsApart(t *testing.T) {
	check := testKeyring(t).Check()
	if again := testKeyring(t).Check(); again != check {
		t.Error("one secret has two checks")
	}
	if check == otherKeyring(t).Check() {
		t.Error("two secrets have one check")
	}
}

func BenchmarkMAC(b *testing.B) {
	ring := testKeyring(b)
	for b.Loop() {
		ring.MAC(apiKeyPurpose, "lkk_ABCDEFGHIJKL_0123456789012345678901234567890123456789012")
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// printed is what a command prints, run with this environment.
func printed(t *testing.T, env map[string]string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), args, func(name string) string { return env[name] }, &out, &out); err != nil {
		t.Fatalf("seatlink %v: %v\n%s", args, err, &out)
	}
	return out.String()
}

func TestTheSettingsAreDocumentedAsTheyAre(t *testing.T) {
	text, err := os.ReadFile("../../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != printed(t, nil, "settings", "--output", "markdown") {
		t.Error("docs/settings.md is not what seatlink settings prints: go generate ./cmd/seatlink")
	}
}

// Ensure that the file counts for every kind of setting: each is given a value of
// its own by a file, and it is the one in force.
func TestEverySettingMayStandInAFile(t *testing.T) {
	given := map[string][2]string{ // as the file has it, and as it is printed
		"db": {`"sqlite:other.db"`, "sqlite:other.db"}, "key": {`"/other.key"`, "/other.key"}, "sandbox": {"true", "true"},
		"addr": {`"127.0.0.1:1"`, "127.0.0.1:1"}, "public-url": {`"https://a.example.com"`, "https://a.example.com"},
		"tls-cert": {`"/cert.pem"`, "/cert.pem"}, "tls-key": {`"/key.pem"`, "/key.pem"},
		"trusted-proxies": {`["192.0.2.0/24"]`, "192.0.2.0/24"}, "proxy-header": {`"Forwarded"`, "Forwarded"},
		"log-level": {`"debug"`, "debug"}, "ops-addr": {`"127.0.0.1:2"`, "127.0.0.1:2"}, "ops-anywhere": {"true", "true"},
		"trace-endpoint": {`"http://127.0.0.1:3"`, "http://127.0.0.1:3"}, "drain": {`"12s"`, "12s"}, "drain-wait": {`"0s"`, "0s"},
		"smtp-address": {`"mail.example.com:587"`, "mail.example.com:587"}, "smtp-from": {`"tickets@example.com"`, "tickets@example.com"},
		"smtp-user": {`"venue"`, "venue"}, "smtp-password-file": {`"/password"`, "/password"}, "mail-folder": {`"/mails"`, "/mails"},
		"wallet-certificate": {`"/pass.pem"`, "/pass.pem"}, "wallet-key": {`"/pass.key"`, "/pass.key"}, "wallet-chain": {`"/wwdr.cer"`, "/wwdr.cer"},
		"gate-listen": {`"127.0.0.1:4"`, "127.0.0.1:4"}, "batch-acts": {"7", "7"}, "writers": {"3", "3"},
		"connections": {"900", "900"}, "connections-per-address": {"90", "90"}, "outgoing-ports": {`["8443"]`, "8443"},
		"outgoing-deny": {`["198.51.100.0/24"]`, "198.51.100.0/24"}, "outgoing-allow": {`["203.0.113.0/24"]`, "203.0.113.0/24"},
	}
	var file strings.Builder
	for name, value := range given {
		file.WriteString(name + " = " + value[0] + "\n")
	}
	path := filepath.Join(t.TempDir(), "seatlink.toml")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(printed(t, nil, "serve", "--config", path, "--print-settings")) {
		words := strings.Fields(line)
		if words[0] == "SETTING" {
			continue
		}
		seen++
		if want := given[words[0]][1]; words[1] != want || words[2] != path {
			t.Errorf("the file gives %s = %s, and serve has %q; add new settings to this test", words[0], want, words)
		}
	}
	if seen != len(given) {
		t.Errorf("serve has %d settings; %d were given", seen, len(given))
	}
}

func TestBalancersGetTimeWhereThereAreProxies(t *testing.T) {
	none := time.Duration(0)
	for _, tt := range []struct {
		name string
		s    settings
		want time.Duration
	}{
		{"nobody in front", settings{}, 0},
		{"proxies in front", settings{listening: listening{TrustedProxies: []string{"10.0.0.0/8"}}}, balancersNotice},
		{"proxies in front, and nothing to wait for", settings{listening: listening{TrustedProxies: []string{"10.0.0.0/8"}}, stopping: stopping{DrainWait: &none}}, 0},
	} {
		if got := tt.s.drainWait(); got != tt.want {
			t.Errorf("%s: the doors stay open for %v; want %v", tt.name, got, tt.want)
		}
	}
}

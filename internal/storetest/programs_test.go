package storetest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestProgramsAreThoseOfPathElseTheNewest(t *testing.T) {
	for _, tt := range []struct {
		name    string
		path    string
		folders map[string]string // what postgres --version says there
		want    string            // "" is errNoPrograms
	}{
		{"the newest, by number and not by letter", "", map[string]string{
			"9.6": "postgres (PostgreSQL) 9.6.24", "15": "postgres (PostgreSQL) 15.18", "100": "postgres (PostgreSQL) 100.1",
		}, "100"},
		{"what PATH names, though a newer one is there", "15", map[string]string{
			"15": "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "17": "postgres (PostgreSQL) 17.2",
		}, "15"},
		{"not what PATH names when it is too old", "14", map[string]string{
			"14": "postgres (PostgreSQL) 14.1", "16": "postgres (PostgreSQL) 16beta1",
		}, "16"},
		{"none when all are too old", "", map[string]string{"14": "postgres (PostgreSQL) 14.1"}, ""},
		{"none when nothing is installed", "", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			for folder, says := range tt.folders {
				install(t, filepath.Join(root, folder, "bin"), says)
			}
			t.Setenv("PATH", filepath.Join(root, tt.path, "bin"))

			got, err := programs(filepath.Join(root, "*", "bin"))
			if tt.want == "" {
				if !errors.Is(err, errNoPrograms) {
					t.Errorf("programs() = %q, %v; want %v", got, err, errNoPrograms)
				}
				return
			}
			if want := filepath.Join(root, tt.want, "bin"); got != want || err != nil {
				t.Errorf("programs() = %q, %v; want %q", got, err, want)
			}
		})
	}
}

func TestProgramsWithOneMissingDoNotCount(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "15", "bin")
	install(t, bin, "postgres (PostgreSQL) 15.18")
	if err := os.Remove(filepath.Join(bin, "initdb")); err != nil {
		t.Fatal(err)
	}
	if got := version(bin); got != 0 {
		t.Errorf("version(%q) = %d without initdb, want 0", bin, got)
	}
}

// install writes programs that do nothing but say their version.
func install(t *testing.T, bin, says string) {
	t.Helper()
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		script := "#!/bin/sh\necho '" + says + "'\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

const (
	// oldest is the first version of PostgreSQL that seatlink runs on.
	oldest = 15
	// debianPrograms is where Debian and its kin keep a folder for each version,
	// out of PATH.
	debianPrograms = "/usr/lib/postgresql/*/bin"
)

var errNoPrograms = fmt.Errorf("the programs of PostgreSQL %d or newer are neither in PATH nor in %s; install them: apt-get install postgresql",
	oldest, debianPrograms)

// programs is the folder of PostgreSQL's server programs: that of PATH, else the
// newest among the folders that the pattern names.
func programs(pattern string) (string, error) {
	if postgres, err := exec.LookPath("postgres"); err == nil {
		// PATH may have a link to one program only; its neighbours are where it leads.
		if postgres, err = filepath.EvalSymlinks(postgres); err == nil && version(filepath.Dir(postgres)) >= oldest {
			return filepath.Dir(postgres), nil
		}
	}
	folders, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	best, newest := "", oldest-1
	for _, folder := range folders {
		if v := version(folder); v > newest {
			best, newest = folder, v
		}
	}
	if best == "" {
		return "", errNoPrograms
	}
	return best, nil
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// version is the major version of a folder's programs, 0 where one of them is
// missing.
func version(folder string) int {
	for _, name := range []string{"initdb", "pg_ctl"} {
		if _, err := exec.LookPath(filepath.Join(folder, name)); err != nil {
			return 0
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(folder, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return 0
	}
	major, _ := strconv.Atoi(string(match[1]))
	return major
}

// account is whom the server runs as: the caller, said by nil, but for root, as
// whom PostgreSQL refuses to run.
func account() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no other account for it: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

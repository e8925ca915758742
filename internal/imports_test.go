// Package internal_test holds the house to its plan: who may import whom.
package internal_test

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/seatlink/seatlink"

// floors are the rooms of the house, the lowest first. Imports point down.
// Add a package, add it here.
var floors = [][]string{
	{"api", "link"}, // public, so they know nothing of the inside
	{"marketplace"}, // public too: a partner's program
	{"internal/fault"},
	{"internal/access"},
	{"internal/boxoffice"},
	{"internal/push"},
	{"internal/sqlstore", "internal/storetest", "internal/pagetest", "internal/partnerapi", "internal/operatorapi", "internal/web", "internal/manual", "internal/house"},
	{"cmd/seatlink"},
}

// bare are packages that other people's programs import, and that bring them
// nothing but the standard library.
var bare = []string{"link", "link/receive", "link/linktest", "marketplace"}

// alone are rooms that know one other room and no more: the marketplace is the proof
// that the client, and so the contract, suffices.
var alone = map[string]string{"marketplace": "link"}

// testRooms are for tests only, of any floor.
var testRooms = []string{"internal/storetest", "internal/pagetest"}

// forbidden are names that say nothing of what is inside.
var forbidden = []string{"util", "utils", "common", "model", "models", "types", "config", "shared", "helper", "helpers", "pkg"}

// room is the room of a package, by its path within the module, and its floor;
// packages below a room's own are part of it.
func room(pkg string) (name string, floor int, err error) {
	for word := range strings.SplitSeq(pkg, "/") {
		if slices.Contains(forbidden, word) {
			return "", 0, fmt.Errorf("%s: %q says nothing of what is inside; put it beside its user", pkg, word)
		}
	}
	for floor, rooms := range floors {
		for _, name := range rooms {
			if pkg == name || strings.HasPrefix(pkg, name+"/") {
				return name, floor, nil
			}
		}
	}
	return "", 0, fmt.Errorf("%s stands on no floor; add it to floors in internal/imports_test.go", pkg)
}

// judge says what is wrong when from imports to, both paths within the module.
// Tests keep to the floors too, but theirs is what production may not have:
// testRooms and apitest.
func judge(from, to string, test bool) error {
	fromRoom, fromFloor, fromErr := room(from)
	toRoom, toFloor, toErr := room(to)
	switch {
	case fromErr != nil || toErr != nil:
		return errors.Join(fromErr, toErr)
	case to == "api/apitest" && from != to && !test:
		return fmt.Errorf("%s imports %s, which is for tests only", from, to)
	case fromRoom == toRoom:
		return nil
	case alone[fromRoom] != "" && toRoom != alone[fromRoom] && !test:
		return fmt.Errorf("%s imports %s; it is to know %s alone", from, to, alone[fromRoom])
	case slices.Contains(testRooms, toRoom) && !test:
		return fmt.Errorf("%s imports %s, which is for tests only", from, to)
	case fromRoom == "link" && test:
		return fmt.Errorf("%s imports %s in a test; the client is tested from outside, as its users see it", from, to)
	case slices.Contains(testRooms, toRoom):
		return nil
	case fromFloor == toFloor:
		return fmt.Errorf("%s imports its neighbour %s; what both need stands on a lower floor", from, to)
	case fromFloor < toFloor:
		return fmt.Errorf("%s imports %s, which is above it; pass the value in, or move the type down", from, to)
	}
	return nil
}

// judgeForeign says what is wrong when from imports what is not of the module.
func judgeForeign(from, path string, test bool) error {
	first, _, _ := strings.Cut(path, "/")
	if slices.Contains(bare, from) && !test && strings.Contains(first, ".") { // no folder of the standard library has one
		return fmt.Errorf("%s imports %s; it is to bring nothing but the standard library", from, path)
	}
	return nil
}

func TestImportsPointDown(t *testing.T) {
	edges := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && foreign(path, entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from, err := filepath.Rel("..", filepath.Dir(path))
		if err != nil || from == "internal" { // this file
			return err
		}
		if _, _, err := room(filepath.ToSlash(from)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			to, ours := strings.CutPrefix(imported, module+"/")
			if !ours {
				if err := judgeForeign(filepath.ToSlash(from), imported, strings.HasSuffix(path, "_test.go")); err != nil {
					t.Errorf("%s: %v", path, err)
				}
				continue
			}
			edges++
			if err := judge(filepath.ToSlash(from), to, strings.HasSuffix(path, "_test.go")); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range bare {
		if _, err := os.Stat(filepath.Join("..", pkg)); err != nil {
			t.Errorf("bare names %s: %v", pkg, err)
		}
	}
	if edges == 0 {
		t.Error("found no import between packages of the module: the test looks in the wrong place")
	}
}

// foreign reports whether a folder holds no packages of the module.
func foreign(path, name string) bool {
	if path == ".." {
		return false
	}
	_, err := os.Stat(filepath.Join(path, "go.mod")) // a module of its own
	return err == nil || name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func TestJudgeKnowsTheFloors(t *testing.T) {
	const production, test = false, true
	for _, tt := range []struct {
		name     string
		from, to string
		test     bool
		want     string // part of the complaint; "" is none
	}{
		{"down one floor", "internal/access", "internal/fault", production, ""},
		{"down many floors", "cmd/seatlink", "internal/fault", production, ""},
		{"within a room", "internal/web", "internal/web/page", production, ""},
		{"a room below a room counts as that room", "internal/web/page", "internal/boxoffice", production, ""},
		{"the public contract is open to all", "internal/partnerapi", "api", production, ""},
		{"a test imports apitest", "internal/partnerapi", "api/apitest", test, ""},
		{"a test imports storetest", "internal/sqlstore", "internal/storetest", test, ""},
		{"a test of a lower floor imports storetest", "internal/boxoffice", "internal/storetest", test, ""},
		{"a door's test looks at its pages", "internal/web", "internal/pagetest", test, ""},
		{"storetest imports what it tests", "internal/storetest", "internal/boxoffice", production, ""},

		{"the marketplace imports the client", "marketplace", "link", production, ""},
		{"the marketplace imports the subscriber's side", "marketplace", "link/receive", production, ""},
		{"the marketplace imports the contract", "marketplace", "api", production, "link alone"},
		{"the marketplace imports the inside", "marketplace", "internal/fault", production, "link alone"},
		{"the client imports the marketplace", "link", "marketplace", production, "above it"},

		{"up one floor", "internal/fault", "internal/access", production, "above it"},
		{"the trade imports its store", "internal/boxoffice", "internal/sqlstore", production, "above it"},
		{"a test imports upward", "internal/boxoffice", "internal/sqlstore", test, "above it"},
		{"the public client imports the inside", "link", "internal/fault", production, "above it"},
		{"the subscriber's side imports the inside", "link/receive", "internal/push", production, "above it"},
		{"the public client imports the contract", "link", "api", production, "neighbour"},
		{"a test of the client imports storetest", "link", "internal/storetest", test, "from outside"},
		{"a program imports the client", "cmd/seatlink", "link", production, ""},
		{"a door imports a store", "internal/partnerapi", "internal/sqlstore", production, "neighbour"},
		{"a test imports a neighbour", "internal/partnerapi", "internal/house", test, "neighbour"},
		{"a door imports a door", "internal/web/page", "internal/operatorapi", production, "neighbour"},
		{"production imports apitest", "internal/partnerapi", "api/apitest", production, "tests only"},
		{"the contract imports apitest", "api", "api/apitest", production, "tests only"},
		{"production imports storetest", "cmd/seatlink", "internal/storetest", production, "tests only"},
		{"a door imports the tests' browser", "internal/web", "internal/pagetest", production, "tests only"},
		{"a neighbour's production imports storetest", "internal/sqlstore", "internal/storetest", production, "tests only"},
		{"a package on no floor", "internal/gate", "internal/fault", production, "add it to floors"},
		{"a name that only begins like a room", "internal/webhooks", "internal/fault", production, "add it to floors"},
		{"a name that says nothing", "internal/util", "internal/fault", production, "says nothing"},
		{"a name that says nothing, deep down", "cmd/seatlink", "internal/web/helper", production, "says nothing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := judge(tt.from, tt.to, tt.test)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("judge(%q, %q, %v) = %v; want %q", tt.from, tt.to, tt.test, err, tt.want)
			}
		})
	}
}

func TestJudgeKnowsWhatTheClientBringsAlong(t *testing.T) {
	for _, tt := range []struct {
		name, from, path string
		test, good       bool
	}{
		{"the standard library", "link", "net/http", false, true},
		{"a module", "link", "github.com/google/uuid", false, false},
		{"a module of the Go authors", "link", "golang.org/x/time/rate", false, false},
		{"a module in a test", "link", "github.com/google/go-cmp/cmp", true, true},
		{"a module in the marketplace", "marketplace", "github.com/google/uuid", false, false},
		{"a module elsewhere", "internal/access", "golang.org/x/crypto/argon2", false, true},
	} {
		if err := judgeForeign(tt.from, tt.path, tt.test); (err == nil) != tt.good {
			t.Errorf("%s: judgeForeign(%q, %q, %v) = %v", tt.name, tt.from, tt.path, tt.test, err)
		}
	}
}

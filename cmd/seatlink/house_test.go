package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/house/files"
)

// command runs a command in this process and returns what it printed.
func command(ctx context.Context, args ...string) (string, error) {
	var out, errs bytes.Buffer
	err := run(ctx, args, func(string) string { return "" }, &out, &errs)
	return out.String(), err
}

// must runs a command that must succeed.
func must(tb testing.TB, args ...string) string {
	tb.Helper()
	out, err := command(tb.Context(), args...)
	if err != nil {
		tb.Fatalf("seatlink %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// houseDigestIn is what seatlink house digest tells of a database.
func houseDigestIn(tb testing.TB, db, key string) files.Digest {
	tb.Helper()
	var d files.Digest
	decode(tb, must(tb, "house", "digest", "--db", db, "--key", key, "--output", "json"), &d)
	return d
}

// history counts what may grow with a change of the books.
func history(tb testing.TB, db string) string {
	tb.Helper()
	told := ""
	query(tb, look(tb, db), func(scan func(...any) error) error {
		var journal, batches, position, versions, catalogs int64
		err := scan(&journal, &batches, &position, &versions, &catalogs)
		told = fmt.Sprintf("%d rows of the journal in %d batches up to %d, versions of events %d, of catalogs %d", journal, batches, position, versions, catalogs)
		return err
	}, `SELECT (SELECT COUNT(*) FROM journal), (SELECT COUNT(*) FROM batch), (SELECT position FROM head),
	(SELECT CAST(SUM(version) AS BIGINT) FROM event), (SELECT CAST(SUM(catalog_version) AS BIGINT) FROM organization)`)
	return told
}

func TestTheDemosHouseExportedAndLoadedElsewhereIsTheSame(t *testing.T) {
	t.Parallel()
	for _, from := range databases {
		t.Run(from.name, func(t *testing.T) {
			db := from.open(t)
			key, _ := furnish(t, db)
			want := houseDigestIn(t, db, key)
			copied := filepath.Join(t.TempDir(), "copy")
			if said := must(t, "house", "export", copied, "--db", db, "--key", key); !strings.Contains(said, "personal data in clear") {
				t.Errorf("export said %q; want a warning", said)
			}
			for _, to := range databases {
				t.Run("loaded "+to.name, func(t *testing.T) {
					other, otherKey := to.open(t), filepath.Join(t.TempDir(), keyFile)
					must(t, "house", "load", copied, "--db", other, "--key", otherKey)
					if diff := cmp.Diff(want, houseDigestIn(t, other, otherKey)); diff != "" {
						t.Errorf("the digests differ (-demo +loaded):\n%s", diff)
					}
					audit(t, other)
					before := history(t, other)
					for range 2 {
						if said := must(t, "house", "load", copied, "--db", other, "--key", otherKey); !strings.Contains(said, "the tickets of 24 events were there already") {
							t.Errorf("the load again said %q", said)
						}
					}
					if after := history(t, other); after != before {
						t.Errorf("after the loads again there are %s; before %s", after, before)
					}
					if diff := cmp.Diff(want, houseDigestIn(t, other, otherKey)); diff != "" {
						t.Errorf("the load again changed the digest:\n%s", diff)
					}
				})
			}
		})
	}
}

// spoilHouse breaks an exported house in ten ways and returns where.
func spoilHouse(tb testing.TB, root string) (places []string) {
	tb.Helper()
	listed, err := os.ReadFile(filepath.Join(root, "999", "listings.csv"))
	if err != nil {
		tb.Fatal(err)
	}
	ruin := func(file string, line int, how func(fields []string, before []string)) {
		path := filepath.Join(root, filepath.FromSlash(file))
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		lines := strings.SplitAfter(string(text), "\n")
		if line < 0 {
			line += len(lines) // the last is empty
		}
		for strings.Contains(string(listed), strings.Split(lines[line-1], ",")[0]) && strings.Contains(file, "tickets") {
			line++
		}
		fields := strings.Split(strings.TrimSuffix(lines[line-1], "\n"), ",")
		how(fields, strings.Split(lines[line-2], ","))
		lines[line-1] = strings.TrimSuffix(strings.Join(fields, ","), ",GONE") + "\n"
		if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
			tb.Fatal(err)
		}
		places = append(places, fmt.Sprintf("%s:%d:", file, line))
	}
	// token,event,section,row,seat,owner,barcode,…,face,void,held
	ruin("999/tickets.csv", 100, func(f, _ []string) { f[5] = "nobody" })
	ruin("999/tickets.csv", 1200, func(f, _ []string) { f[12] = "104.505" })
	ruin("999/tickets.csv", 1300, func(f, before []string) { f[0] = before[0] })
	ruin("999/tickets.csv", 1400, func(f, _ []string) { f[4] = "A-8" })
	ruin("999/tickets.csv", 1500, func(f, _ []string) { f[len(f)-1] = "GONE" })
	ruin("999/tickets.csv", 1600, func(f, before []string) { f[6] = before[6] })
	ruin("999/tickets.csv", -3, func(f, _ []string) { f[3] = "\xff" })
	ruin("999/events.csv", -2, func(f, _ []string) { f[6] = "2026-02-30" })
	ruin("999/patrons.csv", 50, func(f, _ []string) { f[20] = "perhaps" })
	ruin("129/listings.csv", 2, func(f, _ []string) { f[3] = "T-0" })
	return places
}

// spoilAndRepair has check name each of ten mistakes, and takes them back.
func spoilAndRepair(tb testing.TB, root string) {
	tb.Helper()
	spoiled := []string{"999/tickets.csv", "999/events.csv", "999/patrons.csv", "129/listings.csv"}
	for _, name := range spoiled {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(filepath.Dir(root), strings.ReplaceAll(name, "/", " ")), text, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	places := spoilHouse(tb, root)
	out, err := command(tb.Context(), "house", "check", root)
	if err == nil {
		tb.Fatal("check of a spoiled house succeeds")
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	told := lines[:len(lines)-1]
	for _, place := range places {
		if n := slices.IndexFunc(told, func(line string) bool { return strings.HasPrefix(line, place) }); n < 0 {
			tb.Errorf("check does not name %s:\n%s", place, out)
		}
	}
	if len(told) != len(places) || lines[len(told)] != "10 problems; nothing was changed" {
		tb.Errorf("check told %d problems; want %d:\n%s", len(told), len(places), out)
	}
	for _, name := range spoiled {
		if err := os.Rename(filepath.Join(filepath.Dir(root), strings.ReplaceAll(name, "/", " ")), filepath.Join(root, name)); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestAHouseThatIsSpoiledInTenWaysIsToldAndRepairedLoads(t *testing.T) {
	root := filepath.Join(t.TempDir(), "house")
	must(t, "house", "make", root, "--size", "small")
	spoilAndRepair(t, root)
	if said := must(t, "house", "check", root); !strings.HasPrefix(said, "checked 2 organizations, 5 manifests, 24 events, ") {
		t.Errorf("check of the repaired house said %q", said)
	}
	folder := t.TempDir()
	db := "sqlite:" + filepath.Join(folder, "seatlink.db")
	must(t, "house", "load", root, "--db", db)
	audit(t, db)
	info, err := os.Stat(filepath.Join(folder, keyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key of the new database: %v, %v", info, err)
	}
}

func TestALoadThatDiffersFromTheBooksIsRefusedAndSaysWhere(t *testing.T) {
	root, folder := filepath.Join(t.TempDir(), "house"), t.TempDir()
	db := "sqlite:" + filepath.Join(folder, "seatlink.db")
	must(t, "house", "make", root, "--size", "small")
	must(t, "house", "load", root, "--db", db)
	before, was := history(t, db), houseDigestIn(t, db, filepath.Join(folder, keyFile))
	path := filepath.Join(root, "999", "tickets.csv")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	fields := strings.Split(lines[999], ",")
	fields[12] = "1.23"
	lines[999] = strings.Join(fields, ",")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := command(t.Context(), "house", "load", root, "--db", db, "--output", "json")
	var report files.Report
	decode(t, out, &report)
	if err == nil || len(report.Problems) != 1 || report.Problems[0].File != "999/tickets.csv" || report.Problems[0].Line != 1000 ||
		!strings.Contains(report.Problems[0].Says, `face in minor units is "`) {
		t.Errorf("the load = %v, %s; want one problem at 999/tickets.csv:1000", err, out)
	}
	if after, is := history(t, db), houseDigestIn(t, db, filepath.Join(folder, keyFile)); after != before || is.House != was.House {
		t.Errorf("the refused load changed the books: %s, before %s", after, before)
	}
}

// lawn writes a house of so many tickets of general admission.
func lawn(tb testing.TB, tickets int) string {
	tb.Helper()
	root := filepath.Join(tb.TempDir(), "lawn")
	var rows strings.Builder
	rows.WriteString("token,event,section,seating,owner,barcode\n")
	for n := range tickets {
		fmt.Fprintf(&rows, "T%07d,7:F26:F01,LAWN:1,GA,1,B%d\n", n, n)
	}
	if err := os.Mkdir(root, 0o700); err != nil {
		tb.Fatal(err)
	}
	for name, text := range map[string]string{
		"organization.json": `{"id": 7, "name": "Seven", "distributorCode": "SEVN", "zone": "UTC", "currency": "USD"}`,
		"seasons.csv":       "code\nF26\n",
		"events.csv":        "season,item,basis,name,facility,configuration\nF26,F01,SINGLE,Open Air,H,C\n",
		"patrons.csv":       "id\n1\n",
		"tickets.csv":       rows.String(),
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return root
}

func TestALoadGoesOnAfterAKill(t *testing.T) {
	root := lawn(t, 40_000)
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			whole, wholeKey := database.open(t), filepath.Join(t.TempDir(), keyFile)
			must(t, "house", "load", root, "--db", whole, "--key", wholeKey)
			db, key := database.open(t), filepath.Join(t.TempDir(), keyFile)
			loading := launch(t, "house", "load", root, "--db", db, "--key", key)
			loading.awaitError("loading tickets.csv")
			if err := loading.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-loading.ended
			must(t, "house", "load", root, "--db", db, "--key", key)
			if diff := cmp.Diff(houseDigestIn(t, whole, wholeKey), houseDigestIn(t, db, key)); diff != "" {
				t.Errorf("after a kill the load ends otherwise (-whole +killed):\n%s", diff)
			}
			if got, want := history(t, db), history(t, whole); got != want {
				t.Errorf("after a kill there are %s; want %s", got, want)
			}
			audit(t, db)
		})
	}
}

// awaitError waits until the process has printed a text among its errors.
func (p *process) awaitError(text string) {
	p.tb.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		printed, more := p.errs.read()
		if strings.Contains(printed, text) {
			return
		}
		select {
		case <-more:
		case <-p.ended:
			p.tb.Fatalf("%v ended (%v) before it printed %q:\n%s", p.cmd.Args, p.err, text, p.errs)
		case <-deadline.C:
			p.tb.Fatalf("%v does not print %q:\n%s", p.cmd.Args, text, printed)
		}
	}
}

// Beside a server a house is loaded by it, with the same report, the same errors and
// nothing changed the second time; partners see it without a restart.
func TestAHouseIsLoadedThroughARunningServer(t *testing.T) {
	db := sqliteFile(t)
	key, callers := furnish(t, db, "market")
	root := filepath.Join(t.TempDir(), "house")
	must(t, "house", "export", root, "--db", db, "--key", key)
	server, url := serve(t, db, key)
	callers[0].url = url
	callers[0].want(t, 200, "GET", "/v1/catalog/events", nil, nil) // which it keeps
	load := func(dir string) (string, error) {
		return command(t.Context(), "house", "load", dir, "--db", db, "--key", key)
	}
	if said, err := load(root); err != nil || !strings.Contains(said, "were there already") {
		t.Errorf("load of what is there = %v\n%s", err, said)
	}
	before := history(t, db)
	if said, err := load(root); err != nil || history(t, db) != before {
		t.Errorf("load again = %v\n%s\nand then there are %s; before %s", err, said, history(t, db), before)
	}
	if said, err := load(lawn(t, 700)); err != nil || !strings.Contains(said, "loaded 1 organizations") || !strings.Contains(said, "700 tickets") {
		t.Errorf("load of another house = %v\n%s", err, said)
	}
	if err := os.WriteFile(filepath.Join(root, "seasons.csv"), []byte("code,name\nF 26,Fall\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	direct, directErr := command(t.Context(), "house", "check", root)
	said, err := load(root)
	if err == nil || directErr == nil || said != direct {
		t.Errorf("load of a spoiled house = %v\n%s\nwant what check says, %v\n%s", err, said, directErr, direct)
	}
	if _, err := load(filepath.Join(root, "nowhere")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("load of nothing = %v; want that there is no such folder", err)
	}
	server.stop()
	audit(t, db)
}

// BenchmarkHouseFull makes a house of 1,000,000 tickets, exports it from a
// database, spoils it in ten ways, has each found, and loads the repaired files:
// in under a minute, and once more without a change. The generator's house is
// loaded, exported and loaded again on each database.
//
//	make test-house-full
func BenchmarkHouseFull(b *testing.B) {
	made := filepath.Join(b.TempDir(), "made")
	must(b, "house", "make", made, "--size", "full")
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			for range b.N {
				first, key := database.open(b), filepath.Join(b.TempDir(), keyFile)
				must(b, "house", "load", made, "--db", first, "--key", key)
				exported := filepath.Join(b.TempDir(), "exported")
				must(b, "house", "export", exported, "--db", first, "--key", key)
				spoilAndRepair(b, exported)
				second, secondKey := database.open(b), filepath.Join(b.TempDir(), keyFile)
				timed := func(unit string) time.Duration {
					start := time.Now()
					must(b, "house", "load", exported, "--db", second, "--key", secondKey)
					took := time.Since(start)
					b.ReportMetric(took.Seconds(), unit)
					return took
				}
				if took := timed("s/load"); took > time.Minute {
					b.Errorf("the load took %v; want less than a minute", took)
				}
				before := history(b, second)
				timed("s/again")
				if after := history(b, second); after != before {
					b.Errorf("after the load again there are %s; before %s", after, before)
				}
				if diff := cmp.Diff(houseDigestIn(b, first, key), houseDigestIn(b, second, secondKey)); diff != "" {
					b.Errorf("the digests differ (-first +second):\n%s", diff)
				}
				audit(b, second)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

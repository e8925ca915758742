package main

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/operatorapi"
)

// backUpTo makes a backup, and returns what is told of it.
func backUpTo(tb testing.TB, file, db string) (b operatorapi.Backup) {
	tb.Helper()
	decode(tb, must(tb, "backup", file, "--db", db, "--output", "json"), &b)
	return b
}

// epochOf is the epoch of a database.
func epochOf(tb testing.TB, db string) (told struct{ Epoch, Position int64 }) {
	tb.Helper()
	decode(tb, must(tb, "epoch", "--db", db, "--output", "json"), &told)
	return told
}

// keyBesideCopy puts the installation's key into another folder, as whoever
// restores does, and returns the database there that is to be.
func keyBesideCopy(tb testing.TB, key string) (db string) {
	tb.Helper()
	folder := tb.TempDir()
	text, err := os.ReadFile(key)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, keyFile), text, 0o600)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return "sqlite:" + filepath.Join(folder, "seatlink.db")
}

// A backup that is made while clients write has all that was acknowledged before
// it began, nothing by half, and is a prefix of the books; restored elsewhere it
// begins a new epoch, and is served.
func TestABackupUnderLoadIsAPrefixOfWhatWasAcknowledged(t *testing.T) {
	const before, after = 300, 300 // acknowledged writes
	s := besiege(t, "seatlink", sqliteFile(t))
	server, url := serve(t, s.db, s.key)
	s.partner.url = url
	var (
		clients  sync.WaitGroup
		mu       sync.Mutex
		answered atomic.Int64
		mine     [8]map[string]write
		begun    = make(chan struct{})
		enough   = make(chan struct{})
		until    atomic.Int64
	)
	until.Store(1 << 60)
	for i := range mine {
		mine[i] = map[string]write{}
		c := &crashClient{
			caller: s.partner, number: i, name: fmt.Sprintf("0000-%02d", i), blocks: s.blocks[i*crashBlocks : (i+1)*crashBlocks], writes: mine[i],
			answered: func() {
				switch n := answered.Add(1); {
				case n == before:
					close(begun)
				case n == until.Load():
					close(enough)
				}
			},
		}
		clients.Go(func() {
			for turn := range 10_000 {
				select {
				case <-enough:
					return
				default:
				}
				if err := c.step(t, &mu, turn); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	<-begun
	acknowledged := map[string]write{}
	mu.Lock()
	for _, writes := range mine {
		for id, w := range writes {
			if w.acknowledged {
				acknowledged[id] = w
			}
		}
	}
	mu.Unlock()
	file := filepath.Join(t.TempDir(), "monday.db")
	made := backUpTo(t, file, s.db)
	until.Store(answered.Load() + after)
	<-enough
	clients.Wait()
	server.stop()

	restored := keyBesideCopy(t, s.key)
	must(t, "restore", file, "--db", restored)
	audit(t, restored)
	if got := epochOf(t, restored); got.Epoch != made.Epoch+1 || got.Position != made.Position {
		t.Errorf("restored, the database is at epoch %d and position %d; want %d and %d", got.Epoch, got.Position, made.Epoch+1, made.Position)
	}
	copied, whole := look(t, restored), look(t, s.db)
	traces := s.traces(t, copied)
	for id, w := range acknowledged {
		for _, finding := range w.judge(id, traces[id]) {
			t.Error(finding)
		}
	}
	for _, writes := range mine {
		for id, w := range writes {
			w.acknowledged = false // it may be older or newer than the backup, but whole
			for _, finding := range w.judge(id, traces[id]) {
				t.Error(finding)
			}
		}
	}
	if diff := cmp.Diff(journalUpTo(t, whole, made.Position), journalUpTo(t, copied, 1<<60)); diff != "" {
		t.Errorf("the backup's journal is no prefix of the books' (-books +backup):\n%s", diff)
	}
	if at := epochOf(t, s.db); at.Position <= made.Position || len(acknowledged) < before/2 {
		t.Errorf("void: %d writes were acknowledged before the backup, which is up to %d of %d", len(acknowledged), made.Position, at.Position)
	}
	again, url := serve(t, restored, s.key)
	s.partner.url = url
	s.partner.want(t, 200, "GET", "/v1/catalog/events", nil, nil)
	again.stop()
}

// step makes one turn of a client that nobody kills.
func (c *crashClient) step(t *testing.T, mu *sync.Mutex, turn int) error {
	t.Helper()
	tokens := c.blocks[turn%len(c.blocks)]
	for _, call := range []struct {
		path string
		body []byte
	}{{"/v1/tickets/lock", lockBody(fmt.Sprintf("%s-%d", c.name, turn), tokens)}, {"/v1/tickets/unlock", unlockBody(tokens)}} {
		id := requestID()
		status, answer, err := c.call(t.Context(), "PUT", call.path, id, call.body)
		if err != nil || status != 200 {
			return fmt.Errorf("PUT %s: %d %w\n%s", call.path, status, err, answer)
		}
		mu.Lock()
		c.writes[id] = write{acknowledged: true}
		mu.Unlock()
		c.answered()
	}
	return nil
}

// journalUpTo is each row of the journal up to a position, in its order.
func journalUpTo(t *testing.T, books *sql.DB, position int64) (rows []string) {
	t.Helper()
	query(t, books, func(scan func(...any) error) error {
		var (
			subject, what, request, state string
			place, version                int64
		)
		err := scan(&place, &subject, &version, &what, &request, &state)
		rows = append(rows, fmt.Sprint(place, subject, version, what, request, state))
		return err
	}, `
SELECT b.position + j.n AS place, j.subject, j.version, j.what, j.request_id, j.state
FROM journal AS j JOIN batch AS b ON b.number = j.batch
WHERE b.position + j.n <= $1 ORDER BY place`, position)
	return rows
}

func TestBackupsAndRestorationsThatAreRefused(t *testing.T) {
	db := sqliteFile(t)
	key, _ := furnish(t, db)
	folder := t.TempDir()
	file := filepath.Join(folder, "monday.db")
	backUpTo(t, file, db) // without a server
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup has mode %v, %v; want 0600", info.Mode(), err)
	}
	refuses := func(want string, args ...string) {
		t.Helper()
		if said, err := command(t.Context(), args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("seatlink %q: %v; want %q\n%s", args, err, want, said)
		}
	}
	spoiled := func(name string, spoil func(text []byte) []byte) string {
		text, err := os.ReadFile(file)
		path := filepath.Join(folder, name)
		if err := errors.Join(err, os.WriteFile(path, spoil(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	half := spoiled("half.db", func(text []byte) []byte { return text[:len(text)/2/4096*4096] })
	torn := spoiled("torn.db", func(text []byte) []byte {
		copy(text[len(text)/2/4096*4096:], strings.Repeat("torn", 1024))
		return text
	})
	letter := spoiled("letter.txt", func([]byte) []byte { return []byte("Dear Sir or Madam") })

	refuses("there is a file already, and a backup writes over none", "backup", file, "--db", db)
	refuses("no such file", "backup", filepath.Join(folder, "none", "monday.db"), "--db", db)
	refuses("backed up with PostgreSQL's own tools", "backup", "monday.db", "--db", "postgres://db.example.com/venue")

	elsewhere := keyBesideCopy(t, key)
	refuses("half.db", "restore", half, "--db", elsewhere)
	refuses("torn.db", "restore", torn, "--db", elsewhere)
	refuses("letter.txt", "restore", letter, "--db", elsewhere)
	refuses("no such file", "restore", filepath.Join(folder, "none.db"), "--db", elsewhere)
	refuses("there is no key at", "restore", file, "--db", sqliteFile(t))
	strange, _ := furnish(t, sqliteFile(t))
	refuses("the key is not the one", "restore", file, "--db", elsewhere, "--key", strange)
	refuses("seatlink epoch --raise", "restore", file, "--db", "postgres://db.example.com/venue")
	refuses("--at-least goes with --raise", "epoch", "--db", db, "--at-least", "7")
	if left, err := filepath.Glob(strings.TrimPrefix(elsewhere, "sqlite:") + "*[^k]"); err != nil || len(left) > 0 {
		t.Errorf("what was refused left %v, %v; want nothing but the lock", left, err)
	}

	server, _ := serve(t, db, key)
	refuses("there is a file already", "backup", file, "--db", db) // by the server
	refuses("stop the server first", "restore", file, "--db", db, "--key", key, "--force")
	refuses("stop the server first", "epoch", "--raise", "--db", db, "--key", key)
	server.stop()
	refuses("say --force to have it kept aside", "restore", file, "--db", db, "--key", key)
}

// Each restoration begins an epoch that no reader has seen, whichever way the
// database was lost.
func TestEveryRestorationBeginsANewEpoch(t *testing.T) {
	db := sqliteFile(t)
	key, _ := furnish(t, db)
	path := strings.TrimPrefix(db, "sqlite:")
	file := filepath.Join(t.TempDir(), "monday.db")
	backUpTo(t, file, db)
	for want := int64(2); want <= 3; want++ {
		said := must(t, "restore", file, "--db", db, "--key", key, "--force")
		if got := epochOf(t, db).Epoch; got != want || !strings.Contains(said, fmt.Sprintf("epoch %d", want)) {
			t.Errorf("the restoration began epoch %d; want %d\n%s", got, want, said)
		}
		kept, err := filepath.Glob(path + ".before-restore-*")
		if err != nil || len(kept) == 0 {
			t.Fatalf("nothing was kept aside: %v", err)
		}
		for _, old := range kept { // two may come within a second
			if err := os.Remove(old); err != nil {
				t.Fatal(err)
			}
		}
	}
	// What a dead database left behind is not taken for the new one's log.
	for _, name := range []string{path, path + "-wal"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path+"-wal", []byte(strings.Repeat("stale", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "restore", file, "--db", db, "--key", key, "--epoch", "9")
	if got := epochOf(t, db).Epoch; got != 9 {
		t.Errorf("with --epoch 9 the restoration began epoch %d", got)
	}
	audit(t, db)
}

func TestAnEpochIsRaisedAfterOtherToolsRestored(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			key, _ := furnish(t, db)
			for _, tt := range []struct {
				more []string
				want int64
			}{{nil, 1}, {[]string{"--raise"}, 2}, {[]string{"--raise", "--at-least", "9"}, 9}, {[]string{"--raise", "--at-least", "3"}, 10}} {
				args := append([]string{"epoch", "--db", db, "--key", key}, tt.more...)
				if said := must(t, args...); !strings.HasPrefix(said, fmt.Sprintf("epoch %d, the journal up to ", tt.want)) {
					t.Errorf("seatlink epoch %v says %s; want epoch %d", tt.more, said, tt.want)
				}
			}
			audit(t, db)
		})
	}
}

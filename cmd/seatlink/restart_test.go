package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/storetest"
)

func TestTheNextStartOfTheDemoUsesTheHouseAgain(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			data := filepath.Join(t.TempDir(), "house")
			args := demoDatabase(db)
			first := startDemo(t, data, append(args, "--size", "small")...)
			before := enter(t, first.file.URL, first.file.Partners[0])
			tickets := barcodes(t, first.db)
			first.stop()

			second := startDemo(t, data, args...)
			if !strings.Contains(second.story, "using the house of ") || strings.Contains(second.story, "made a house") {
				t.Errorf("the second start printed\n%s", second.story)
			}
			if diff := cmp.Diff(tickets, barcodes(t, second.db)); diff != "" {
				t.Errorf("the tickets after the second start (-first +second):\n%s", diff)
			}
			for i, p := range second.file.Partners {
				was := first.file.Partners[i]
				if p.Code == was.Code {
					t.Errorf("the second start gives %s the code of the first", p.Application)
				}
				p.Code = was.Code
				if diff := cmp.Diff(was, p); diff != "" {
					t.Errorf("the partner after the second start (-first +second):\n%s", diff)
				}
			}
			if diff := cmp.Diff(first.file.Listings, second.file.Listings); diff != "" {
				t.Errorf("the listings after the second start (-first +second):\n%s", diff)
			}
			enter(t, second.file.URL, second.file.Partners[0])
			// What was given out before is good too.
			before.url = second.file.URL
			before.want(t, 200, "GET", "/v1/listings/"+string(first.file.Listings[0].ID), nil, nil)
			second.stop()
			audit(t, second.db)
		})
	}
}

func TestAHouseIsNotTakenForAnother(t *testing.T) {
	data := filepath.Join(t.TempDir(), "house")
	startDemo(t, data, "--size", "small").stop()
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"another size", []string{"--size", "full"}, []string{data, "holds a house of size small", "take another --data"}},
		{"another seed", []string{"--seed", "7"}, []string{data, "holds a house of size small and seed 1", "take another --data"}},
		{"another database", []string{"--db", "sqlite:" + data + "-other.db"}, []string{data, "in seatlink.db", "take another --data"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said := launch(t, append([]string{"demo", "--no-marketplace", "--addr", "127.0.0.1:0", "--data", data}, tt.args...)...).refused()
			if behind(said, tt.want) < 0 {
				t.Errorf("seatlink demo %v says %q; want %q", tt.args, said, tt.want)
			}
		})
	}
	t.Run("a folder that was moved keeps its house", func(t *testing.T) {
		moved := data + "-moved"
		if err := os.Rename(data, moved); err != nil {
			t.Fatal(err)
		}
		d := startDemo(t, moved, "--size", "small")
		enter(t, d.file.URL, d.file.Partners[0])
		d.stop()
		data = moved
	})
	t.Run("a database that is gone is told", func(t *testing.T) {
		for _, file := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(filepath.Join(data, "seatlink.db"+file)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		said := launch(t, "demo", "--no-marketplace", "--addr", "127.0.0.1:0", "--data", data).refused()
		if want := []string{data, "holds a house of which", "has nothing any more", "demo.json"}; behind(said, want) < 0 {
			t.Errorf("seatlink demo says %q; want %q", said, want)
		}
	})
}

func TestAnInterruptedMakingIsMadeGood(t *testing.T) {
	t.Run("on SQLite it is started anew", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "house")
		interruptMaking(t, data)
		// Another size may be asked for: a large one may have been the reason.
		d := startDemo(t, data, "--size", "small")
		if want := []string{"interrupted before; starting it anew", "made a house of 5"}; behind(d.story, want) < 0 {
			t.Errorf("the next start printed\n%s\nwant %q", d.story, want)
		}
		enter(t, d.file.URL, d.file.Partners[0])
		d.stop()
		audit(t, d.db)

		// Without its memory the folder has a database of which nothing is known.
		if err := os.Remove(filepath.Join(data, memoryFile)); err != nil {
			t.Fatal(err)
		}
		d = startDemo(t, data, "--size", "small")
		if want := []string{"interrupted before; starting it anew", "made a house of 5"}; behind(d.story, want) < 0 {
			t.Errorf("the start without %s printed\n%s\nwant %q", memoryFile, d.story, want)
		}
		enter(t, d.file.URL, d.file.Partners[0])
		d.stop()
		audit(t, d.db)
	})
	t.Run("on PostgreSQL it goes on, for nothing is removed there", func(t *testing.T) {
		data, db := filepath.Join(t.TempDir(), "house"), storetest.Postgres(t)
		interruptMaking(t, data, "--size", "small", "--db", db)
		said := launch(t, "demo", "--no-marketplace", "--addr", "127.0.0.1:0", "--data", data, "--size", "full", "--db", db).refused()
		if want := "holds a house of size small"; !strings.Contains(said, want) {
			t.Errorf("with another size the next start says %q; want %q", said, want)
		}
		d := startDemo(t, data, "--size", "small", "--db", db)
		if want := []string{"interrupted before; going on with it", "made a house of 5"}; behind(d.story, want) < 0 {
			t.Errorf("the next start printed\n%s\nwant %q", d.story, want)
		}
		enter(t, d.file.URL, d.file.Partners[0])
		d.stop()
		audit(t, db)
		if want := fmt.Sprintf("made a house of %d tickets", len(barcodes(t, db))); !strings.Contains(d.story, want) {
			t.Errorf("the next start printed\n%s\nand it %s", d.story, want)
		}

		if err := os.Remove(filepath.Join(data, memoryFile)); err != nil {
			t.Fatal(err)
		}
		said = launch(t, "demo", "--no-marketplace", "--addr", "127.0.0.1:0", "--data", data, "--size", "small", "--db", db).refused()
		if want := []string{"has a house already, of which " + data + " knows nothing"}; behind(said, want) < 0 {
			t.Errorf("without %s the start says %q; want %q", memoryFile, said, want)
		}
	})
}

// interruptMaking kills a demo while it makes its house.
func interruptMaking(t *testing.T, data string, args ...string) {
	t.Helper()
	p := launch(t, append([]string{"demo", "--no-marketplace", "--addr", "127.0.0.1:0", "--data", data}, args...)...)
	p.await("loading ")
	p.kill()
	if strings.Contains(p.out.String(), "made a house") {
		t.Fatal("void: the house was made before the demo was killed")
	}
}

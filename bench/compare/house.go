package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A house is the data that all contestants have: tickets spread over events, in
// sections of 1,000 seats and rows of 20. Its tokens ascend and have one width.
type house struct {
	tickets, events, listings int
}

const (
	application = "com.example.bench"
	channel     = "DEMOMARKET"
	blockSize   = 4 // adjacent tickets of a lock, a block
	tokenWidth  = 17
	patrons     = 1000
)

func (h house) perEvent() int   { return h.tickets / h.events }
func (h house) size() int       { return h.perEvent() * h.events } // without a remainder
func (h house) blocks() int     { return h.size() / blockSize }
func token(i int) string        { return fmt.Sprintf("999%014d", i) }
func listingID(i int) string    { return fmt.Sprintf("L%07d", i) }
func (h house) event(i int) int { return i / h.perEvent() }

// accessID names the event of a ticket.
func (h house) accessID(i int) string { return fmt.Sprintf("999:F26:E%04d", h.event(i)) }

// write makes the files of the house, as docs/house.md describes them.
func (h house) write(dir string) error {
	dir = filepath.Join(dir, "999")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, rows := range map[string]func(*bufio.Writer){
		"organization.json": func(w *bufio.Writer) {
			fmt.Fprintln(w, `{"id":999,"name":"Bench","distributorCode":"AMTX","zone":"UTC","currency":"USD"}`)
		},
		"seasons.csv": func(w *bufio.Writer) { fmt.Fprint(w, "code,name\nF26,Bench\n") },
		"events.csv": func(w *bufio.Writer) {
			fmt.Fprintln(w, "season,item,basis,name,start,end,facility,facility_name,configuration")
			for e := range h.events {
				day := time.Date(2099, 1, 1+e, 18, 0, 0, 0, time.UTC)
				fmt.Fprintf(w, "F26,E%04d,SINGLE,Game %d,%s,%s,BN,Bench Arena,FB\n", e, e,
					day.Format(time.RFC3339), day.Add(3*time.Hour).Format(time.RFC3339))
			}
		},
		"patrons.csv": func(w *bufio.Writer) {
			fmt.Fprintln(w, "id,first_name,last_name,email")
			for p := range patrons {
				fmt.Fprintf(w, "%d,Ada,Example%d,patron%d@example.com\n", 1000+p, p, p)
			}
		},
		"tickets.csv": func(w *bufio.Writer) {
			fmt.Fprintln(w, "token,event,section,row,seat,owner,barcode,price_level,face")
			for i := range h.size() {
				seat := i % h.perEvent()
				fmt.Fprintf(w, "%s,%s,U:%d,%d,%d,%d,999%011d,1,50.00\n", token(i), h.accessID(i), seat/1000, seat/20%50, seat%20, 1000+i/blockSize%patrons, i)
			}
		},
		"listings.csv": func(w *bufio.Writer) {
			now := time.Now().UTC()
			fmt.Fprintln(w, "id,channel,patron,tokens,created,expires")
			for l := range h.listings {
				first := l * (h.blocks() / h.listings) * blockSize
				var tokens []string
				for i := range blockSize {
					tokens = append(tokens, token(first+i))
				}
				fmt.Fprintf(w, "%s,%s,%d,%s,%s,%s\n", listingID(l), channel, 1000+first/blockSize%patrons, strings.Join(tokens, ";"),
					now.Format(time.RFC3339), now.Add(20*24*time.Hour).Format(time.RFC3339))
			}
		},
	} {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		w := bufio.NewWriterSize(file, 1<<20)
		rows(w)
		if err := w.Flush(); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

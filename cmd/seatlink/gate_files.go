package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/operatorapi"
)

type gateExportCommand struct {
	gateEvent
	To     string `help:"The file; it is there whole or not at all, and for its owner alone. Default: standard output." type:"path" placeholder:"FILE"`
	Format string `help:"csv or json." enum:"csv,json" default:"csv"`
	exporting
}

// exporting is operating without the form of its answer, which is the file's.
type exporting struct {
	DB  string `help:"The database: sqlite:PATH or postgres://USER@HOST/NAME." default:"sqlite:seatlink-data/seatlink.db" placeholder:"URL"`
	Key string `help:"File with the installation's key, where no server runs. Beside a SQLite file it is found by itself (seatlink.key)." type:"path" placeholder:"FILE"`
	As  string `help:"Who does it, for the journal. Default: the system's user." placeholder:"NAME"`
}

// Help is the longer text of seatlink gate export --help.
func (gateExportCommand) Help() string {
	return `Examples:
  seatlink gate export 999:F26:F01 --to gate.csv
  seatlink gate export 999:F26:F01 --to gate.json --format json

Its head says the event, the epoch and the position that it stands at; seatlink gate feed goes on from there. Barcodes
open the gate: keep the file as safe as money.

` + besideAServer
}

// Run writes the file.
func (c *gateExportCommand) Run(w *surroundings) error {
	with := operating{DB: c.DB, Key: c.Key, As: c.As}
	return with.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		s, err := house.GateSnapshot(ctx, c.Event)
		if err != nil {
			return c.explain(err)
		}
		write := gateCSV
		if c.Format == "json" {
			write = func(out io.Writer, s operatorapi.Snapshot) error { return json.NewEncoder(out).Encode(s) }
		}
		if c.To == "" {
			return write(w.stdout, s)
		}
		if err := gateFile(c.To, func(out io.Writer) error { return write(out, s) }); err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.stdout, "%d barcodes of %s at position %d of epoch %d in %s\n", len(s.Tickets), printable(s.Event), s.Position, s.Epoch, c.To)
		return err
	})
}

// gateFile writes a file under another name and then gives it its own, so that
// whoever looks for it finds all of it or what was there before.
func gateFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // of mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

var gateColumns = []string{"barcode", "section", "row", "seat", "ticket", "version", "admitted_at", "gate"}

// gateCSV writes a snapshot as a table behind a head of lines that begin with #.
func gateCSV(out io.Writer, s operatorapi.Snapshot) error {
	_, err := fmt.Fprintf(out, "# event %s\n# epoch %d\n# position %d\n# at %s\n# cancelled %t\n# barcodes %d\n",
		printable(s.Event), s.Epoch, s.Position, s.At, s.Cancelled, len(s.Tickets))
	if err != nil {
		return err
	}
	rows := csv.NewWriter(out)
	if err := rows.Write(gateColumns); err != nil {
		return err
	}
	for _, t := range s.Tickets {
		row := []string{t.Barcode, t.Section, t.Row, t.Seat, t.Ticket, strconv.FormatInt(t.Version, 10), t.Admitted, t.Gate}
		if err := rows.Write(row); err != nil {
			return err
		}
	}
	rows.Flush()
	return rows.Error()
}

type gateMergeCommand struct {
	gateEvent
	File string `arg:"" help:"CSV with the columns scan, barcode, gate and at." placeholder:"FILE"`
	operating
}

// Help is the longer text of seatlink gate merge --help.
func (gateMergeCommand) Help() string {
	return `Examples:
  seatlink gate merge 999:F26:F01 scanner-7.csv

scan is the scanner's own id of the scan, at when it was made, such as 2026-10-04T19:02:11.5Z. Of the scans of a ticket
the earliest counts; the others are kept and reported. Handing a file in again changes nothing.

` + besideAServer
}

// Run hands scans in, so many at a time.
func (c *gateMergeCommand) Run(w *surroundings) error {
	scans, err := c.read()
	if err != nil {
		return err
	}
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		all := operatorapi.Merged{Scans: []operatorapi.GateVerdict{}}
		for part := range slices.Chunk(scans, boxoffice.MostScans) {
			m, err := house.GateMerge(ctx, c.Event, part)
			if err != nil {
				return fmt.Errorf("%w (%d scans were merged before; hand the file in again)", c.explain(err), len(all.Scans))
			}
			all.Scans = append(all.Scans, m.Scans...)
			all.Admitted += m.Admitted
			all.Conflicts += m.Conflicts
		}
		return c.tell(w, all, func(out io.Writer) {
			fmt.Fprintf(out, "%d scans, %d let a ticket in, %d conflicts\n", len(all.Scans), all.Admitted, all.Conflicts)
			for _, v := range all.Scans {
				switch {
				case v.Outdid != nil:
					fmt.Fprintf(out, "conflict\t%s\tis earlier than scan %s at %s, %s\n", printable(v.ScanID), printable(v.Outdid.ID), printable(v.Outdid.Gate), v.Outdid.At)
				case !v.Admitted:
					fmt.Fprintf(out, "conflict\t%s\t%s %s\n", printable(v.ScanID), v.Code, strings.TrimSpace(v.Since+" "+printable(v.Gate)))
				}
			}
		})
	})
}

// read reads the file.
func (c *gateMergeCommand) read() ([]operatorapi.GateScan, error) {
	file, err := os.Open(c.File)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	head, err := rows.Read()
	if err != nil || strings.Join(head, ",") != "scan,barcode,gate,at" {
		return nil, fmt.Errorf("%s does not begin with the line scan,barcode,gate,at", c.File)
	}
	var scans []operatorapi.GateScan
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.File, err)
		}
		scans = append(scans, operatorapi.GateScan{ID: row[0], Barcode: row[1], Gate: row[2], At: row[3]})
	}
	if len(scans) == 0 {
		return nil, fmt.Errorf("%s has no scans", c.File)
	}
	return scans, nil
}

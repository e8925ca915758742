package files

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A Writer is a boxoffice.Loader that writes the files of a house, a folder for
// each organization. Rows of a table come out in the order in which they came.
type Writer struct {
	create func(name string) (io.WriteCloser, error)
	homes  map[access.OrganizationID]*home
}

// A home is an organization's files that are being written.
type home struct {
	folder string
	digits int
	tables map[string]*output
}

// output is one table on its way.
type output struct {
	file io.Closer
	text *bufio.Writer
	csv  *csv.Writer
}

// NewWriter writes files that create opens by name, such as 999/tickets.csv.
func NewWriter(create func(name string) (io.WriteCloser, error)) *Writer {
	return &Writer{create: create, homes: map[access.OrganizationID]*home{}}
}

// Organizations writes organization.json and the first lines of all tables.
func (w *Writer) Organizations(_ context.Context, rows []boxoffice.Organization) error {
	for _, o := range rows {
		h := &home{folder: text(o.ID) + "/", digits: boxoffice.CurrencyDigits(o.Currency), tables: map[string]*output{}}
		w.homes[o.ID] = h
		if err := w.document(h.folder+organizationFile, written(o)); err != nil {
			return err
		}
		for _, t := range Tables() {
			file, err := w.create(h.folder + t.Name + ".csv")
			if err != nil {
				return err
			}
			buffered := bufio.NewWriterSize(file, 1<<16)
			one := &output{file, buffered, csv.NewWriter(buffered)}
			h.tables[t.Name] = one
			if err := one.csv.Write(t.names()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Writer) document(name string, v any) error {
	file, err := w.create(name)
	if err != nil {
		return err
	}
	err = json.MarshalWrite(file, v, json.Deterministic(true), jsontext.WithIndent("  "))
	if err == nil {
		_, err = io.WriteString(file, "\n")
	}
	return errors.Join(err, file.Close())
}

func (w *Writer) home(id access.OrganizationID) (*home, error) {
	if h := w.homes[id]; h != nil {
		return h, nil
	}
	return nil, fmt.Errorf("organization %d was not told", id)
}

// Seasons writes seasons.csv.
func (w *Writer) Seasons(_ context.Context, rows []boxoffice.Season) error {
	for _, s := range rows {
		if err := w.line(s.Organization, &seasons, s.Code, s.Name); err != nil {
			return err
		}
	}
	return nil
}

// line writes a line of a table.
func (w *Writer) line(id access.OrganizationID, t *Table, fields ...string) error {
	h, err := w.home(id)
	if err != nil {
		return err
	}
	return h.tables[t.Name].csv.Write(fields)
}

// Manifests writes a file for each.
func (w *Writer) Manifests(_ context.Context, rows []boxoffice.Manifest) error {
	for _, m := range rows {
		h, err := w.home(m.Organization)
		if err != nil {
			return err
		}
		text := manifestText{Facility: facilityText{m.Facility, m.FacilityName}, Configuration: m.Configuration, Season: m.Season, Areas: m.Areas}
		file, err := w.create(h.folder + manifestName(m))
		if err != nil {
			return err
		}
		err = writeManifest(file, text)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// writeManifest writes a row of seats on a line: neither one line for all nor one
// for each seat can be read.
func writeManifest(to io.Writer, m manifestText) error {
	var (
		b      strings.Builder
		failed error
	)
	value := func(v any) string {
		text, err := json.Marshal(v, json.Deterministic(true))
		failed = cmp.Or(failed, err)
		return string(text)
	}
	fmt.Fprintf(&b, "{\n  \"facility\": %s,\n  \"configuration\": %s,\n", value(m.Facility), value(m.Configuration))
	if m.Season != "" {
		fmt.Fprintf(&b, "  \"season\": %s,\n", value(m.Season))
	}
	b.WriteString("  \"areas\": [")
	for a, area := range m.Areas {
		sections := area.Sections
		area.Sections = nil
		// What an area and a section have besides their lists stands before these.
		fmt.Fprintf(&b, "%s\n    %s\"sections\":[", comma(a), strings.TrimSuffix(value(area), `"sections":[]}`))
		for s, section := range sections {
			rows := section.Rows
			section.Rows = nil
			fmt.Fprintf(&b, "%s\n      %s\"rows\":[", comma(s), strings.TrimSuffix(value(section), `"rows":[]}`))
			for r, row := range rows {
				fmt.Fprintf(&b, "%s\n        %s", comma(r), value(row))
			}
			b.WriteString("]}")
		}
		b.WriteString("]}")
	}
	b.WriteString("\n  ]\n}\n")
	if failed != nil {
		return failed
	}
	_, err := io.WriteString(to, b.String())
	return err
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// Events writes events.csv.
func (w *Writer) Events(_ context.Context, rows []boxoffice.Event) error {
	for _, e := range rows {
		err := w.line(e.Organization, &events,
			e.Season, e.Item, e.Basis, e.Name, e.ItemName, e.InternetName, whenText(e.Start), whenText(e.End),
			e.FacilityCode, e.FacilityName, e.ConfigurationCode, associationsText(e.Associations), priceTypesText(e.PriceTypes),
			yes(e.Secondary), yes(e.Cancelled))
		if err != nil {
			return err
		}
	}
	return nil
}

func whenText(w boxoffice.When) string { return cmp.Or(instantText(w.At), w.Date) }

func instantText(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func associationsText(all []boxoffice.Association) string {
	parts := make([]string, len(all))
	for i, a := range all {
		ids := make([]string, len(a.With))
		for j, id := range a.With {
			ids[j] = string(id)
		}
		parts[i] = escaper.Replace(a.Type) + "=" + strings.Join(ids, " ")
	}
	return strings.Join(parts, "; ")
}

func priceTypesText(types map[string]string) string {
	parts := make([]string, 0, len(types))
	for code, name := range types {
		parts = append(parts, escaper.Replace(code)+"="+escaper.Replace(name))
	}
	slices.Sort(parts)
	return strings.Join(parts, "; ")
}

// Patrons writes patrons.csv.
func (w *Writer) Patrons(_ context.Context, rows []boxoffice.Patron) error {
	for _, p := range rows {
		c := tidied(p.Contact)
		var (
			email boxoffice.Email
			phone boxoffice.Phone
			home  boxoffice.Address
			more  moreText
			extra string
		)
		if len(c.Emails) > 0 {
			email, more.Emails = c.Emails[0], c.Emails[1:]
		}
		if len(c.Phones) > 0 {
			phone, more.Phones = c.Phones[0], c.Phones[1:]
		}
		if len(c.Addresses) > 0 {
			home, more.Addresses = c.Addresses[0], c.Addresses[1:]
		}
		if len(more.Emails)+len(more.Phones)+len(more.Addresses) > 0 {
			text, err := json.Marshal(more, json.Deterministic(true))
			if err != nil {
				return err
			}
			extra = string(text)
		}
		var lines [4]string
		copy(lines[:], home.Lines)
		err := w.line(p.Organization, &patrons, string(p.ID), c.FirstName, c.MiddleName, c.LastName, email.Address, yes(email.OptIn),
			phone.Number, phone.Formatted, phone.Extension, phone.CountryCode, lines[0], lines[1], lines[2], lines[3],
			home.Locality, home.Region, home.PostalCode, home.CountryCode, extra, instantText(p.Since), yes(len(p.Keys) > 0), p.PasswordHash)
		if err != nil {
			return err
		}
	}
	return nil
}

// Tickets writes tickets.csv.
func (w *Writer) Tickets(_ context.Context, rows []boxoffice.Ticket) error {
	for _, t := range rows {
		h, err := w.home(t.Organization)
		if err != nil {
			return err
		}
		err = w.line(t.Organization, &tickets, string(t.Token), string(t.Event), t.Section, t.Row, t.Seat, string(t.Owner), string(t.Barcode),
			t.SeatingType, t.AssociationType, join(t.Attributes), strconv.FormatInt(t.PriceLevel, 10), t.PriceType,
			boxoffice.FormatMinor(t.Face, h.digits), yes(t.Void), t.Hold.By)
		if err != nil {
			return err
		}
	}
	return nil
}

// Listings writes listings.csv.
func (w *Writer) Listings(_ context.Context, rows []boxoffice.Listing) error {
	for _, l := range rows {
		tokens := make([]string, len(l.Tokens))
		for i, token := range l.Tokens {
			tokens[i] = string(token)
		}
		err := w.line(l.Organization, &listings, string(l.ID), string(l.Channel), string(l.Patron), join(tokens), instantText(l.Created), instantText(l.Expires))
		if err != nil {
			return err
		}
	}
	return nil
}

// Finish ends all files. Nothing can be written after it; finishing again does
// nothing.
func (w *Writer) Finish(context.Context) error {
	var errs []error
	homes := w.homes
	w.homes = nil
	for _, h := range homes {
		for _, t := range h.tables {
			t.csv.Flush()
			errs = append(errs, t.csv.Error(), t.text.Flush(), t.file.Close())
		}
	}
	return errors.Join(errs...)
}

// Write has fill write a house into a new folder, whole or not at all. What is in
// it is personal data: the folder and its files are their owner's alone.
func Write(root string, fill func(boxoffice.Loader) error) error {
	if _, err := os.Lstat(root); err == nil {
		return fmt.Errorf("%s is there already; name a new folder", root)
	}
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil { //nolint:gosec // the folder above is nobody's secret
		return err
	}
	partial, err := os.MkdirTemp(filepath.Dir(root), "."+filepath.Base(root)+".*") // of mode 0700
	if err != nil {
		return err
	}
	w := NewWriter(func(name string) (io.WriteCloser, error) {
		path := filepath.Join(partial, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	})
	err = fill(w)
	err = errors.Join(err, w.Finish(context.Background()))
	if err == nil {
		err = os.Rename(partial, root)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(partial))
	}
	return nil
}

// A Digest tells a house from others: the SHA-256 of each file that a Writer would
// write of it, and one over all.
type Digest struct {
	Files map[string]string `json:"files"`
	House string            `json:"house"`
}

// DigestOf makes the digest of the house that fill gives.
func DigestOf(fill func(boxoffice.Loader) error) (Digest, error) {
	sums := map[string]hash.Hash{}
	w := NewWriter(func(name string) (io.WriteCloser, error) {
		sums[name] = sha256.New()
		return summed{sums[name]}, nil
	})
	if err := errors.Join(fill(w), w.Finish(context.Background())); err != nil {
		return Digest{}, err
	}
	d := Digest{Files: map[string]string{}}
	var names []string
	for name, sum := range sums {
		d.Files[name] = hex.EncodeToString(sum.Sum(nil))
		names = append(names, name)
	}
	slices.Sort(names)
	all := sha256.New()
	for _, name := range names {
		fmt.Fprintf(all, "%s  %s\n", d.Files[name], name)
	}
	d.House = hex.EncodeToString(all.Sum(nil))
	return d, nil
}

// summed is a hash that is written to like a file.
type summed struct{ io.Writer }

func (summed) Close() error { return nil }

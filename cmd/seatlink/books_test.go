package main

import (
	"bytes"
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // as some other program would look into the books

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/house"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/storetest"
)

// databases are where tests run. open returns the URL of one that is not there
// yet, or empty.
var databases = []struct {
	name string
	open func(testing.TB) string
}{
	{"on SQLite", sqliteFile},
	{"on PostgreSQL", storetest.Postgres},
}

func sqliteFile(tb testing.TB) string {
	tb.Helper()
	return "sqlite:" + filepath.Join(tb.TempDir(), "seatlink.db")
}

// furnish makes the small house in a database and lets partners in, by these
// channels. It returns the file with the key, and a caller for each channel with
// an access token, who only lacks the address of a server.
func furnish(tb testing.TB, db string, channels ...access.Channel) (key string, callers []*caller) {
	tb.Helper()
	return furnishSized(tb, db, house.Small, channels...)
}

// furnishSized is furnish with a house of some other size.
func furnishSized(tb testing.TB, db string, size house.Size, channels ...access.Channel) (key string, callers []*caller) {
	tb.Helper()
	key = filepath.Join(tb.TempDir(), keyFile)
	keys, err := access.CreateKeyring(key)
	if err != nil {
		tb.Fatal(err)
	}
	store, err := sqlstore.Open(tb.Context(), db, keys, sqlstore.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	defer store.Close()
	if _, err := house.Make(tb.Context(), store.NewLoader(), boxoffice.NewPersonKeys(keys), size, 1, time.Now(), nil); err != nil {
		tb.Fatal(err)
	}
	desk := access.NewDesk(store, keys, time.Now)
	const most = 100 // channels of one application
	for some := range slices.Chunk(channels, most) {
		first, err := enrol(tb.Context(), desk, access.Partner{
			Application: access.ApplicationID("com.example." + string(some[0])), Name: "Tests", Channels: some, Organizations: []access.OrganizationID{999},
		})
		if err != nil {
			tb.Fatal(err)
		}
		for _, channel := range some {
			c := first
			c.partner.Channel, c.http = channel, client(tb)
			callers = append(callers, &c)
		}
	}
	return key, callers
}

// enrol makes a partner known and lets it in.
func enrol(ctx context.Context, desk *access.Desk, p access.Partner) (caller, error) {
	c := caller{partner: demoPartner{Application: p.Application, Organizations: p.Organizations}}
	err := desk.AddPartner(ctx, p)
	if err != nil {
		return c, err
	}
	if c.partner.APIKey, err = desk.NewAPIKey(ctx, p.Application); err != nil {
		return c, err
	}
	code, err := desk.NewCode(ctx, p.Application)
	if err != nil {
		return c, err
	}
	pair, err := desk.Exchange(ctx, access.Grant{Type: "authorization_code", Code: code})
	c.accessToken = pair.AccessToken
	return c, err
}

// freeTokens are those of organization 999 that could be locked now.
func freeTokens(tb testing.TB, db string) []string {
	tb.Helper()
	reader, err := sqlstore.OpenReader(tb.Context(), db)
	if err != nil {
		tb.Fatal(err)
	}
	defer reader.Close()
	tokens, err := reader.FreeTokens(tb.Context(), 999)
	if err != nil {
		tb.Fatal(err)
	}
	return tokens
}

// look opens a database to look into its tables, beside whoever has it. It is
// closed with the test at the latest.
func look(tb testing.TB, db string) *sql.DB {
	tb.Helper()
	driver, source := "pgx", db
	if path, isFile := strings.CutPrefix(db, "sqlite:"); isFile {
		driver, source = "sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(5000)"
	}
	books, err := sql.Open(driver, source)
	if err != nil {
		tb.Fatal(err)
	}
	books.SetMaxOpenConns(1)
	tb.Cleanup(func() { _ = books.Close() })
	return books
}

// query runs a SELECT and hands each row to each, which scans it.
func query(tb testing.TB, books *sql.DB, each func(scan func(...any) error) error, text string, args ...any) {
	tb.Helper()
	rows, err := books.QueryContext(tb.Context(), text, args...)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			tb.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
}

// barcodes are those of all tickets, by token.
func barcodes(tb testing.TB, db string) map[string]string {
	tb.Helper()
	all := map[string]string{}
	query(tb, look(tb, db), func(scan func(...any) error) error {
		var token, barcode string
		err := scan(&token, &barcode)
		all[token] = barcode
		return err
	}, `SELECT token, barcode FROM ticket`)
	return all
}

// audit fails the test if an invariant of the books is broken.
func audit(tb testing.TB, db string) {
	tb.Helper()
	var out bytes.Buffer
	if err := run(tb.Context(), []string{"audit", "--db", db}, func(string) string { return "" }, &out, &out); err != nil {
		tb.Fatalf("seatlink audit: %v\n%s", err, &out)
	}
}

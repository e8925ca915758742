package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/operatorapi"
)

// A turnstile is a scanner at the scanners' listener.
type turnstile struct {
	t        *testing.T
	url, key string
}

// asks sends a call and reads its answer; the status must be this.
func (s turnstile) asks(status int, method, path, body string, answer any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	got, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != status {
		s.t.Fatalf("%s %s = %d %s, %v; want %d", method, path, got.StatusCode, text, err, status)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			s.t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
}

func (s turnstile) verifies(event, scan, barcode, gate string) (v operatorapi.GateVerdict) {
	s.t.Helper()
	s.asks(200, "POST", "verify", fmt.Sprintf(`{"event":%q,"scanId":%q,"barcode":%q,"gate":%q}`, event, scan, barcode, gate), &v)
	return v
}

// readGateFile reads what seatlink gate export wrote: its head, and the barcodes by
// ticket.
func readGateFile(t *testing.T, path string) (head map[string]string, barcodes map[string]string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is of mode %v, %v; want 0600", info.Mode(), err)
	}
	lines := bufio.NewReader(file)
	head, barcodes = map[string]string{}, map[string]string{}
	for {
		if next, err := lines.Peek(1); err != nil || next[0] != '#' {
			break
		}
		line, _ := lines.ReadString('\n')
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "# "), " ")
		head[name] = value
	}
	rows, err := csv.NewReader(lines).ReadAll()
	if err != nil || len(rows) < 2 || strings.Join(rows[0], ",") != "barcode,section,row,seat,ticket,version,admitted_at,gate" {
		t.Fatalf("the file has %d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		barcodes[row[4]] = row[0]
	}
	if head["barcodes"] != fmt.Sprint(len(barcodes)) {
		t.Errorf("the head says %v, and %d barcodes follow", head, len(barcodes))
	}
	return head, barcodes
}

func TestScannersFollowTheBooks(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			db := database.open(t)
			key, callers := furnish(t, db, "first")
			partner, tokens := callers[0], freeTokens(t, db)[:3]
			var event string
			if err := look(t, db).QueryRowContext(t.Context(), `SELECT event FROM ticket WHERE token = $1`, tokens[0]).Scan(&event); err != nil {
				t.Fatal(err)
			}
			as := []string{"--db", db, "--key", key, "--as", "ada"}
			gate := func(args ...string) string {
				t.Helper()
				return must(t, append(append([]string{"gate"}, args...), as...)...)
			}
			merges := func(file string) (m operatorapi.Merged) {
				t.Helper()
				if err := json.Unmarshal([]byte(gate("merge", event, file, "--output", "json")), &m); err != nil {
					t.Fatal(err)
				}
				return m
			}

			p := launch(t, "serve", "--db", db, "--key", key, "--addr", "127.0.0.1:0", "--gate-listen", "127.0.0.1:0")
			_, partner.url, _ = strings.Cut(p.await("seatlink serves ", "\n"), "seatlink serves ")
			_, url, _ := strings.Cut(p.await("scanners on ", "\n"), "scanners on ")
			secret, _, _ := strings.Cut(gate("key", "add", "north-1", "--organization", "999", "--event", event), "\n")
			scanner := turnstile{t, url, secret}

			file := filepath.Join(t.TempDir(), "gate.csv")
			gate("export", event, "--to", file)
			head, barcodes := readGateFile(t, file)
			old := barcodes[tokens[0]]
			partner.want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", tokens[:1])), nil)
			partner.want(t, 200, "POST", "/v1/cart/complete-order", json.RawMessage(saleBody("O-1", "ada", tokens[:1])), nil)

			// The sale comes with the changes, on PostgreSQL once it is numbered.
			var feed operatorapi.Feed
			path := "changes?event=" + event + "&epoch=" + head["epoch"] + "&after=" + head["position"]
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for late := time.After(10 * time.Second); ; {
				scanner.asks(200, "GET", path, "", &feed)
				if len(feed.Tickets) == 1 && feed.Tickets[0].Version == 2 {
					break
				}
				select {
				case <-late:
					t.Fatalf("the sale is not among the changes: %+v", feed)
				case <-tick.C:
				}
			}
			fresh := feed.Tickets[0]
			if fresh.Ticket != tokens[0] || fresh.Barcode == old || !fresh.Live || len(fresh.Dead) != 1 || fresh.Dead[0] != old {
				t.Errorf("the change is %+v; want a new barcode in the place of %s", fresh, old)
			}
			if v := scanner.verifies(event, "s-1", old, "NORTH"); v.Admitted || v.Code != "BARCODE_REPLACED" || v.Since == "" {
				t.Errorf("the old barcode = %+v; want it replaced, and when", v)
			}
			if v := scanner.verifies(event, "s-2", fresh.Barcode, "NORTH"); !v.Admitted || v.Place == nil {
				t.Errorf("the new barcode = %+v; want it in", v)
			}
			if v := scanner.verifies(event, "s-3", fresh.Barcode, "SOUTH"); v.Admitted || v.Code != "ALREADY_ADMITTED" || v.Gate != "NORTH" || v.Since == "" {
				t.Errorf("the new barcode again = %+v; want it in already, at NORTH", v)
			}
			partner.want(t, 422, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-2", tokens[:1])), nil)

			// A scanner that was offline comes back.
			scans := filepath.Join(t.TempDir(), "scans.csv")
			now := time.Now().UTC()
			text := fmt.Sprintf("scan,barcode,gate,at\nm-1,%s,EAST,%s\nm-2,%s,EAST,%s\nm-3,none,EAST,%s\n", fresh.Barcode,
				now.Add(-time.Minute).Format(time.RFC3339), barcodes[tokens[1]], now.Format(time.RFC3339), now.Format(time.RFC3339))
			if err := os.WriteFile(scans, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for round := range 2 { // the second changes nothing
				if m := merges(scans); m.Admitted != 2 || m.Conflicts != 2-round || m.Scans[2].Code != "BARCODE_UNKNOWN" {
					t.Errorf("merge %d = %+v; want two in", round, m)
				}
			}
			said := gate("status", event)
			for _, conflict := range []string{"ALREADY_ADMITTED", "BARCODE_UNKNOWN"} {
				if behind(said, []string{"in ", "2", "later scans", "1", "refused scans", "1", conflict}) < 0 {
					t.Errorf("status = %s; want %s told", said, conflict)
				}
			}
			gate("undo", event, "m-1")
			if said, err := command(t.Context(), append([]string{"gate", "verify", event, fresh.Barcode, "--gate", "WEST"}, as...)...); err != nil || !strings.Contains(said, "yes") {
				t.Errorf("verify after undo: %v\n%s", err, said)
			}
			if said, err := command(t.Context(), append([]string{"gate", "verify", event, fresh.Barcode, "--gate", "WEST"}, as...)...); err == nil || !strings.Contains(said, "NO: the ticket was let in before") {
				t.Errorf("verify once more: %v\n%s", err, said)
			}

			scanner.asks(404, "GET", "status?event=999:F26:NONE", "", nil)
			id, _, _ := strings.Cut(strings.TrimPrefix(secret, "lkg_"), "_")
			gate("key", "revoke", id)
			scanner.asks(401, "GET", path, "", nil)
			if said, err := command(t.Context(), append([]string{"gate", "key", "revoke", "NONE"}, as...)...); err == nil || !strings.Contains(err.Error(), "there is no gate key NONE") {
				t.Errorf("revoke of no key: %v\n%s", err, said)
			}
			if said := must(t, "audit", "--db", db); strings.Contains(said, "BROKEN") {
				t.Errorf("audit: %s", said)
			}
		})
	}
}

func TestScannersListenOnThisMachineUnlessThereIsACertificate(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:0": "", "0.0.0.0:0": "needs --tls-cert", ":0": "needs --tls-cert", "192.0.2.1:9091": "needs --tls-cert", "nonsense": "missing port",
	} {
		s, err := (&server{log: slog.New(slog.DiscardHandler)}).openScanners(t.Context(), settings{gates: gates{GateListen: addr}})
		if err == nil {
			_ = s.listener.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("openScanners(%q) = %v; want %q", addr, err, want)
		}
	}
}

package web

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"image/png"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// passHouse is a site that signs passes, and the root that phones trust.
func passHouse(tb testing.TB) (Options, passPapers) {
	tb.Helper()
	papers := issuePass(tb, nil)
	w, err := NewWallet(papers.certificate, papers.key, papers.chain, football().Now)
	if err != nil {
		tb.Fatal(err)
	}
	return Options{Wallet: w}, papers
}

func askPass(t *testing.T, office Office, options Options) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/t/"+secret+"/ticket.pkpass", http.NoBody)
	New(office, nil, NewAddresses(ring(t, "A"), "https://tickets.example.com"), options).ServeHTTP(w, r)
	return w
}

// passOf fetches a ticket's pass and returns its files by name.
func passOf(t *testing.T, p boxoffice.TicketPage, options Options) map[string][]byte {
	t.Helper()
	w := askPass(t, shows(p), options)
	if w.Code != 200 {
		t.Fatalf("the pass is %d %s", w.Code, w.Body)
	}
	archive, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range archive.File {
		body, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(body); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func readPass(t *testing.T, files map[string][]byte) (p pass) {
	t.Helper()
	if err := json.Unmarshal(files["pass.json"], &p); err != nil {
		t.Fatalf("pass.json: %v\n%s", err, files["pass.json"])
	}
	return p
}

func TestThePassIsWholeAndSigned(t *testing.T) {
	t.Parallel()
	options, papers := passHouse(t)
	files := passOf(t, football(), options)
	if got, want := slices.Sorted(maps.Keys(files)), []string{"icon.png", "icon@2x.png", "icon@3x.png", "manifest.json", "pass.json", "signature"}; !slices.Equal(got, want) {
		t.Fatalf("the pass has %v; want %v", got, want)
	}
	var manifest map[string]string
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for name, body := range files {
		if sum := sha1.Sum(body); name != "manifest.json" && name != "signature" {
			want[name] = hex.EncodeToString(sum[:])
		}
	}
	if !maps.Equal(manifest, want) {
		t.Errorf("the manifest has %v; want %v", manifest, want)
	}
	for name, side := range map[string]int{"icon.png": 29, "icon@2x.png": 58, "icon@3x.png": 87} {
		if icon, err := png.Decode(bytes.NewReader(files[name])); err != nil || icon.Bounds().Dx() != side || icon.Bounds().Dy() != side {
			t.Errorf("%s is %v, %v; want %d by %d", name, icon, err, side, side)
		}
	}
	if out, err := verifySignature(t, files["manifest.json"], files["signature"], papers.root); err != nil {
		t.Errorf("openssl does not take the signature: %v\n%s", err, out)
	}
	forged := bytes.Replace(files["manifest.json"], []byte(manifest["pass.json"]), []byte(strings.Repeat("0", 40)), 1)
	if out, err := verifySignature(t, forged, files["signature"], papers.root); err == nil {
		t.Errorf("openssl takes the signature for another manifest:\n%s", out)
	}
	if out, err := verifySignature(t, files["manifest.json"], files["signature"], papers.chain); err == nil {
		t.Errorf("openssl takes the signature without its root:\n%s", out)
	}
}

// verifySignature has openssl judge a detached signature as a phone does, with
// nothing but a root: the chain must come with it.
func verifySignature(t *testing.T, manifest, signature, root []byte) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string][]byte{"manifest.json": manifest, "signature": signature, "root.pem": root} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatalf("%v; install it: apt-get install openssl", err)
	}
	command := exec.CommandContext(t.Context(), program, "smime", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content", "manifest.json",
		"-CAfile", "root.pem", "-no-CApath", "-no-CAstore", "-purpose", "any", "-attime", "1756728000", "-out", "verified") // 2025-09-01
	command.Dir = dir
	out, err := command.CombinedOutput()
	return string(out), err
}

func TestThePassSaysWhatThePageSays(t *testing.T) {
	t.Parallel()
	options, _ := passHouse(t)
	for _, tt := range pages() {
		if gone(tt.page) || tt.page.Ticket.Barcode == "" {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			p := readPass(t, passOf(t, tt.page, options))
			v, err := viewOf(tt.page)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Barcodes) != 1 || p.Barcodes[0].Message != string(tt.page.Ticket.Barcode) || p.Barcodes[0].Format != "PKBarcodeFormatQR" {
				t.Errorf("the pass has the codes %+v; want %s as QR", p.Barcodes, tt.page.Ticket.Barcode)
			}
			var said []string
			seen := map[string]bool{}
			for _, f := range slices.Concat(p.Ticket.Primary, p.Ticket.Secondary, p.Ticket.Auxiliary, p.Ticket.Back) {
				said = append(said, f.Label+"="+f.Value)
				if seen[f.Key] {
					t.Errorf("the pass has two fields %q", f.Key)
				}
				seen[f.Key] = true
			}
			want := []string{"Event=" + v.Event, "Date=" + v.When.Date}
			for label, value := range map[string]string{"Time": v.When.Time, "Until": v.When.Until, "Venue": v.Venue, "Ticket holder": v.Holder} {
				if value != "" {
					want = append(want, label+"="+value)
				}
			}
			for _, f := range slices.Concat(v.Place, v.Facts) {
				want = append(want, f.Label+"="+f.Value)
			}
			for _, n := range v.Notices {
				want = append(want, n.Title+"="+n.Text)
			}
			for _, w := range want {
				if !slices.Contains(said, w) {
					t.Errorf("the pass does not say %q: %q", w, said)
				}
			}
			if len(p.Ticket.Primary) != 1 || len(p.Ticket.Secondary) > 4 || len(p.Ticket.Auxiliary) > 4 {
				t.Errorf("a phone shows 1, 4 and 4 fields; the pass has %d, %d and %d", len(p.Ticket.Primary), len(p.Ticket.Secondary), len(p.Ticket.Auxiliary))
			}
			if p.LogoText != tt.page.Organization.Name || p.PassType != "pass.com.example.tickets" || p.Team != "TEAM123456" || p.FormatVersion != 1 {
				t.Errorf("the pass is %+v", p)
			}
		})
	}
}

func TestThePassKnowsWhenItIsNeeded(t *testing.T) {
	t.Parallel()
	options, _ := passHouse(t)
	p := readPass(t, passOf(t, football(), options))
	if p.Relevant != "2025-09-06T19:30:00-05:00" || p.Expires != "2025-09-07T22:30:00-05:00" {
		t.Errorf("the pass shows itself at %q and is put away at %q", p.Relevant, p.Expires)
	}
	if want := colour(accentColours[accentOf(999)]); p.Background != want || p.Foreground != "rgb(255, 255, 255)" || p.Labels != p.Foreground {
		t.Errorf("the pass is %s on %s; want white on %s", p.Foreground, p.Background, want)
	}
	unknown := readPass(t, passOf(t, with(func(p *boxoffice.TicketPage) {
		p.Event.Start, p.Event.Over = boxoffice.When{Date: "2025-11-15"}, time.Time{}
	}), options))
	if unknown.Relevant != "" || unknown.Expires != "" {
		t.Errorf("without a time the pass has %q and %q", unknown.Relevant, unknown.Expires)
	}
	demo := options
	demo.Sandbox = true
	if p := readPass(t, passOf(t, football(), demo)); p.Ticket.Secondary[0].Value != "Demo ticket" {
		t.Errorf("a pass of a demo says %+v", p.Ticket.Secondary)
	}
}

// A pass that is fetched again takes the place of the one before; the next
// owner's is another one.
func TestAPassIsNamedForItsTicketInOneOwnersHands(t *testing.T) {
	t.Parallel()
	options, _ := passHouse(t)
	serial := func(change func(p *boxoffice.TicketPage)) string {
		return readPass(t, passOf(t, with(change), options)).Serial
	}
	first := serial(func(*boxoffice.TicketPage) {})
	if again := serial(func(p *boxoffice.TicketPage) { p.Ticket.Barcode, p.Ticket.Version = "9990123456789999", 5 }); again != first || len(first) != 64 {
		t.Errorf("with a new barcode the pass is %q; want %q", again, first)
	}
	for name, change := range map[string]func(p *boxoffice.TicketPage){
		"another owner":  func(p *boxoffice.TicketPage) { p.Ticket.Owned = 6 },
		"another ticket": func(p *boxoffice.TicketPage) { p.Ticket.Token = "999OTHER" },
	} {
		if got := serial(change); got == first {
			t.Errorf("%s has the same pass", name)
		}
	}
}

func TestThePassIsRefusedWhereThePageShowsNoCode(t *testing.T) {
	t.Parallel()
	options, _ := passHouse(t)
	ended := with(func(p *boxoffice.TicketPage) { p.Now = passesFrom.AddDate(2, 0, 0) })
	for _, tt := range []struct {
		name    string
		office  Office
		options Options
		status  int
		says    string
	}{
		{"a ticket that changed hands", shows(with(func(p *boxoffice.TicketPage) { p.ChangedHands = true })), options, 410, "has changed hands"},
		{"a void ticket", shows(with(func(p *boxoffice.TicketPage) { p.Ticket.Void = true })), options, 410, "no longer valid"},
		{"a ticket without a barcode", shows(with(func(p *boxoffice.TicketPage) { p.Ticket.Barcode = "" })), options, 404, "no barcode yet"},
		{"a secret nobody gave out", failing(fault.DocumentUnknown), options, 404, "no ticket at this address"},
		{"the database away", failing(fault.Busy), options, 503, "busy"},
		{"a house without a certificate", shows(football()), Options{}, 404, "nothing at this address"},
		{"a certificate that has ended since", shows(ended), options, 404, "nothing at this address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := askPass(t, tt.office, tt.options)
			body := w.Body.String()
			if w.Code != tt.status || !strings.Contains(body, tt.says) || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
				t.Errorf("the pass is %d %v %s; want %d and %q", w.Code, w.Header(), body, tt.status, tt.says)
			}
			for _, no := range []string{"9990123456789012", "9012", "Ada Byron", secret} {
				if strings.Contains(body, no) {
					t.Errorf("the refusal says %q", no)
				}
			}
		})
	}
}

func TestThePassIsOfferedWhereItIsToBeHad(t *testing.T) {
	t.Parallel()
	options, _ := passHouse(t)
	const link = `href="/t/` + secret + `/ticket.pkpass"`
	for _, tt := range []struct {
		name    string
		page    boxoffice.TicketPage
		options Options
		want    bool
	}{
		{"a ticket", football(), options, true},
		{"a house without a certificate", football(), Options{}, false},
		{"a certificate that has ended since", with(func(p *boxoffice.TicketPage) { p.Now = passesFrom.AddDate(2, 0, 0) }), options, false},
		{"a ticket that changed hands", with(func(p *boxoffice.TicketPage) { p.ChangedHands = true }), options, false},
		{"a ticket without a barcode", with(func(p *boxoffice.TicketPage) { p.Ticket.Barcode = "" }), options, false},
	} {
		if got := strings.Contains(ask(t, shows(tt.page), "GET", "/t/"+secret, tt.options).Body.String(), link); got != tt.want {
			t.Errorf("%s: the page offers its pass: %v; want %v", tt.name, got, tt.want)
		}
	}
}

func TestThePassIsKeptByNobodyAndSmall(t *testing.T) {
	t.Parallel()
	options, _ := passHouse(t)
	w := askPass(t, shows(football()), options)
	for name, want := range map[string]string{
		"Content-Type": "application/vnd.apple.pkpass", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Content-Disposition": "inline; filename=ticket-Football-vs-Ridgemont-ES-9-12-7.pkpass",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("the pass has %s: %q, want %q", name, got, want)
		}
	}
	const most = 16 << 10
	if w.Body.Len() > most {
		t.Errorf("the pass has %d bytes; a wallet needs %d at most", w.Body.Len(), most)
	}
	for _, no := range []string{secret, "999QK7ZB3M5XW8RTA", "3785222"} {
		for name, body := range passOf(t, football(), options) {
			if bytes.Contains(body, []byte(no)) {
				t.Errorf("%s has %q", name, no)
			}
		}
	}
}

func BenchmarkPass(b *testing.B) {
	options, _ := passHouse(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := options.Wallet.pack([]byte("{}"), 3); err != nil {
			b.Fatal(err)
		}
	}
}

// Package pagetest shows pages to a real browser and reads what is on them as
// people and scanners at the gate do: pictures of many screens, prints on paper,
// the codes in both, and what keeps somebody from using a page at all. Production
// code never imports it.
//
// It needs Chromium and the programs of poppler; make test installs them where it
// may. The browser starts when a test first opens a page, and serves all tests of
// the binary, so a package that uses it has
//
//	func TestMain(m *testing.M) { os.Exit(pagetest.Main(m)) }
package pagetest

package pagetest

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// A Paper is a size of paper in millimetres.
type Paper struct {
	Name          string
	Width, Height float64
}

const inch = 25.4

// Papers are the two that the world prints on.
func Papers() []Paper { return []Paper{{"A4", 210, 297}, {"Letter", 8.5 * inch, 11 * inch}} }

// A Print is a PDF, whoever made it.
type Print struct {
	tb   testing.TB
	path string
}

// NewPrint takes a PDF to look at.
func NewPrint(tb testing.TB, file []byte) Print {
	tb.Helper()
	p := Print{tb: tb, path: filepath.Join(tb.TempDir(), "print.pdf")}
	if err := os.WriteFile(p.path, file, 0o600); err != nil {
		tb.Fatal(err)
	}
	return p
}

// Pages is how many pages it has.
func (p Print) Pages() int {
	p.tb.Helper()
	n, err := strconv.Atoi(p.info("Pages"))
	if err != nil {
		p.tb.Fatal(err)
	}
	return n
}

// Title is what the document calls itself.
func (p Print) Title() string { return p.info("Title") }

// Paper is the size of its first page.
func (p Print) Paper() Paper {
	p.tb.Helper()
	const point = inch / 72
	var paper Paper
	if _, err := fmt.Sscanf(p.info("Page size"), "%f x %f pts", &paper.Width, &paper.Height); err != nil {
		p.tb.Fatal(err)
	}
	paper.Width, paper.Height = paper.Width*point, paper.Height*point
	return paper
}

func (p Print) info(name string) string {
	p.tb.Helper()
	match := regexp.MustCompile(`(?m)^` + name + `: +(.*)$`).FindSubmatch(p.run("pdfinfo", p.path))
	if match == nil {
		return ""
	}
	return string(match[1])
}

// Text is what it says, in the order of the page.
func (p Print) Text() string { return string(p.run("pdftotext", p.path, "-")) }

// Words are its words with the box of each, in millimetres from the upper left
// corner of the page.
func (p Print) Words() map[string]Box {
	p.tb.Helper()
	const point = inch / 72
	words := map[string]Box{}
	for _, match := range wordPattern.FindAllSubmatch(p.run("pdftotext", "-bbox", p.path, "-"), -1) {
		var at [4]float64
		for i := range at {
			at[i], _ = strconv.ParseFloat(string(match[i+1]), 64) // the pattern has numbers only
			at[i] *= point
		}
		words[html.UnescapeString(string(match[5]))] = Box{X: at[0], Y: at[1], Width: at[2] - at[0], Height: at[3] - at[1]}
	}
	return words
}

var wordPattern = regexp.MustCompile(`<word xMin="([-0-9.]+)" yMin="([-0-9.]+)" xMax="([-0-9.]+)" yMax="([-0-9.]+)">([^<]*)</word>`)

// Picture is its first page as a printer with so many dots an inch makes it.
func (p Print) Picture(dots int) Picture {
	p.tb.Helper()
	return decodePicture(p.tb, p.run("pdftoppm", "-r", strconv.Itoa(dots), "-png", "-singlefile", p.path))
}

// run runs one of poppler's programs.
func (p Print) run(program string, args ...string) []byte {
	p.tb.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		p.tb.Fatalf("%v; install it: apt-get install poppler-utils", err)
	}
	ctx, done := context.WithTimeout(p.tb.Context(), patience)
	defer done()
	command := exec.CommandContext(ctx, path, slices.Clone(args)...)
	var said bytes.Buffer
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		p.tb.Fatalf("%v: %v\n%s", command.Args, err, &said)
	}
	// What is wrong with a file is said here, and the exit is 0 all the same.
	if said.Len() > 0 {
		p.tb.Errorf("%s says of the PDF: %s", program, &said)
	}
	return out
}

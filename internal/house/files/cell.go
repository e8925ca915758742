package files

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// The limits of the contract (§1), in characters.
const (
	wordLimit = 64 // tokens, barcodes, sections, rows, seats, ids
	codeLimit = 32
	nameLimit = 128
	lineLimit = 256
	textLimit = 1024
)

// maxShown is how much of a value a problem shows.
const maxShown = 80

// shown is a value as a problem shows it.
func shown(text string) string {
	if utf8.RuneCountInString(text) > maxShown {
		text = string([]rune(text)[:maxShown]) + "…"
	}
	return strconv.Quote(text)
}

// code reads a code or an id; nothing is allowed where the column is not required.
func (s *sheet) code(column, limit int) (string, bool) {
	text := s.text(column)
	if says := wrongCode(text, limit); text != "" && says != "" {
		s.bad(column, "is %s; %s", shown(text), says)
		return "", false
	}
	return text, true
}

// wrongCode says what a code must be, "" where it is one.
func wrongCode(text string, limit int) string {
	if text == "" || len(text) > limit || strings.ContainsFunc(text, notOfCode) {
		return "a code has 1 to " + strconv.Itoa(limit) + " letters A-Z and a-z, digits, -, _ and ."
	}
	return ""
}

func notOfCode(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
}

// ascii reads a token or a barcode.
func (s *sheet) ascii(column int) (string, bool) {
	text := s.text(column)
	if len(text) > wordLimit || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) || strings.TrimSpace(text) != text {
		s.bad(column, "is %s; it may have 1 to %d printable ASCII characters, none a space at the ends", shown(text), wordLimit)
		return "", false
	}
	return text, true
}

// word reads the name of a section, a row or a seat, in any script.
func (s *sheet) word(column int) (string, bool) {
	text := s.text(column)
	if says := wrongWord(text); text != "" && says != "" {
		s.bad(column, "is %s; %s", shown(text), says)
		return "", false
	}
	return text, true
}

func wrongWord(text string) string {
	if text == "" || utf8.RuneCountInString(text) > wordLimit || strings.ContainsFunc(text, unicode.IsControl) || strings.TrimSpace(text) != text {
		return "a name of a section, row or seat has 1 to " + strconv.Itoa(wordLimit) + " characters, none a space at the ends"
	}
	return ""
}

// free reads text in any script.
func (s *sheet) free(column, limit int) (string, bool) {
	text := s.text(column)
	switch {
	case utf8.RuneCountInString(text) > limit:
		s.bad(column, "has %d characters; at most %d are allowed", utf8.RuneCountInString(text), limit)
		return "", false
	case strings.ContainsFunc(text, unicode.IsControl):
		s.bad(column, "has a line break or another control character; only text is allowed")
		return "", false
	}
	return text, true
}

// flag reads yes or no.
func (s *sheet) flag(column int, absent bool) (bool, bool) {
	switch text := s.text(column); strings.ToLower(text) {
	case "":
		return absent, true
	case "yes":
		return true, true
	case "no":
		return false, true
	default:
		s.bad(column, "is %s; yes and no are allowed", shown(text))
		return false, false
	}
}

// instant reads a point of time with its offset.
func (s *sheet) instant(column int) (time.Time, bool) {
	text := s.text(column)
	if text == "" {
		return time.Time{}, true
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || !inRange(at) {
		s.bad(column, "is %s; an instant is written 2026-10-03T14:30:00-05:00 or 2026-10-03T19:30:00Z, of a day and an hour that exist", shown(text))
		return time.Time{}, false
	}
	return at.UTC().Truncate(time.Microsecond), true
}

// inRange keeps out years that are misprints.
func inRange(at time.Time) bool { return at.Year() >= 1900 && at.Year() <= 2200 }

// when reads a point of an event's schedule.
func (s *sheet) when(column int) (boxoffice.When, bool) {
	text := s.text(column)
	if text == "" {
		return boxoffice.When{}, true
	}
	if day, ok := strings.CutSuffix(text, " TBD"); ok || len(text) == len(time.DateOnly) {
		date, err := time.Parse(time.DateOnly, day)
		if err != nil || !inRange(date) {
			s.bad(column, "is %s; a day is written 2026-10-03 and must be in the calendar", shown(text))
			return boxoffice.When{}, false
		}
		return boxoffice.When{Date: day}, true
	}
	if _, err := time.Parse("2006-01-02T15:04:05", strings.Replace(text, " ", "T", 1)); err == nil {
		s.bad(column, "is %s, which has no offset; write 2026-10-03T14:30:00-05:00 or 2026-10-03T19:30:00Z", shown(text))
		return boxoffice.When{}, false
	}
	at, ok := s.instant(column)
	return boxoffice.When{At: at}, ok
}

// oneOf reads one of a few words.
func (s *sheet) oneOf(column int, absent string, words ...string) (string, bool) {
	text := s.text(column)
	if text == "" {
		return absent, true
	}
	for _, word := range words {
		if text == word {
			return word, true
		}
	}
	s.bad(column, "is %s; %s are allowed", shown(text), strings.Join(words, ", "))
	return "", false
}

// number reads a whole number.
func (s *sheet) number(column int) (int64, bool) {
	const most = 1_000_000
	text := s.text(column)
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > most {
		s.bad(column, "is %s; a whole number from 0 to %d is allowed", shown(text), most)
		return 0, false
	}
	return n, true
}

// money reads an amount of a currency.
func (s *sheet) money(column int, currency string) (int64, bool) {
	text := s.text(column)
	if text == "" {
		return 0, true
	}
	digits := boxoffice.CurrencyDigits(currency)
	if minor, ok := amount(text, digits); ok {
		return minor, true
	}
	s.bad(column, "is %s; an amount in %s is written %s, with at most %d digits after the point, not negative and not above 10^12 of the smallest unit",
		shown(text), currency, boxoffice.FormatMinor(12345, digits), digits)
	return 0, false
}

func amount(text string, digits int) (int64, bool) {
	parsed, err := boxoffice.ParseAmount(text)
	if err != nil {
		return 0, false
	}
	minor, err := parsed.Minor(digits)
	return minor, err == nil
}

// list reads values separated by semicolons. A semicolon, an equals sign or a
// backslash within one stands behind a backslash.
func (s *sheet) list(column int) []string { return split(s.text(column), ';') }

// split splits at a separator that no backslash precedes, and drops spaces at the
// ends and empty parts. Backslashes stay: unescape takes them away.
func split(text string, separator byte) []string {
	if text == "" {
		return nil
	}
	var parts []string
	from := 0
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && text[i] == '\\':
			i++
		case i >= len(text) || text[i] == separator:
			if part := strings.TrimSpace(text[from:min(i, len(text))]); part != "" {
				parts = append(parts, part)
			}
			from = i + 1
		}
	}
	if from < len(text) { // it ends with a lone backslash
		parts = append(parts, strings.TrimSpace(text[from:]))
	}
	return parts
}

func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

var escaper = strings.NewReplacer(`\`, `\\`, `;`, `\;`, `=`, `\=`)

// join is the other way of split.
func join(values []string) string {
	escaped := make([]string, len(values))
	for i, v := range values {
		escaped[i] = escaper.Replace(v)
	}
	return strings.Join(escaped, ";")
}

// pair cuts CODE=TEXT.
func pair(text string) (code, value string, ok bool) {
	parts := split(text, '=')
	if len(parts) == 1 && strings.HasSuffix(text, "=") {
		return unescape(parts[0]), "", true
	}
	if len(parts) != 2 {
		return "", "", false
	}
	return unescape(parts[0]), unescape(parts[1]), true
}

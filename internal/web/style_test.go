package web

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
)

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var rgb [3]int
	if _, err := fmt.Sscanf(hex, "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); err != nil {
		t.Fatalf("%s: %v", hex, err)
	}
	var linear [3]float64
	for i, c := range rgb {
		v := float64(c) / 255
		if linear[i] = v / 12.92; v > 0.04045 {
			linear[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
}

// Every organization's colour carries white text that can be read in the sun:
// 7:1 is the stricter level of WCAG.
func TestEveryAccentCarriesWhiteText(t *testing.T) {
	rules := regexp.MustCompile(`\.accent-(\d+) \{ --accent: (#[0-9a-f]{6}); \}`).FindAllStringSubmatch(string(styleText()), -1)
	if len(rules) != accents {
		t.Fatalf("the stylesheet has %d accents, want %d", len(rules), accents)
	}
	for i, rule := range rules {
		if c := accentColours[i]; rule[2] != fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) {
			t.Errorf("accent %d is %s on the page and %v in the PDF", i, rule[2], c)
		}
		if rule[1] != fmt.Sprint(i) {
			t.Errorf("accent %d is named %s", i, rule[1])
		}
		if ratio := 1.05 / (luminance(t, rule[2]) + 0.05); ratio < 7 {
			t.Errorf("white on accent %s %s has a contrast of %.1f, want 7", rule[1], rule[2], ratio)
		}
	}
}

func TestTheStylesheetAsksNobody(t *testing.T) {
	for _, word := range []string{"url(", "@import", "http"} {
		if strings.Contains(string(styleText()), word) {
			t.Errorf("the stylesheet has %q", word)
		}
	}
}

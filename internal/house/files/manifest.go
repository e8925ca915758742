package files

import (
	"fmt"
	"unicode/utf8"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// manifestText is a file of manifests/.
type manifestText struct {
	Facility      facilityText     `json:"facility"`
	Configuration string           `json:"configuration"`
	Season        string           `json:"season,omitempty"`
	Areas         []boxoffice.Area `json:"areas"`
}

type facilityText struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// A place names a manifest.
type place struct{ season, facility, configuration string }

// manifestName is the file in which a Writer puts a manifest. A reader takes any
// name.
func manifestName(m boxoffice.Manifest) string {
	name := manifestFolder + "/" + m.Facility + "." + m.Configuration
	if m.Season != "" {
		name += "." + m.Season
	}
	return name + ".json"
}

// readManifest reads one manifest.
func (f *folder) readManifest(s source, report *Report) error {
	var text manifestText
	d, ok, err := readDocument(s, report, &text)
	if err != nil || !ok {
		return err
	}
	before := len(report.Problems) + report.More
	for _, code := range []struct{ pointer, value string }{{"/facility/code", text.Facility.Code}, {"/configuration", text.Configuration}} {
		if says := wrongCode(code.value, codeLimit); says != "" {
			d.at(code.pointer, "%s is %s; %s", code.pointer[1:], shown(code.value), says)
		}
	}
	if utf8.RuneCountInString(text.Facility.Name) > nameLimit {
		d.at("/facility/name", "the facility's name has more than %d characters", nameLimit)
	}
	if text.Season != "" && !f.seasons[text.Season] {
		d.at("/season", "season is %s, which seasons.csv does not have; without a season the manifest is for every season", shown(text.Season))
	}
	m := boxoffice.Manifest{
		Organization: f.organization.ID, Season: text.Season, Facility: text.Facility.Code, FacilityName: text.Facility.Name,
		Configuration: text.Configuration, Areas: text.Areas,
	}
	if n := m.Seats(); n < 1 || n > boxoffice.MaxSeats {
		d.at("/areas", "the manifest has %d seats; 1 to %d are allowed", n, boxoffice.MaxSeats)
		return nil
	}
	f.checkAreas(d, text.Areas)
	at := place{m.Season, m.Facility, m.Configuration}
	if known := f.plans[at]; known != nil {
		d.at("/facility", "%s has a manifest of the same facility, configuration and season", known.file)
	}
	if len(report.Problems)+report.More > before {
		return nil
	}
	p := newPlan(m)
	p.file = s.name
	f.plans[at] = p
	if f.facilities[m.Facility] == "" {
		f.facilities[m.Facility] = m.FacilityName
	}
	return nil
}

// checkAreas looks for names that cannot be and for seats that are there twice.
func (f *folder) checkAreas(d *document, areas []boxoffice.Area) {
	sections := map[string]bool{}
	for a, area := range areas {
		if says := wrongWord(area.Code); area.Code != "" && says != "" {
			d.at(fmt.Sprintf("/areas/%d/code", a), "an area's code is %s; %s", shown(area.Code), says)
		}
		for s, section := range area.Sections {
			pointer := fmt.Sprintf("/areas/%d/sections/%d", a, s)
			if says := wrongWord(section.Section); says != "" {
				d.at(pointer+"/section", "a section is %s; %s", shown(section.Section), says)
			}
			if sections[section.Section] {
				d.at(pointer+"/section", "the section %s is there twice", shown(section.Section))
			}
			sections[section.Section] = true
			checkRows(d, pointer, section.Rows)
		}
	}
}

func checkRows(d *document, section string, rows []boxoffice.Row) {
	names := map[string]bool{}
	for r, row := range rows {
		pointer := fmt.Sprintf("%s/rows/%d", section, r)
		if says := wrongWord(row.Row); says != "" {
			d.at(pointer+"/row", "a row is %s; %s", shown(row.Row), says)
		}
		if names[row.Row] {
			d.at(pointer+"/row", "the row %s is there twice", shown(row.Row))
		}
		names[row.Row] = true
		if row.Count < 0 || row.Count > 0 && len(row.Seats) > 0 {
			d.at(pointer+"/count", "a row has seats, or the count of its places, which is not negative")
		}
		seats := map[string]bool{}
		for i, name := range row.Seats {
			if says := wrongWord(name); says != "" {
				d.at(fmt.Sprintf("%s/seats/%d", pointer, i), "a seat is %s; %s", shown(name), says)
			}
			if seats[name] {
				d.at(fmt.Sprintf("%s/seats/%d", pointer, i), "the seat %s is in the row twice", shown(name))
			}
			seats[name] = true
		}
	}
}

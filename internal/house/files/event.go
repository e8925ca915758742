package files

import (
	"strings"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// maxEvents bounds what an organization's catalog takes of memory.
const maxEvents = 100_000

// event reads a line of events.csv. What it says of other events is checked when
// all are there.
func (f *folder) event(s *sheet) {
	before := len(s.report.Problems) + s.report.More
	e := boxoffice.Event{Organization: f.organization.ID}
	e.Season, _ = s.code(eventSeason, codeLimit)
	e.Item, _ = s.code(eventItem, codeLimit)
	e.Basis, _ = s.oneOf(eventBasis, "", boxoffice.Single, boxoffice.Combo, boxoffice.Miscellaneous, boxoffice.Donation, boxoffice.GiftCertificate)
	e.Name, _ = s.free(eventName, textLimit)
	e.ItemName, _ = s.free(eventItemName, textLimit)
	e.InternetName, _ = s.free(eventInternetName, textLimit)
	e.Start, _ = s.when(eventStart)
	e.End, _ = s.when(eventEnd)
	e.FacilityCode, _ = s.code(eventFacility, codeLimit)
	e.FacilityName, _ = s.free(eventFacilityName, nameLimit)
	e.ConfigurationCode, _ = s.code(eventConfiguration, codeLimit)
	e.Secondary, _ = s.flag(eventSecondary, true)
	e.Cancelled, _ = s.flag(eventCancelled, false)
	e.PriceTypes = s.priceTypes()
	e.Associations = s.associations()
	if e.FacilityName == "" {
		e.FacilityName = f.facilities[e.FacilityCode]
	}
	if e.Season != "" && !f.seasons[e.Season] {
		s.bad(eventSeason, "is %s, which seasons.csv does not have", shown(e.Season))
	}
	zone := f.organization.Location()
	if start, end := boxoffice.OverAt(boxoffice.When{}, e.Start, zone), boxoffice.OverAt(boxoffice.When{}, e.End, zone); !end.IsZero() && end.Before(start) &&
		e.Start.At.IsZero() == e.End.At.IsZero() {
		s.bad(eventEnd, "is %s, which is before the start", shown(s.text(eventEnd)))
	}
	e.Over = boxoffice.OverAt(e.Start, e.End, zone)
	e.ID = boxoffice.NewEventID(e.Organization, e.Season, e.Item)
	switch {
	case len(s.report.Problems)+s.report.More > before:
	case f.events[string(e.ID)] != nil:
		s.bad(eventItem, "is %s, which stands in the same season on an earlier line too", shown(e.Item))
	case len(f.eventRows) == maxEvents:
		s.bad(eventItem, "is one more than the %d that are allowed", maxEvents)
	default:
		line, _ := s.in.FieldPos(0)
		one := &event{Event: e, line: line}
		f.events[string(e.ID)] = one
		f.eventRows = append(f.eventRows, one)
		return
	}
	// Its tickets are not told for it.
	if f.events[string(e.ID)] == nil {
		f.events[string(e.ID)] = &event{Event: e}
	}
}

// priceTypes reads A=Adult; S=Season.
func (s *sheet) priceTypes() map[string]string {
	var types map[string]string
	for _, part := range s.list(eventPriceTypes) {
		code, name, ok := pair(part)
		if !ok || wrongWord(code) != "" || types[code] != "" {
			s.bad(eventPriceTypes, "has %s; different codes with their names are allowed, such as A=Adult; S=Season", shown(part))
			return nil
		}
		if types == nil {
			types = map[string]string{}
		}
		types[code] = name
	}
	return types
}

// associations reads PARKING=999:F26:F01 999:F26:F02.
func (s *sheet) associations() []boxoffice.Association {
	var all []boxoffice.Association
	for _, part := range s.list(eventAssociations) {
		kind, ids, ok := pair(part)
		if !ok || wrongCode(kind, codeLimit) != "" {
			s.bad(eventAssociations, "has %s; a type and accessIds are allowed, such as PARKING=999:F26:F01 999:F26:F02", shown(part))
			return nil
		}
		a := boxoffice.Association{Type: kind}
		for id := range strings.FieldsSeq(ids) {
			a.With = append(a.With, boxoffice.EventID(id))
		}
		all = append(all, a)
	}
	return all
}

// checkEvents looks at what events say of each other.
func (f *folder) checkEvents(report *Report, file string) {
	for _, e := range f.eventRows {
		for _, a := range e.Associations {
			for _, id := range a.With {
				if f.events[string(id)] == nil {
					report.add(file, e.line, 1, "associations has %s, which is no accessId of this file", shown(string(id)))
				}
			}
		}
	}
}

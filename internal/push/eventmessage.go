package push

import (
	"context"
	"slices"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// fill lets a message about events say how they stand now, for that is what its
// subscriber needs to know. An event that is there no longer is left out.
func (m *Message) fill(ctx context.Context, catalogs Catalogs) error {
	if m.Entity != boxoffice.Events || m.Empty() {
		return nil
	}
	catalog, err := catalogs.Catalog(ctx, m.Organization)
	if err != nil {
		return err
	}
	words := map[string][]byte{}
	for i := range catalog.Events {
		words[string(catalog.Events[i].ID)] = eventWords(&catalog.Events[i])
	}
	for i := range m.elements {
		m.elements[i].words = words[m.elements[i].subject]
	}
	m.elements = slices.DeleteFunc(m.elements, func(e element) bool { return e.words == nil })
	return nil
}

// eventWords is an element of data.events (contract.md call 14).
func eventWords(e *boxoffice.Event) []byte {
	startDate, startTime := e.Start.Halves()
	endDate, endTime := e.End.Halves()
	b := make([]byte, 0, 256)
	for i, field := range []struct{ name, value string }{
		{"accessId", string(e.ID)}, {"seasonCode", e.Season}, {"itemCode", e.Item}, {"itemBasis", e.Basis}, {"itemName", e.Title()},
		{"startDate", startDate}, {"startTime", startTime}, {"endDate", endDate}, {"endTime", endTime},
		{"facilityCode", e.FacilityCode}, {"facilityName", e.FacilityName},
	} {
		if i == 0 {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), field.name...), '"', ':')
		b = appendText(b, field.value)
	}
	return append(b, '}')
}

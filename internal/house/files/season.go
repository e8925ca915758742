package files

import "github.com/seatlink/seatlink/internal/boxoffice"

// season reads a line of seasons.csv.
func (f *folder) season(s *sheet) {
	code, ok := s.code(seasonCode, codeLimit)
	name, good := s.free(seasonName, textLimit)
	if !ok || !good {
		return
	}
	if f.seasons[code] {
		s.bad(seasonCode, "is %s, which stands on an earlier line too", shown(code))
		return
	}
	f.seasons[code] = true
	f.seasonRows = append(f.seasonRows, boxoffice.Season{Organization: f.organization.ID, Code: code, Name: name})
}

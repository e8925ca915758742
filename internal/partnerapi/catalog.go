package partnerapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

type catalogEvent struct {
	SeasonCode        string            `json:"seasonCode"`
	ItemCode          string            `json:"itemCode"`
	ItemBasis         string            `json:"itemBasis"`
	ItemName          string            `json:"itemName"`
	StartDate         string            `json:"startDate"`
	StartTime         string            `json:"startTime"`
	EndDate           string            `json:"endDate"`
	EndTime           string            `json:"endTime"`
	FacilityCode      string            `json:"facilityCode"`
	ConfigurationCode string            `json:"configurationCode"`
	FacilityName      string            `json:"facilityName"`
	Association       []association     `json:"association"`
	AccessID          boxoffice.EventID `json:"accessId"`
}

type association struct {
	Type         string              `json:"type"`
	AssociatedTo []boxoffice.EventID `json:"associatedTo"`
}

func (a *api) catalogEvents(ctx context.Context, c *call) (int, any, error) {
	org, err := organization(c.Header.Get(headerOrganization))
	if err != nil {
		return 0, nil, err
	}
	q, err := catalogQuery(c.URL.RawQuery)
	if err != nil {
		return 0, nil, err
	}
	program, err := a.office.Catalog(ctx, c.who, org, q)
	if err != nil {
		return 0, nil, err
	}
	// Only now: who may not see the organization hears of that first
	// (reliability.md §3.1).
	if err := first(checkCode(q.Season, "seasonCode"), checkCode(q.Facility, "facilityCode")); err != nil {
		return 0, nil, err
	}
	if q != (boxoffice.CatalogQuery{}) {
		return http.StatusOK, catalogOf(program), nil
	}
	answer, err := a.catalogs.written(org, program)
	return http.StatusOK, answer, err
}

// catalogs are the answers to who asked for all that an organization offers, as they
// were last written: one for each organization.
type catalogs struct {
	mu  sync.Mutex
	all map[access.OrganizationID]writtenProgram
}

type writtenProgram struct {
	program *boxoffice.Program
	answer  *written
}

// written is the answer that tells of a program, written once as long as it stands.
func (c *catalogs) written(org access.OrganizationID, program *boxoffice.Program) (*written, error) {
	c.mu.Lock()
	last := c.all[org]
	c.mu.Unlock()
	if last.program == program {
		return last.answer, nil
	}
	words, err := json.Marshal(catalogOf(program))
	if err != nil {
		return nil, fmt.Errorf("encode catalog: %w", err)
	}
	answer := &written{words, tagOf(words)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[access.OrganizationID]writtenProgram{}
	}
	c.all[org] = writtenProgram{program, answer}
	return answer, nil
}

func catalogOf(program *boxoffice.Program) []catalogEvent {
	answer := make([]catalogEvent, len(program.Events))
	for i := range program.Events {
		answer[i] = catalogEventOf(&program.Events[i])
	}
	return answer
}

func catalogEventOf(e *boxoffice.Event) catalogEvent {
	shown := catalogEvent{
		SeasonCode: e.Season, ItemCode: e.Item, ItemBasis: e.Basis, ItemName: e.Title(),
		FacilityCode: e.FacilityCode, ConfigurationCode: e.ConfigurationCode, FacilityName: e.FacilityName,
		AccessID: e.ID,
	}
	shown.StartDate, shown.StartTime = e.Start.Halves()
	shown.EndDate, shown.EndTime = e.End.Halves()
	for _, tie := range e.Associations {
		shown.Association = append(shown.Association, association{Type: tie.Type, AssociatedTo: tie.With})
	}
	return shown
}

// maxInteger is the largest integer every JSON program reads exactly; the books
// know no larger one.
const maxInteger = 1 << 53

// organization reads PAC-Organization-ID.
func organization(header string) (access.OrganizationID, error) {
	id, err := strconv.ParseInt(header, 10, 64)
	if err != nil || id > maxInteger || id < -maxInteger {
		return 0, fault.OrganizationRequired
	}
	return access.OrganizationID(id), nil
}

// catalogQuery reads the parameters; an empty one counts as absent, an unknown
// one is ignored. The codes are still to be checked.
func catalogQuery(raw string) (boxoffice.CatalogQuery, error) {
	var q boxoffice.CatalogQuery
	if raw == "" {
		return q, nil
	}
	given, err := url.ParseQuery(raw)
	if err != nil {
		return q, fault.Malformed.Saying("the query cannot be read")
	}
	for name, into := range map[string]*string{"startDate": &q.From, "seasonCode": &q.Season, "facilityCode": &q.Facility} {
		if len(given[name]) > 1 {
			return q, named(fault.ParameterRepeated, name)
		}
		*into = given.Get(name)
	}
	if q.From != "" {
		if _, err := time.Parse(time.DateOnly, q.From); err != nil {
			return q, fault.DateInvalid
		}
	}
	return q, nil
}

// maxCode is how long a season or facility code may be.
const maxCode = 32

func checkCode(code, name string) error {
	for i := range len(code) {
		c := code[i]
		good := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
		if !good || i >= maxCode {
			return named(fault.CodeInvalid, name)
		}
	}
	return nil
}

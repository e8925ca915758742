package operatorapi

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Gates let tickets in and tell which barcodes are alive. Errors are reasons of
// package fault, and those that boxoffice gives to gates alone.
type Gates interface {
	Snapshot(ctx context.Context, who access.Principal, event boxoffice.EventID) (boxoffice.Roll, error)
	Changes(ctx context.Context, who access.Principal, event boxoffice.EventID, epoch, after int64) (boxoffice.Turn, error)
	Verify(ctx context.Context, who access.Principal, event boxoffice.EventID, scan boxoffice.ScanRequest) (boxoffice.Scanned, error)
	Merge(ctx context.Context, who access.Principal, event boxoffice.EventID, scans []boxoffice.ScanRequest) ([]boxoffice.Scanned, error)
	Undo(ctx context.Context, who access.Principal, event boxoffice.EventID, scan string) (boxoffice.Scanned, error)
	Status(ctx context.Context, who access.Principal, event boxoffice.EventID) (boxoffice.GateStatus, error)
}

// Porters keep the keys of scanners.
type Porters interface {
	NewGateKey(ctx context.Context, org access.OrganizationID, name string, events []string) (access.GateKey, string, error)
	GateKeys(ctx context.Context) ([]access.GateKey, error)
	RevokeGateKey(ctx context.Context, id access.KeyID) error
}

// A GateHead says what an answer about tickets stands for.
type GateHead struct {
	Event     string `json:"event"` // its accessId
	Name      string `json:"name"`
	Cancelled bool   `json:"cancelled"` // then nothing opens the gate
	Epoch     int64  `json:"epoch"`
	Position  int64  `json:"position"` // where to go on reading changes from
	At        string `json:"at"`
}

// A Snapshot is every ticket of an event that opens the gate.
type Snapshot struct {
	GateHead
	Tickets []GateTicket `json:"tickets"` // by section, row and seat
}

// A Feed is the tickets that changed, as they stand now.
type Feed struct {
	GateHead
	More    bool         `json:"more"` // ask again at once
	Tickets []GateTicket `json:"tickets"`
}

// A GateTicket is a ticket as scanners know it.
type GateTicket struct {
	Ticket   string   `json:"ticket"`  // names it, whatever its barcode is
	Version  int64    `json:"version"` // grows with each change: an older one says nothing new
	Barcode  string   `json:"barcode"`
	Live     bool     `json:"live"` // the barcode opens the gate, if it has not done so
	Section  string   `json:"section"`
	Row      string   `json:"row"`
	Seat     string   `json:"seat"`
	Admitted string   `json:"admittedAt,omitempty"` // since when it is in
	Gate     string   `json:"gate,omitempty"`       // and where it was let in
	Dead     []string `json:"dead,omitempty"`       // barcodes that it had before
}

// A GateScan is what a scanner says of a barcode.
type GateScan struct {
	ID      string `json:"scanId"` // its own; the same one again is the same scan
	Barcode string `json:"barcode"`
	Gate    string `json:"gate"`
	At      string `json:"at,omitempty"` // RFC 3339; of scans that are merged
}

// A GateVerdict is what a gate is told of a scan.
type GateVerdict struct {
	ScanID   string `json:"scanId"`
	Barcode  string `json:"barcode"`
	Admitted bool   `json:"admitted"`          // let them in
	Repeat   bool   `json:"repeat"`            // the scan was known, and this is its answer
	Code     string `json:"code,omitempty"`    // why not
	Message  string `json:"message,omitempty"` // the same for people
	// Since and Gate tell of the admission that counts; Since, where the barcode was
	// replaced, of that.
	Since  string     `json:"since,omitempty"`
	Gate   string     `json:"gate,omitempty"`
	Event  string     `json:"otherEvent,omitempty"` // that the barcode is for
	Ticket string     `json:"ticket,omitempty"`
	Place  *GatePlace `json:"place,omitempty"`
	Outdid *GateScan  `json:"outdid,omitempty"` // a later scan, which counted until this one came
}

// A GatePlace is where the ticket's holder goes.
type GatePlace struct {
	Section string `json:"section"`
	Row     string `json:"row"`
	Seat    string `json:"seat"`
}

// A Merged tells of each scan, in the order they were given.
type Merged struct {
	Scans     []GateVerdict `json:"scans"`
	Admitted  int           `json:"admitted"`
	Conflicts int           `json:"conflicts"` // refused, or in the place of another
}

// A GateStatus is how an event's gates stand.
type GateStatus struct {
	GateHead
	Live      int64          `json:"live"` // tickets that open the gate, those that are in among them
	Inside    int64          `json:"inside"`
	Later     int64          `json:"later"`
	Refused   int64          `json:"refused"`
	Undone    int64          `json:"undone"`
	Conflicts []GateConflict `json:"conflicts"` // the first thousand
}

// A GateConflict is a scan that did not count.
type GateConflict struct {
	GateScan
	Ticket string `json:"ticket,omitempty"`
	Code   string `json:"code"`
}

// A GateKey of a scanner, without its secret.
type GateKey struct {
	ID           string   `json:"id"`
	Organization int64    `json:"organizationId"`
	Name         string   `json:"name"`
	Events       []string `json:"events"` // none is all of the organization
	Created      string   `json:"created"`
	Ended        string   `json:"ended,omitempty"`
	Secret       string   `json:"secret,omitempty"` // only when it is issued
}

// GateKeyList is the answer to which keys there are.
type GateKeyList struct {
	Keys []GateKey `json:"keys"`
}

func headOf(r boxoffice.Roll) GateHead {
	return GateHead{
		Event: string(r.Event.ID), Name: r.Event.Title(), Cancelled: r.Event.Cancelled,
		Epoch: r.Epoch, Position: r.Position, At: instant(r.Now),
	}
}

func gateTickets(r boxoffice.Roll) []GateTicket {
	tickets := make([]GateTicket, 0, len(r.Passes))
	for _, p := range r.Passes {
		t := GateTicket{
			Ticket: string(p.Token), Version: p.Version, Barcode: string(p.Barcode), Live: !p.Void && !r.Event.Cancelled,
			Section: p.Section, Row: p.Row, Seat: p.Seat, Gate: p.Gate,
		}
		if p.Gate != "" {
			t.Admitted = precise(p.Since)
		}
		for _, b := range p.Replaced {
			t.Dead = append(t.Dead, string(b))
		}
		tickets = append(tickets, t)
	}
	return tickets
}

// precise is an instant as it decides which of two scans was earlier.
func precise(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func verdictOf(s boxoffice.Scanned) GateVerdict {
	v := GateVerdict{
		ScanID: s.Scan.Key.ID, Barcode: string(s.Scan.Barcode), Admitted: s.Refused == nil && s.Scan.State == boxoffice.ScanInside, Repeat: s.Repeat,
		Since: precise(s.Since), Gate: s.Gate, Event: string(s.Other), Ticket: string(s.Pass.Token),
	}
	if s.Refused != nil {
		v.Code, v.Message = s.Refused.Code, s.Refused.Message
	}
	if s.Pass.Token != "" {
		v.Place = &GatePlace{s.Pass.Section, s.Pass.Row, s.Pass.Seat}
	}
	if s.Outdid != nil {
		outdid := scanOf(*s.Outdid)
		v.Outdid = &outdid
	}
	return v
}

func scanOf(s boxoffice.Scan) GateScan {
	return GateScan{ID: s.Key.ID, Barcode: string(s.Barcode), Gate: s.Gate, At: precise(s.At)}
}

// trade is the scan as the box office takes it.
func (s GateScan) trade() (boxoffice.ScanRequest, error) {
	scan := boxoffice.ScanRequest{ID: s.ID, Barcode: boxoffice.Barcode(s.Barcode), Gate: s.Gate}
	if s.At == "" {
		return scan, nil
	}
	at, err := time.Parse(time.RFC3339Nano, s.At)
	if err != nil || at.Year() < 1970 || at.Year() > 2200 { // beyond them, microseconds are no instant of the books
		return scan, fault.FieldInvalid.Saying(fmt.Sprintf("at of scan %.64q is no instant such as 2026-10-04T19:02:11.5Z", s.ID))
	}
	scan.At = at
	return scan, nil
}

// gateOf is the event that a call is about, and its caller, who if he is an
// operator serves whatever organization it is of.
func gateOf(c *call, event string) (access.Principal, boxoffice.EventID, error) {
	org, _, found := strings.Cut(event, ":")
	number, err := strconv.ParseInt(org, 10, 64)
	if !found || err != nil || number < 1 || len(event) > 128 {
		return c.who, "", fault.FieldInvalid.Saying("an event is named by its accessId, such as 999:F26:F01")
	}
	who := c.who
	if c.keeper == nil {
		who.Organizations = []access.OrganizationID{access.OrganizationID(number)}
	} else if !c.keeper.Sees(event) {
		return who, "", fault.EventUnknown
	}
	return who, boxoffice.EventID(event), nil
}

func (a *api) gateSnapshot(ctx context.Context, c *call) (any, error) {
	who, event, err := gateOf(c, c.FormValue("event"))
	if err != nil {
		return nil, err
	}
	roll, err := a.work.Gates.Snapshot(ctx, who, event)
	if err != nil {
		return nil, err
	}
	if roll.Event.Cancelled {
		roll.Passes = nil
	}
	return Snapshot{headOf(roll), gateTickets(roll)}, nil
}

func (a *api) gateChanges(ctx context.Context, c *call) (any, error) {
	who, event, err := gateOf(c, c.FormValue("event"))
	if err != nil {
		return nil, err
	}
	epoch, err := strconv.ParseInt(c.FormValue("epoch"), 10, 64)
	if err != nil {
		return nil, fault.FieldInvalid.Saying("epoch is the number that the snapshot has")
	}
	after, err := strconv.ParseInt(c.FormValue("after"), 10, 64)
	if err != nil {
		return nil, fault.FieldInvalid.Saying("after is the position of the snapshot, or of the last answer")
	}
	turn, err := a.work.Gates.Changes(ctx, who, event, epoch, after)
	if err != nil {
		return nil, err
	}
	return Feed{headOf(turn.Roll), turn.More, gateTickets(turn.Roll)}, nil
}

type verifyRequest struct {
	Event string `json:"event"`
	GateScan
}

func (a *api) gateVerify(ctx context.Context, c *call) (any, error) {
	var wire verifyRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	who, event, err := gateOf(c, wire.Event)
	if err != nil {
		return nil, err
	}
	if wire.At != "" {
		return nil, fault.FieldInvalid.Saying("a scan is verified as of now: one that was made at another time is merged")
	}
	scan, err := wire.trade()
	if err != nil {
		return nil, err
	}
	got, err := a.work.Gates.Verify(ctx, who, event, scan)
	if err != nil {
		return nil, err
	}
	return verdictOf(got), nil
}

type undoRequest struct {
	Event string `json:"event"`
	ID    string `json:"scanId"`
}

func (a *api) gateUndo(ctx context.Context, c *call) (any, error) {
	var wire undoRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	who, event, err := gateOf(c, wire.Event)
	if err != nil {
		return nil, err
	}
	got, err := a.work.Gates.Undo(ctx, who, event, wire.ID)
	if err != nil {
		return nil, err
	}
	return verdictOf(got), nil
}

type mergeRequest struct {
	Event string     `json:"event"`
	Scans []GateScan `json:"scans"`
}

func (a *api) gateMerge(ctx context.Context, c *call) (any, error) {
	var wire mergeRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	who, event, err := gateOf(c, wire.Event)
	if err != nil {
		return nil, err
	}
	scans := make([]boxoffice.ScanRequest, len(wire.Scans))
	for i, s := range wire.Scans {
		if scans[i], err = s.trade(); err != nil {
			return nil, err
		}
	}
	got, err := a.work.Gates.Merge(ctx, who, event, scans)
	if err != nil {
		return nil, err
	}
	merged := Merged{Scans: make([]GateVerdict, len(got))}
	for i, s := range got {
		v := verdictOf(s)
		if merged.Scans[i] = v; v.Admitted {
			merged.Admitted++
		}
		if !v.Admitted || v.Outdid != nil {
			merged.Conflicts++
		}
	}
	return merged, nil
}

func (a *api) gateStatus(ctx context.Context, c *call) (any, error) {
	who, event, err := gateOf(c, c.FormValue("event"))
	if err != nil {
		return nil, err
	}
	got, err := a.work.Gates.Status(ctx, who, event)
	if err != nil {
		return nil, err
	}
	s := GateStatus{
		GateHead: headOf(boxoffice.Roll{Event: got.Event, Epoch: got.Epoch, Position: got.Position, Now: got.Now}),
		Live:     got.Live, Inside: got.Inside, Later: got.Later, Refused: got.Refused, Undone: got.Undone, Conflicts: []GateConflict{},
	}
	for _, scan := range got.Conflicts {
		conflict := GateConflict{scanOf(scan), string(scan.Token), scan.Reason}
		if scan.State == boxoffice.ScanLater {
			conflict.Code = fault.Of(boxoffice.ErrAdmitted).Code
		}
		s.Conflicts = append(s.Conflicts, conflict)
	}
	return s, nil
}

func gateKeyOf(k access.GateKey, secret string) GateKey {
	shown := GateKey{
		ID: string(k.ID), Organization: int64(k.Organization), Name: k.Name, Events: append([]string{}, k.Events...),
		Created: instant(k.Created), Secret: secret,
	}
	if !k.Ended.IsZero() {
		shown.Ended = instant(k.Ended)
	}
	return shown
}

type gateKeyRequest struct {
	Organization int64    `json:"organizationId"`
	Name         string   `json:"name"`
	Events       []string `json:"events"`
}

func (a *api) newGateKey(ctx context.Context, c *call) (any, error) {
	var wire gateKeyRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	if wire.Organization < 1 {
		return nil, errOrganization
	}
	key, secret, err := a.work.Porters.NewGateKey(ctx, access.OrganizationID(wire.Organization), wire.Name, wire.Events)
	if err != nil {
		return nil, err
	}
	return gateKeyOf(key, secret), nil
}

func (a *api) gateKeys(ctx context.Context, _ *call) (any, error) {
	all, err := a.work.Porters.GateKeys(ctx)
	if err != nil {
		return nil, err
	}
	list := GateKeyList{Keys: []GateKey{}}
	for _, k := range all {
		list.Keys = append(list.Keys, gateKeyOf(k, ""))
	}
	return list, nil
}

type gateKeyName struct {
	ID string `json:"id"`
}

func (a *api) revokeGateKey(ctx context.Context, c *call) (any, error) {
	var wire gateKeyName
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	if err := a.work.Porters.RevokeGateKey(ctx, access.KeyID(wire.ID)); err != nil {
		return nil, err
	}
	return a.gateKeys(ctx, c)
}

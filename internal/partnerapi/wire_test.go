package partnerapi

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/api/apitest"
)

// wires are the types of the wire, with their schemas in the document.
var wires = map[string]any{
	"AuthTokenRequest": authTokenRequest{}, "AuthTokenAnswer": authTokenResponse{}, "AuthError": authErrorResponse{},
	"CatalogAnswer":      []catalogEvent{},
	"ListingAnswer":      []listingResponse{},
	"LockTicketsRequest": lockTicketsRequest{}, "LockTicketsAnswer": lockTicketsResponse{}, "TicketsRefusedAnswer": refusedResponse{},
	"UnlockTicketsRequest": unlockTicketsRequest{}, "UnlockTicketsAnswer": unlockTicketsResponse{},
	"CompleteOrderRequest": completeOrderRequest{}, "CompleteOrderAnswer": completeOrderResponse{},
	"PendingOrderAnswer": pendingOrderResponse{}, "FailedOrderAnswer": failedOrderResponse{}, "OrdersRefusedAnswer": refusedResponse{},
	"VerifyTicketsRequest": verifyTicketsRequest{}, "VerifyTicketsAnswer": verifyTicketsResponse{}, "VerifyRefusedAnswer": refusedResponse{},
	"PrintTicketsRequest": printTicketsRequest{}, "PrintTicketsAnswer": printTicketsResponse{},
	"TransferRequest": transferRequest{}, "TransferAnswer": transferResponse{}, "TransferRefusedAnswer": refusedResponse{},
	"CancelTransferAnswer": cancelTransferResponse{}, "TransferHistoryAnswer": transferHistoryResponse{},
	"AcceptTransferRequest": acceptTransferRequest{}, "AcceptTransferAnswer": acceptTransferResponse{},
	"HandOverRequest": handOverRequest{}, "HandOverAnswer": handOverResponse{},
	"TransferV2Request": transferV2Request{}, "TransferStatusAnswer": transferStatusResponse{},
	"PendingTransferAnswer": pendingTransferResponse{}, "FailedTransferAnswer": failedTransferResponse{},
	"SeatsFeedAnswer": feedSeatsResponse{}, "EventsFeedAnswer": feedEventsResponse{},
	"ErrorAnswer": errorResponse{},
}

// otherwise are fields of a type that serves more than one schema.
var otherwise = map[string][]string{
	"Seller":        {"middleInitial"}, // a buyer's
	"Buyer":         {"middleName"},    // a seller's
	"TicketFailure": {"externalOrderId", "barcode"},
	"VerifyFailure": {"externalOrderId"},
	"OrderFailure":  {"barcode"},

	"TransferFailure": {"externalOrderId", "barcode"},
	// Without errors these are ErrorAnswers: a request refused as a whole.
	"TicketsRefusedAnswer.errors": nil, "VerifyRefusedAnswer.errors": nil, "OrdersRefusedAnswer.errors": nil,
	"TransferRefusedAnswer.errors": nil,
	// A failure has what its schema requires, in one of the three forms.
	"TicketFailure.token": nil, "OrderFailure.externalOrderId": nil,
}

// pushed are the schemas of messages and of their elements, which package push
// writes without a type of the wire; those of the feed are held to them below.
var pushed = []string{"EventMessage", "EventData", "EventMetadata", "PushedEvent", "SeatMessage", "SeatData", "SeatMetadata", "PushedSeat"}

// A comparison holds types against schemas, both ways.
type comparison struct {
	document *apitest.Document
	built    []string // the schemas of built calls
	without  string   // a field that the types are to lack: type.tag
	seen     map[string]reflect.Type
	wrong    []string
}

func (c *comparison) complain(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

// run compares all wires, and finds schemas of built calls that none of them has.
func (c *comparison) run() []string {
	c.seen = map[string]reflect.Type{}
	for _, name := range slices.Sorted(maps.Keys(wires)) {
		c.compare(c.document.Component(name), reflect.TypeOf(wires[name]))
	}
	for _, name := range c.built {
		if c.seen[name] == nil && !slices.Contains(pushed, name) {
			c.complain("no type of the wire has the schema %s", name)
		}
	}
	return c.wrong
}

// leaf are types that are written as one value.
var leaf = []reflect.Type{reflect.TypeFor[amount](), reflect.TypeFor[jsontext.Value]()}

func (c *comparison) compare(schema apitest.Schema, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if before := c.seen[schema.Name]; schema.Name != "" && before != nil {
		if before != t {
			c.complain("%s is both %v and %v", schema.Name, before, t)
		}
		return
	}
	if schema.Name != "" {
		c.seen[schema.Name] = t
	}
	switch {
	case slices.Contains(leaf, t):
	case t.Kind() == reflect.Slice:
		items, ok := schema.Items()
		if !ok {
			c.complain("%s is no array, and %v is a list", schema, t)
			return
		}
		c.compare(items, t.Elem())
	case t.Kind() == reflect.Struct:
		c.fields(schema, t)
	}
}

func (c *comparison) fields(schema apitest.Schema, t reflect.Type) {
	described := schema.Properties()
	for field := range t.Fields() {
		tag, option, _ := strings.Cut(field.Tag.Get("json"), ",")
		if c.without == t.Name()+"."+tag {
			continue
		}
		name, ok := "", false
		for one := range described {
			if one == tag || schema.OfRequest() && strings.EqualFold(one, tag) {
				name, ok = one, true
			}
		}
		if !ok {
			if !slices.ContainsFunc(otherwise[schema.Name], func(one string) bool { return strings.EqualFold(one, tag) }) {
				c.complain("%s lacks %s, which %v has", schema, tag, t)
			}
			continue
		}
		property := described[name]
		delete(described, name)
		_, excused := otherwise[schema.Name+"."+name]
		if always := option != "omitempty"; !schema.OfRequest() && always != schema.Requires(name) && !excused {
			c.complain("%s: %v always has %s: %v; the document says %v", schema, t, name, always, schema.Requires(name))
		}
		c.compare(property, field.Type)
	}
	for name := range described {
		c.complain("%s has %s, which %v lacks", schema, name, t)
	}
}

func document(tb testing.TB) *apitest.Document {
	tb.Helper()
	d, err := apitest.Load()
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func TestTheWireHasTheFieldsOfTheDocument(t *testing.T) {
	for _, wrong := range (&comparison{document: document(t), built: document(t).SchemasOfBuiltCalls()}).run() {
		t.Error(wrong)
	}
}

// Ensure that the comparison can fail: without any one field of either side it does.
func TestOneFieldLessOnEitherSideIsFound(t *testing.T) {
	d := document(t)
	built := d.SchemasOfBuiltCalls()
	c := &comparison{document: d, built: built}
	c.run()
	schemas, fields := 0, 0
	for name, wire := range c.seen {
		for property := range d.Component(name).Properties() {
			schemas++
			if less := (&comparison{document: d.Without(name, property), built: built}).run(); len(less) == 0 {
				t.Errorf("the document without %s of %s is not found", property, name)
			}
		}
		for wire.Kind() == reflect.Slice {
			wire = wire.Elem()
		}
		if wire.Kind() != reflect.Struct || slices.Contains(leaf, wire) {
			continue
		}
		for field := range wire.Fields() {
			fields++
			tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if less := (&comparison{document: d, built: built, without: wire.Name() + "." + tag}).run(); len(less) == 0 {
				t.Errorf("%v without %s is not found", wire, tag)
			}
		}
	}
	if schemas < 100 || fields < 100 {
		t.Errorf("took away %d properties and %d fields only", schemas, fields)
	}
	t.Logf("each of %d properties and %d fields is missed", schemas, fields)
}

package partnerapi

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/fault"
)

// decode reads a body into a wire type whose tags are in lower case. Keys match
// in any letter case, two that differ only in case are duplicates, known or not,
// and duplicates are refused, as are trailing data, NUL and invalid UTF-8;
// unknown fields are ignored and null counts as absent (contract.md §1,
// Strictness). It changes body. Errors are of kind BadRequest and name the field.
func decode(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return fault.Malformed.Saying("the body is empty")
	}
	if err := lowerKeys(body); err != nil {
		return err
	}
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	if f := fault.Of(err); f != nil {
		return f // one of the lenient types named the field already
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		if semantic.JSONPointer == "" {
			return fault.Malformed.Saying("the body must be a JSON object")
		}
		return about(fault.FieldInvalid, fieldPath(semantic.JSONPointer), "there stands "+kindOf(semantic.JSONKind)+", where "+wanted(semantic.GoType)+" belongs")
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return fault.Malformed.Saying(fieldPath(syntactic.JSONPointer) + " stands twice in its object")
		}
		return fault.Malformed.Saying(fmt.Sprintf("the body is not JSON from byte %d on", syntactic.ByteOffset))
	}
	return fault.Malformed
}

// published are the field names that are not all in lower case, to name fields
// in errors as the publication writes them.
var published = func() map[string]string {
	names := map[string]string{}
	for name := range strings.FieldsSeq(`grantType refreshToken externalListingId totalPrice individualPrice lastName
		firstName middleName middleInitial postalCode countryCode phoneNumber formattedNumber emailAddress optIn
		externalOrderId totalFees individualFees totalAmountPaid amountToSeller asyncCallbackUrl accessId
		transferRequests externalTransferId linkId siteId baseUrl recipientFirstName recipientLastName seatInfo soldFor
		priceLevel priceType patronId transferId`) {
		names[strings.ToLower(name)] = name
	}
	return names
}()

// maxPath is where the path of a field is cut in an error.
const maxPath = 120

// fieldPath writes a JSON pointer as listing.tokens[3].individualPrice.
func fieldPath(pointer jsontext.Pointer) string {
	var path strings.Builder
	for name := range pointer.Tokens() {
		switch {
		case strings.Trim(name, "0123456789") == "" && path.Len() > 0:
			path.WriteString("[" + name + "]")
			continue
		case path.Len() > 0:
			path.WriteByte('.')
		}
		if spelled, ok := published[name]; ok {
			name = spelled
		}
		path.WriteString(name)
		if path.Len() > maxPath {
			return strings.ToValidUTF8(path.String()[:maxPath], "") + "…"
		}
	}
	return path.String()
}

// kindOf says what a JSON value is.
func kindOf(k jsontext.Kind) string {
	switch k {
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "true or false"
	case '{':
		return "an object"
	case '[':
		return "an array"
	}
	return "something else"
}

// wanted says what JSON a Go type is read from.
func wanted(t reflect.Type) string {
	if t == nil {
		return "something else"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Struct:
		return "an object"
	case reflect.Slice:
		return "an array"
	case reflect.Pointer:
		return wanted(t.Elem())
	}
	return "something else"
}

// about is a reason that says which field it is about, and what is wrong there.
func about(reason *fault.Error, path, says string) error { return reason.Saying(path + ": " + says) }

// named is a reason that says which field it is about.
func named(reason error, path string) error {
	f := fault.Of(reason)
	return f.Saying(path + ": " + f.Message)
}

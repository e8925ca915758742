package marketplace

import (
	"errors"

	"github.com/seatlink/seatlink/link"
)

// A trouble is why something did not happen, for people. The Request-ID leads the
// venue's support to the very request; the code is for whoever programs.
type trouble struct {
	Words     string    `json:"words"`
	Code      link.Code `json:"code,omitzero"`
	RequestID string    `json:"requestId,omitzero"`
}

// plainly says what a code of the Link API means for a seat. What is not here is
// our own mistake, or the venue's: visitors can do nothing about it.
var plainly = map[link.Code]string{
	link.CodeTokenNotFound:        "The venue does not know this ticket, or it is not for sale here.",
	link.CodeTokenLocked:          "It is already on sale somewhere else.",
	link.CodeTokenNotLocked:       "It is no longer reserved for this marketplace.",
	link.CodeTokenNotAvailable:    "The venue holds it: it is being bought or given away, was used, or was taken back.",
	link.CodeEventClosed:          "The event is over, was cancelled, or is closed for resale.",
	link.CodeBarcodeInvalid:       "This is not a current barcode of that event. After a sale or a transfer the old one is dead.",
	link.CodeListingNotFound:      "There is no such list of seats, or its 30 days are over. Choose your seats at the venue again.",
	link.CodeOrderRejected:        "The venue looked at the order and said no.",
	link.CodeSandboxRefused:       "The venue refused the order, as it was asked to in this test.",
	link.CodeOrderMismatch:        "This order was sent before with other seats or another buyer.",
	link.CodeSumsDiffer:           "The venue finds that the sums of the order do not add up.",
	link.CodeAmountInvalid:        "The venue does not take this amount.",
	link.CodeAmountRange:          "The venue does not take an amount that large.",
	link.CodeOrderNotComplete:     "The ticket belongs to somebody else by now.",
	link.CodeRateLimited:          "The venue is asked for too much just now. Try again in a minute.",
	link.CodeUnavailable:          "The venue is too busy just now. Try again in a minute.",
	link.CodeStopping:             "The venue's system is being restarted. Try again in a minute.",
	link.CodeRetrySameRequest:     "The venue does not know yet what became of it. It is being asked again.",
	link.CodeNothingDone:          "The venue did none of it.",
	link.CodeAllInConflict:        "The tickets are on sale somewhere else, or being bought.",
	link.CodeCallbackNotAllowed:   "The venue does not send messages to this marketplace's address.",
	link.CodeOrganizationsMixed:   "The seats are of different venues.",
	link.CodeCartMixed:            "The seats are of different venues.",
	link.CodeFieldTooLong:         "Something that was typed is too long for the venue.",
	link.CodeFieldInvalid:         "The venue cannot read something that was typed.",
	link.CodeSellerRequired:       "The venue wants to know who is selling.",
	link.CodeInternal:             "The venue's system failed.",
	link.CodeTokenExpired:         accessWords,
	link.CodeTokenRevoked:         accessWords,
	link.CodeKeyInvalid:           accessWords,
	link.CodeNotPermitted:         accessWords,
	link.CodeInvalidGrant:         accessWords,
	link.CodeProcessNotFound:      "The venue does not know the order.",
	link.CodeResyncRequired:       "The venue keeps no changes that old.",
	link.CodeEventNotFound:        "The venue does not know that event.",
	link.CodeOrganizationNotFound: "The venue is not known.",
}

const (
	accessWords = "The venue does not let this marketplace in. Its operator has to be asked."
	silentWords = "The venue does not answer."
	oddWords    = "The venue answered in a way that this marketplace does not understand."
)

// explain turns an error of package link into words.
func explain(err error) trouble {
	if said, ok := errors.AsType[*link.Error](err); ok {
		t := trouble{Words: plainly[said.Code], Code: said.Code, RequestID: said.RequestID}
		if t.Words == "" {
			t.Words = oddWords
		}
		if len(said.Failures) > 0 && said.Code == link.CodeNothingDone {
			t.Words = wordsOf(said.Failures[0])
			t.Code = said.Failures[0].Code
		}
		return t
	}
	if none, ok := errors.AsType[*link.NoAnswerError](err); ok {
		return trouble{Words: silentWords, RequestID: none.RequestID}
	}
	if _, ok := errors.AsType[*link.EntryError](err); ok {
		return trouble{Words: silentWords}
	}
	return trouble{Words: oddWords}
}

func wordsOf(f link.Failure) string {
	if words := plainly[f.Code]; words != "" {
		return words
	}
	return oddWords
}

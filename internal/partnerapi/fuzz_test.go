package partnerapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// fuzz feeds a body decoder. Whatever it is given it returns a request or a
// reason, and what comes out keeps the limits that check knows.
func fuzz[Wire, Request any](f *testing.F, read func(Wire) (Request, error), check func(*testing.T, Request), seeds ...string) {
	f.Helper()
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		sent := bytes.Clone(body)
		var wire Wire
		err := decode(body, &wire)
		if err == nil {
			if !json.Valid(sent) {
				t.Errorf("decoded what is not JSON: %q", sent)
			}
			var request Request
			if request, err = read(wire); err == nil {
				check(t, request)
			}
		}
		if err != nil && fault.Of(err) == nil {
			t.Errorf("an error without a reason: %v", err)
		}
	})
}

func once(t *testing.T, tokens []boxoffice.Token, limit int) {
	t.Helper()
	seen := map[boxoffice.Token]bool{}
	for _, token := range tokens {
		if token == "" || len(token) > maxString || seen[token] || strings.ContainsRune(string(token), 0) {
			t.Errorf("token %q got through", token)
		}
		seen[token] = true
	}
	if len(tokens) == 0 || len(tokens) > limit {
		t.Errorf("%d tokens got through", len(tokens))
	}
}

func FuzzLock(f *testing.F) {
	fuzz(f, lockRequest, func(t *testing.T, req boxoffice.LockRequest) {
		t.Helper()
		var tokens []boxoffice.Token
		for _, line := range req.Lines {
			tokens = append(tokens, line.Token)
		}
		once(t, tokens, maxTokens)
		if (req.Seller == nil) != (req.Source == boxoffice.MyAccount) || len(req.ExternalListingID) > maxID {
			t.Errorf("got through: %+v", req)
		}
	}, lockBody, sample(f, "tickets-lock.my-account.request"), sample(f, "tickets-lock.broker.request"),
		sample(f, "tickets-lock.address-object.request"))
}

func FuzzUnlock(f *testing.F) {
	fuzz(f, unlockTokens, func(t *testing.T, tokens []boxoffice.Token) {
		t.Helper()
		once(t, tokens, maxTokens)
	},
		unlockBody, sample(f, "tickets-unlock.request"))
}

func FuzzComplete(f *testing.F) {
	read := func(wire completeOrderRequest) (boxoffice.Cart, error) {
		return cartOf(wire, access.Principal{Sandbox: true})
	}
	fuzz(f, read, func(t *testing.T, cart boxoffice.Cart) {
		t.Helper()
		var tokens []boxoffice.Token
		for _, e := range cart.Elements {
			if e.ExternalOrderID == "" || len(e.ExternalOrderID) > maxID || len(e.Lines) == 0 {
				t.Errorf("got through: %+v", e)
			}
			for _, line := range e.Lines {
				tokens = append(tokens, line.Token)
			}
		}
		once(t, tokens, maxTokens)
	}, completeBody, sample(f, "cart-complete-order.request"))
}

func FuzzVerify(f *testing.F) {
	fuzz(f, verifyGroups, func(t *testing.T, groups []boxoffice.VerifyGroup) {
		t.Helper()
		tokens, barcodes := 0, 0
		for _, g := range groups {
			tokens += len(g.Tokens)
			barcodes += len(g.Barcodes)
			if len(g.Barcodes) > 0 && (g.Event == "" || len(g.Tokens) > 0) {
				t.Errorf("got through: %+v", g)
			}
		}
		if tokens > maxTokens || barcodes > maxBarcodes || tokens+barcodes == 0 {
			t.Errorf("%d tokens and %d barcodes got through", tokens, barcodes)
		}
	}, verifyBody, barcodeBody, sample(f, "tickets-verify.tokens.request"), sample(f, "tickets-verify.barcodes.request"))
}

func FuzzPrint(f *testing.F) {
	fuzz(f, printRequest, func(t *testing.T, req boxoffice.PrintRequest) {
		t.Helper()
		once(t, req.Tokens, maxPrinted)
	},
		printBody, sample(f, "tickets-print.request"))
}

func FuzzAuth(f *testing.F) {
	read := func(wire authTokenRequest) (authTokenRequest, error) { return wire, nil }
	fuzz(f, read, func(*testing.T, authTokenRequest) {},
		sample(f, "auth-token.code.request"), sample(f, "auth-token.refresh.request"))
}

// Ensure lowering keys touches keys and nothing else: JSON stays JSON, its other
// tokens stay as they were, and text that is not JSON does not become it.
func FuzzLowerKeys(f *testing.F) {
	for _, seed := range []string{lockBody, `{"A":{"\u0041\n":["B",{"C":"\"D"}]}}`, `["A",{"\N":1}]`, `{"A`, `}{"A":`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before, errBefore := tokensOf(text)
		lowered := bytes.Clone(text)
		if lowerKeys(lowered) != nil {
			return
		}
		after, errAfter := tokensOf(lowered)
		if errBefore != nil {
			if errAfter == nil {
				t.Errorf("%q was not JSON, and became %q", text, lowered)
			}
			return
		}
		if errAfter != nil {
			// Only keys that became duplicates may be an error now.
			if !errors.Is(errAfter, jsontext.ErrDuplicateName) {
				t.Errorf("%q became %q: %v", text, lowered, errAfter)
			}
			return
		}
		for i := range before {
			if after[i] != before[i] {
				t.Errorf("%q became %q: token %d was %q, is %q", text, lowered, i, before[i], after[i])
			}
		}
	})
}

// tokensOf lists the tokens of a JSON text, keys with their ASCII letters lowered.
func tokensOf(text []byte) ([]string, error) {
	var tokens []string
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		token, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return tokens, nil
		}
		if err != nil {
			return nil, err
		}
		s := token.Kind().String() + token.String()
		if kind, n := dec.StackIndex(dec.StackDepth()); kind == '{' && n%2 == 1 {
			key := []byte(s)
			lowerASCII(key)
			s = string(key)
		}
		tokens = append(tokens, s)
	}
}

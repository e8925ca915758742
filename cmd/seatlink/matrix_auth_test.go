package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

const authPath = "/v1/auth/token"

// A family is a code and what came of it, over HTTP.
type family struct {
	stage *stage
	code  string
	pairs []tokens // as they were answered, the oldest first
}

type tokens struct{ AccessToken, RefreshToken, TokenType, Expiration string }

func codeGrant(code string) object {
	return object{"grantType": "authorization_code", "code": code}
}

func refreshGrant(token string) object {
	return object{"grantType": "refresh_token", "refreshToken": token}
}

// exchange trades a grant for a pair.
func (s *stage) exchange(tb testing.TB, grant object) (got tokens) {
	tb.Helper()
	answer, body := s.send(tb, row{method: "POST", path: authPath, body: grant}, requestID())
	if err := json.Unmarshal(body, &got); answer.status != 200 || err != nil {
		tb.Fatalf("auth/token = %d %s, %v; want a pair", answer.status, body, err)
	}
	return got
}

func (s *stage) family(tb testing.TB) *family {
	tb.Helper()
	f := &family{stage: s, code: s.code(tb)}
	f.pairs = append(f.pairs, s.exchange(tb, codeGrant(f.code)))
	return f
}

func (f *family) last() tokens { return f.pairs[len(f.pairs)-1] }

// refresh trades the newest refresh token.
func (f *family) refresh(tb testing.TB) *family {
	tb.Helper()
	f.pairs = append(f.pairs, f.stage.exchange(tb, refreshGrant(f.last().RefreshToken)))
	return f
}

// use uses the newest access token.
func (f *family) use(tb testing.TB) *family {
	tb.Helper()
	if status := f.stage.shows(tb, f.last().AccessToken); status != 200 {
		tb.Fatalf("the newest access token is answered %d", status)
	}
	return f
}

// shows is how a request with this access token is answered.
func (s *stage) shows(tb testing.TB, token string) int {
	tb.Helper()
	answer, _ := s.send(tb, row{method: "GET", path: "/v1/listings/Lmine", with: map[string][]string{"Authorization": {"Bearer " + token}}}, requestID())
	return answer.status
}

// lose trades a code or refresh token eleven seconds ago, and the answer never
// came: a repeat gets the same pair for ten.
func (f *family) lose(tb testing.TB, grant access.Grant) *family {
	tb.Helper()
	const ago = 11 * time.Second
	pair, err := f.stage.earlier(ago).Exchange(tb.Context(), grant)
	if err != nil {
		tb.Fatal(err)
	}
	f.pairs = append(f.pairs, tokens{AccessToken: pair.AccessToken, RefreshToken: pair.RefreshToken})
	return f
}

func authRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	const (
		request = "invalid_request"
		grant   = "invalid_grant"
	)
	long := strings.Repeat("x", 1025)
	expired, err := s.earlier(8*24*time.Hour).NewCode(tb.Context(), s.first.partner.Application)
	if err != nil {
		tb.Fatal(err)
	}
	old, err := s.earlier(31*24*time.Hour).Exchange(tb.Context(), access.Grant{Type: "authorization_code", Code: s.code(tb)})
	if err != nil {
		tb.Fatal(err)
	}
	open := s.family(tb).use(tb)
	var rows []row
	add := func(r row) {
		r.method, r.path = "POST", authPath
		rows = append(rows, r)
	}
	for _, tt := range []struct {
		name string
		body any
		err  string
	}{
		{"no body", nil, request},
		{"an empty body", "", request},
		{"an empty object", "{}", request},
		{"no JSON", "grantType=authorization_code", request},
		{"a list", "[{}]", request},
		{"no grantType", object{"code": s.code(tb)}, request},
		{"a grantType of null", `{"grantType":null,"code":"x"}`, request},
		{"a grantType that is a number", `{"grantType":1}`, request},
		{"a code that is none of the type's", refreshGrantCode(s.code(tb)), request},
		{"a refresh token that is none of the type's", object{"grantType": "authorization_code", "refreshToken": open.last().RefreshToken}, request},
		{"a code of too many letters", codeGrant(long), request},
		{"the grantType twice", `{"grantType":"authorization_code","GRANTTYPE":"authorization_code","code":"x"}`, request},
		{"an unknown grantType", object{"grantType": "password", "code": "x"}, "unsupported_grant_type"},
		{"a grantType in other letters", object{"grantType": "Authorization_Code", "code": "x"}, "unsupported_grant_type"},
		{"a wrong code", codeGrant("lkc_" + strings.Repeat("A", 43)), grant},
		{"a malformed code", codeGrant("string"), grant},
		{"an expired code", codeGrant(expired), grant},
		{"a wrong refresh token", refreshGrant("lkr_" + strings.Repeat("A", 43)), grant},
		{"an expired refresh token", refreshGrant(old.RefreshToken), grant},
		{"an access token to refresh", refreshGrant(open.last().AccessToken), grant},
		{"a refresh token as code", codeGrant(open.last().RefreshToken), grant},
	} {
		add(row{name: tt.name, body: tt.body, status: 400, err: tt.err, check: sameText(tt.err)})
	}
	add(row{
		name: "a code of another application", body: codeGrant(s.code(tb)), status: 400, err: grant,
		with: map[string][]string{"PAC-Application-ID": {string(s.second.partner.Application)}}, check: sameText(grant),
	})
	add(row{name: "a body of 4 KiB and more", body: "{" + strings.Repeat(" ", 4<<10) + "}", status: 413, err: "too_large"})
	add(row{name: "a Content-Type of a form", body: codeGrant(s.code(tb)), status: 415, err: "media_type_unsupported", with: map[string][]string{"Content-Type": {"text/plain"}}})
	add(row{name: "a Content-Encoding", body: codeGrant(s.code(tb)), status: 415, err: "encoding_unsupported", with: map[string][]string{"Content-Encoding": {"gzip"}}})
	add(row{name: "an Accept without JSON", body: codeGrant(s.code(tb)), status: 406, err: "not_acceptable", with: map[string][]string{"Accept": {"text/html"}}})
	add(row{name: "the application id twice", body: codeGrant(s.code(tb)), status: 400, err: request, with: map[string][]string{"PAC-Application-ID": {"a", "a"}}})
	rows = append(rows, row{name: "another method", method: "GET", path: authPath, status: 405, err: "method_not_allowed"})
	return append(rows, familyRows(tb, s)...)
}

func refreshGrantCode(code string) object {
	return object{"grantType": "refresh_token", "code": code}
}

// sameText wants one text for one error, whatever its cause.
func sameText(word string) func(*testing.T, []byte) {
	return func(t *testing.T, body []byte) {
		t.Helper()
		if want := `{"error":"` + word + `"}`; string(body) != want {
			t.Errorf("auth/token says %s; want %s", body, want)
		}
	}
}

// familyRows are the rule of the successor: what a code or a refresh token gave
// is used before it is spent.
func familyRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	post := func(name string, status int, grant object, changes bool) row {
		r := row{name: name, method: "POST", path: authPath, body: grant, status: status, changes: changes}
		if status == 400 {
			r.err, r.check = "invalid_grant", sameText("invalid_grant")
		}
		return r
	}
	dead := func(name string, f *family) row { // and with it everything that came of the code
		return row{
			name: name, method: "GET", path: "/v1/listings/Lmine", status: 401, err: "UNAUTHORIZED TOKEN_REVOKED",
			with: map[string][]string{"Authorization": {"Bearer " + f.last().AccessToken}},
		}
	}
	unused := s.family(tb)
	replaced := &family{stage: s, code: s.code(tb)}
	replaced.lose(tb, access.Grant{Type: "authorization_code", Code: replaced.code})
	spent := s.family(tb).use(tb)
	successor := s.family(tb).use(tb).refresh(tb)
	lost := s.family(tb).use(tb)
	lost.lose(tb, access.Grant{Type: "refresh_token", RefreshToken: lost.last().RefreshToken})
	reused := s.family(tb).use(tb).refresh(tb).use(tb)
	grandparent := s.family(tb).use(tb).refresh(tb).use(tb).refresh(tb)
	same := func(of tokens) func(*testing.T, []byte) {
		return func(t *testing.T, body []byte) {
			t.Helper()
			var got tokens
			if err := json.Unmarshal(body, &got); err != nil || got != of {
				t.Errorf("the repeat got %+v, %v; want the same pair", got, err)
			}
		}
	}
	differs := func(of tokens) func(*testing.T, []byte) {
		return func(t *testing.T, body []byte) {
			t.Helper()
			var got tokens
			if err := json.Unmarshal(body, &got); err != nil || got.AccessToken == of.AccessToken || got.RefreshToken == of.RefreshToken {
				t.Errorf("the repeat got %+v, %v; want another pair", got, err)
			}
		}
	}
	repeat := post("a code repeated within 10 s gets the same pair", 200, codeGrant(unused.code), false)
	repeat.check = same(unused.last())
	replace := post("a code repeated later gets another pair", 200, codeGrant(replaced.code), true)
	replace.check = differs(replaced.last())
	again := post("a refresh repeated within 10 s gets the same pair", 200, refreshGrant(successor.pairs[0].RefreshToken), false)
	again.check = same(successor.last())
	found := post("a refresh whose answer was lost gets another pair", 200, refreshGrant(lost.pairs[0].RefreshToken), true)
	found.check = differs(lost.last())
	unknown := dead("the pair that was replaced is dead", replaced)
	unknown.err = "UNAUTHORIZED AUTH_REQUIRED"
	return []row{
		post("a new code", 200, codeGrant(s.code(tb)), true),
		repeat, replace, unknown,
		post("the unused pair's refresh token is dead once it was replaced", 400, refreshGrant(replaced.last().RefreshToken), false),
		again, found,
		post("a refresh of a used pair", 200, refreshGrant(s.family(tb).use(tb).last().RefreshToken), true),
		post("a refresh of a pair that was not used", 200, refreshGrant(s.family(tb).last().RefreshToken), true),
		post("a code spent", 400, codeGrant(spent.code), true),
		dead("the family of a spent code is revoked", spent),
		post("a code spent, shown again", 400, codeGrant(spent.code), false),
		post("the refresh token of a revoked family", 400, refreshGrant(spent.last().RefreshToken), false),
		post("a refresh token spent", 400, refreshGrant(reused.pairs[0].RefreshToken), true),
		dead("the family of a spent refresh token is revoked", reused),
		post("the newest refresh token of a revoked family", 400, refreshGrant(reused.last().RefreshToken), false),
		post("a refresh token two generations old, the newest unused", 400, refreshGrant(grandparent.pairs[0].RefreshToken), true),
		dead("the family of a token two generations old is revoked", grandparent),
	}
}

package linktest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// authenticate checks a request's signature (AWS Signature Version 4). Its date
// is not judged: the clock of a test may stand elsewhere.
func (s *SNS) authenticate(r *http.Request, body []byte) error {
	forbidden := func(code, message string) error { return &refusal{http.StatusForbidden, code, message} }
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return forbidden("MissingAuthenticationToken", "the request is not signed")
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[name] = value
	}
	id, scope, _ := strings.Cut(parts["Credential"], "/")
	if id != s.options.KeyID {
		return forbidden("InvalidClientTokenId", "The security token included in the request is invalid")
	}
	day, _, _ := strings.Cut(scope, "/")
	if scope != day+"/"+s.options.Region+"/sns/aws4_request" {
		return forbidden("SignatureDoesNotMatch", "Credential should be scoped to "+s.options.Region+" and sns")
	}
	names := strings.Split(parts["SignedHeaders"], ";")
	if !slices.Contains(names, "host") || !slices.Contains(names, "x-amz-date") {
		return forbidden("SignatureDoesNotMatch", "host and x-amz-date are to be signed")
	}
	var canonical strings.Builder
	canonical.WriteString(r.Method + "\n" + r.URL.EscapedPath() + "\n" + r.URL.Query().Encode() + "\n")
	for _, name := range names {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length": // net/http takes it out of the headers
			value = r.Header.Get(name)
			if value == "" {
				value = strconv.FormatInt(r.ContentLength, 10)
			}
		}
		canonical.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	sum := sha256.Sum256(body)
	canonical.WriteString("\n" + parts["SignedHeaders"] + "\n" + hex.EncodeToString(sum[:]))
	whole := sha256.Sum256([]byte(canonical.String()))
	text := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + hex.EncodeToString(whole[:])
	key := []byte("AWS4" + s.options.SecretKey)
	for _, step := range []string{day, s.options.Region, "sns", "aws4_request"} {
		key = keyed(key, step)
	}
	if !hmac.Equal([]byte(hex.EncodeToString(keyed(key, text))), []byte(parts["Signature"])) {
		return forbidden("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided")
	}
	return nil
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

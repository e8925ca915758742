package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
)

// A script makes a page quicker to use, and nothing depends on it. Its address changes with the
// text, so that the text may be kept for good.
type script struct {
	path string
	text []byte
}

var (
	choosingScript = newScript("choosing")
	liveScript     = newScript("live")
	scripts        = []script{choosingScript, liveScript}
)

func newScript(name string) script {
	text, err := files.ReadFile("pages/" + name + ".js")
	if err != nil {
		panic(err) // it is embedded
	}
	const enough = 8 // bytes: it tells versions apart, it guards nothing
	sum := sha256.Sum256(text)
	return script{"/assets/" + name + "-" + hex.EncodeToString(sum[:enough]) + ".js", text}
}

func (s script) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(s.text) // a caller that is gone needs no answer
}

// scripting adds to a policy that a page may run the scripts of its own site, and ask that
// site.
func scripting(policy string) string {
	return policy + "; script-src 'self'; connect-src 'self'"
}

//go:build !reference

package partnerapi

// measured is a route as it is served. A program built with the tag reference can
// serve it otherwise, to be measured against (bench/compare).
func measured(rt route) route { return rt }

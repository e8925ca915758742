package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestOperatorsListenOnThisMachineUnlessSomebodyInsists(t *testing.T) {
	for _, tt := range []struct {
		addr     string
		anywhere bool
		want     string // of the refusal; "" is none
	}{
		{"127.0.0.1:0", false, ""},
		{"localhost:0", false, ""},
		{"0.0.0.0:0", true, ""},
		{"0.0.0.0:0", false, "more than this machine"},
		{":0", false, "more than this machine"},
		{"[::]:0", false, "more than this machine"},
		{"192.0.2.1:9090", false, "more than this machine"},
		{"[::ffff:192.0.2.1]:9090", false, "more than this machine"},
		{"nonsense", true, "missing port"},
		{"127.0.0.1:99999", false, "invalid port"},
	} {
		o, err := openOps(t.Context(), tt.addr, tt.anywhere, http.NotFoundHandler())
		if err == nil {
			_ = o.listener.Close()
		}
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("openOps(%q, anywhere: %v) = %v; want %q", tt.addr, tt.anywhere, err, tt.want)
		}
	}
}

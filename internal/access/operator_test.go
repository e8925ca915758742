package access

import (
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestAnOperatorIsNamedAsNoPartnerIs(t *testing.T) {
	who, err := Operator("ada.example")
	if err != nil || who.Application != "operator/ada.example" || who.Channel != "" || len(who.Organizations) != 0 || who.Sandbox {
		t.Errorf("Operator = %+v, %v", who, err)
	}
	if id, err := uuid.Parse(who.RequestID); err != nil || id.Version() != 4 {
		t.Errorf("the request id is %q; want a UUID of version 4", who.RequestID)
	}
	again, err := Operator("ada.example")
	if err != nil || again.RequestID == who.RequestID {
		t.Errorf("two requests have one id, %q (%v)", again.RequestID, err)
	}
}

func TestNamesThatNoOperatorHas(t *testing.T) {
	for _, name := range []string{"", "ada example", "ada/root", "ada\n", "ada\x00", "ädä", strings.Repeat("a", 65)} {
		if who, err := Operator(name); err == nil {
			t.Errorf("Operator(%q) = %+v; want it refused", name, who)
		}
	}
	for _, name := range []string{"a", "root", "Ada_2", "ada+box@example.com", strings.Repeat("a", 64)} {
		if _, err := Operator(name); err != nil {
			t.Errorf("Operator(%q): %v", name, err)
		}
	}
}

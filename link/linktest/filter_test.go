package linktest

import "testing"

func TestAFilterTakesWhatItsPolicySays(t *testing.T) {
	t.Parallel()
	message := map[string]Attribute{
		"entity": {"String", "seats"}, "sequence": {"Number", "41"}, "tags": {"String.Array", `["a","b"]`},
	}
	for _, tt := range []struct {
		policy string
		want   bool
	}{
		{``, true},
		{`{"entity":["seats"]}`, true},
		{`{"entity":["events","seats"]}`, true},
		{`{"entity":["events"]}`, false},
		{`{"entity":["seats"],"sequence":[41]}`, true},
		{`{"entity":["seats"],"sequence":[42]}`, false},
		{`{"sequence":["41"]}`, false},
		{`{"tags":["b"]}`, true},
		{`{"tags":["c"]}`, false},
		{`{"entity":[{"prefix":"se"}]}`, true},
		{`{"entity":[{"suffix":"se"}]}`, false},
		{`{"entity":[{"equals-ignore-case":"SEATS"}]}`, true},
		{`{"entity":[{"anything-but":"events"}]}`, true},
		{`{"entity":[{"anything-but":["events","seats"]}]}`, false},
		{`{"other":[{"anything-but":"events"}]}`, false},
		{`{"other":[{"exists":false}]}`, true},
		{`{"entity":[{"exists":false}]}`, false},
		{`{"sequence":[{"numeric":[">",40,"<=",41]}]}`, true},
		{`{"sequence":[{"numeric":[">",41]}]}`, false},
		{`{"entity":[{"numeric":[">",0]}]}`, false},
	} {
		f, err := parseFilter(tt.policy)
		if err != nil {
			t.Errorf("parseFilter(%s): %v", tt.policy, err)
		} else if got := f.takes(message); got != tt.want {
			t.Errorf("%s takes it: %v; want %v", tt.policy, got, tt.want)
		}
	}
	for _, policy := range []string{`seats`, `{"a":"b"}`, `{"a":[]}`, `{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":[{"numeric":["~",1]}]}`, `{"a":[{"numeric":[">"]}]}`, `{"a":[{}]}`} {
		if _, err := parseFilter(policy); err == nil {
			t.Errorf("parseFilter(%s): no error", policy)
		}
	}
}

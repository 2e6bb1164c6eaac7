package sip

import "testing"

func TestWithoutExpires(t *testing.T) {
	for in, want := range map[string]string{
		"sip:a@b;transport=udp;expires=300": "sip:a@b;transport=udp", "sip:a@b;Expires=0;q=1": "sip:a@b;q=1", "sip:a@b": "sip:a@b",
		"sip:a@b;expiresoon=1": "sip:a@b;expiresoon=1", "": "",
	} {
		if got := withoutExpires(in); got != want {
			t.Errorf("withoutExpires(%q) = %q, want %q", in, got, want)
		}
	}
}

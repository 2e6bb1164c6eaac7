package sip_test

import (
	"testing"

	"registrar/actors/sip"
)

func TestOutbound(t *testing.T) {
	const uuid = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
	for name, tc := range map[string]struct {
		contact  string
		instance string
		regID    uint32
	}{
		"RFC 5626 section 9.2": {
			`<sip:line1@192.0.2.2;transport=tcp>; reg-id=1; +sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"`,
			"urn:uuid:00000000-0000-1000-8000-000A95A0E128", 1,
		},
		"Linphone": {
			`<sip:100@192.0.2.7:43512;transport=tls>;expires=600;+sip.instance="<` + uuid + `>";+org.linphone.specs="groupchat/1.1,lime"`,
			uuid, 0,
		},
		"Zoiper, push parameters in the URI": {
			`"Desk; x" <sip:100@192.0.2.7:5060;rinstance=1a2b;reg-id=9;pn-prid=abc>;reg-id=2;+sip.instance="<` + uuid + `>"`, uuid, 2,
		},
		"addr-spec":             {`sip:100@192.0.2.7;reg-id=3;+sip.instance="<` + uuid + `>"`, uuid, 3},
		"angle bracket in name": {`"a\"<b" <sip:100@192.0.2.7>;+SIP.Instance="<` + uuid + `>";Reg-ID=7`, uuid, 7},
		"spaces around =":       {`<sip:100@192.0.2.7> ; reg-id = 4 ; +sip.instance = "<` + uuid + `>"`, uuid, 4},
		"reg-id alone":          {`<sip:100@192.0.2.7>;reg-id=1`, "", 0},
		"reg-id 0":              {`<sip:100@192.0.2.7>;reg-id=0;+sip.instance="<` + uuid + `>"`, uuid, 0},
		"reg-id too large":      {`<sip:100@192.0.2.7>;reg-id=2147483648;+sip.instance="<` + uuid + `>"`, uuid, 0},
		"reg-id negative":       {`<sip:100@192.0.2.7>;reg-id=-1;+sip.instance="<` + uuid + `>"`, uuid, 0},
		"instance in the URI":   {`<sip:100@192.0.2.7;+sip.instance="<x>">`, "", 0},
		"not closed":            {`<sip:100@192.0.2.7;reg-id=1;+sip.instance="<` + uuid, "", 0},
		"none":                  {`"Desk" <sip:100@127.0.0.1:5099;transport=udp>;expires=300`, "", 0},
		"empty":                 {"", "", 0},
	} {
		instance, regID := sip.Outbound(tc.contact)
		if instance != tc.instance || regID != tc.regID {
			t.Errorf("%s: got %q and %d, want %q and %d", name, instance, regID, tc.instance, tc.regID)
		}
	}
}

// A stored document has the cleaned contact only; a migration and an import derive from it.
func TestOutboundOfCleanedContact(t *testing.T) {
	for _, contact := range []string{
		`<sip:line1@192.0.2.2;transport=tcp>; reg-id=1; +sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"`,
		`"Desk; x" <sip:100@192.0.2.7:5060;rinstance=1a2b>;reg-id=2;+sip.instance="<urn:x>"`,
		`sip:100@192.0.2.7;reg-id=3;+sip.instance="<urn:x>"`,
	} {
		instance, regID := sip.Outbound(contact)
		cleanInstance, cleanRegID := sip.Outbound(sip.CleanContact(contact))
		if instance != cleanInstance || regID != cleanRegID || regID == 0 {
			t.Errorf("%s: %q and %d, cleaned %q and %d", contact, instance, regID, cleanInstance, cleanRegID)
		}
	}
}

package wire_test

import (
	"testing"

	"registrar/amqpbridge/wire"
)

func TestParseDocument(t *testing.T) {
	for doc, want := range map[string]wire.Document{
		`{"Account-ID":"a","Custom-Channel-Vars":{"Account-ID":"b"}}`: {AccountID: "a"},
		`{"Custom-Channel-Vars":{"Account-ID":"b"}}`:                  {AccountID: "b"},
		`{"Account-ID":[],"Suppress-Unregister-Notify":"true"}`:       {SuppressUnregister: true},
		`{"Register-Overwrite-Notify":true}`:                          {OverwriteNotify: true},
		`[`:                                                           {},
	} {
		got := wire.ParseDocument([]byte(doc))
		if got.AccountID != want.AccountID || got.SuppressUnregister != want.SuppressUnregister ||
			got.OverwriteNotify != want.OverwriteNotify {
			t.Errorf("%s: %+v", doc, got)
		}
	}
}

// A notification has known fields of the document only, and a gregorian time. Writing it twice
// gives the same message.
func TestNotification(t *testing.T) {
	sender := wire.Sender{App: "registrar", Version: "1", Node: "n"}
	doc := wire.ParseDocument([]byte(
		`{"Realm":"acme.test","Username":"100","Contact":"c","Event-Timestamp":1795392520,"Unknown":1}`))
	const common = `"Event-Timestamp":63962611720,"Msg-ID":"m","Node":"n"`
	for kind, want := range map[wire.NotificationKind]string{
		wire.NotifyRegister: `{"Account-ID":"a","App-Name":"registrar","App-Version":"1","Contact":"c",` +
			`"Event-Category":"notification","Event-Name":"register",` + common +
			`,"Realm":"acme.test","Username":"100"}`,
		wire.NotifyOverwrite: `{"Account-ID":"a","App-Name":"registrar","App-Version":"1","Contact":"c",` +
			`"Event-Category":"presence","Event-Name":"register_overwrite",` + common +
			`,"Previous-Contact":"old","Realm":"acme.test","Username":"100"}`,
	} {
		n := &wire.Notification{Envelope: wire.Envelope{MsgID: "m"}, Kind: kind, Document: doc, AccountID: "a"}
		if kind == wire.NotifyOverwrite {
			n.PreviousContact = "old"
		}
		for range 2 {
			if got := string(sender.Notification(n)); got != want {
				t.Errorf("%s: %s\nwant %s", kind, got, want)
			}
		}
	}
}

func TestNotificationAddress(t *testing.T) {
	for kind, want := range map[wire.NotificationKind][2]string{
		wire.NotifyRegister:   {"notifications", "notifications.sip.register"},
		wire.NotifyDeregister: {"notifications", "notifications.sip.deregister"},
		wire.NotifyOverwrite:  {"presence", "register_overwrites.acme%2Etest"},
	} {
		if got := [2]string{kind.Exchange(), kind.Key("acme.test")}; got != want {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
	}
}

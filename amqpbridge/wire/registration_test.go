package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"registrar/amqpbridge/wire"
)

func TestCapturedSuccess(t *testing.T) {
	r := decode[*wire.RegSuccess](t, capturedSuccess)
	if r.Realm != "acme.test" || r.Username != "100" || r.Expires != 300 || !r.FirstRegistration || r.ProxyPath != "sip:127.0.0.1:5070" ||
		!r.EventTimestamp.Equal(time.Unix(1795392520, 0)) || r.Removes() || r.Replay() {
		t.Errorf("got %+v", r)
	}
	doc, err := r.Document("cleaned")
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(doc, &fields); err != nil {
		t.Fatal(err)
	}
	if fields["Contact"] != "cleaned" || fields["Source-Port"] != "5099" || fields["Msg-ID"] != nil || fields["Node"] != nil {
		t.Errorf("document %s", doc)
	}
}

func TestRemoval(t *testing.T) {
	for body, want := range map[string]bool{`"Expires":0`: true, `"Expires":60,"Status":"Unregistered"`: true, `"Expires":60,"Status":"Registered(UDP)"`: false} {
		r := decode[*wire.RegSuccess](t, `{"Event-Name":"reg_success","Realm":"a","Username":"u","Contact":"c","Event-Timestamp":1,`+body+`}`)
		if r.Removes() != want {
			t.Errorf("%s: %v", body, r.Removes())
		}
	}
}

// A replay is a reg_success with the current time and the remaining lifetime.
func TestReplay(t *testing.T) {
	sender := wire.Sender{App: "registrar", Version: "1", Node: "n"}
	now := time.Unix(1795392520, 0)
	doc := []byte(`{"Contact":"c","Realm":"acme.test","Username":"100","Expires":300,"Event-Timestamp":1,"Status":"Registered"}`)
	body, err := sender.Replay("m", doc, 60, now)
	if err != nil {
		t.Fatal(err)
	}
	r := decode[*wire.RegSuccess](t, string(body))
	if !r.Replay() || r.Expires != 60 || !r.EventTimestamp.Equal(now) || r.Contact != "c" || r.FirstRegistration {
		t.Errorf("got %+v", r)
	}
	if _, err := sender.Replay("m", []byte(`[]`), 60, now); err == nil {
		t.Error("an array was accepted as a document")
	}
}

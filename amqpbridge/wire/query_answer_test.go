package wire_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"registrar/amqpbridge/wire"
)

func TestQueryForms(t *testing.T) {
	doc := []byte(`{"Contact":"c","Expires":60,"Event-Timestamp":1795392520}`)
	sender := wire.Sender{App: "registrar", Version: "1", Node: "n"}
	const gregorian = `{"Contact":"c","Event-Timestamp":63962611720}`
	for name, tc := range map[string]struct {
		a    wire.QueryAnswer
		want string
	}{
		"whistle":           {wire.QueryAnswer{Form: wire.FormWhistle}, `"Fields":{"Contact":"c","Event-Timestamp":1795392520},"Msg-ID":"m","Node":"n"`},
		"kazoo3, one user":  {wire.QueryAnswer{Form: wire.FormKazoo3}, `"Fields":` + gregorian + `,"Msg-ID":"m","Node":"n"`},
		"kazoo3, a realm":   {wire.QueryAnswer{Form: wire.FormKazoo3, Multiple: true}, `"Fields":[` + gregorian + `],"Msg-ID":"m","Multiple":"true","Node":"n"`},
		"kazoo4 and kazoo5": {wire.QueryAnswer{Form: wire.FormKazoo}, `"Fields":[` + gregorian + `],"Msg-ID":"m","Node":"n","Registrar-Age":90`},
	} {
		tc.a.Fields = []string{"Contact", "Event-Timestamp", "Not-There"}
		err := tc.a.Add(doc)
		got := string(tc.a.Encode(sender, "m", 90*time.Second))
		want := `{"App-Name":"registrar","App-Version":"1","Event-Category":"directory","Event-Name":"reg_query_resp",` + tc.want + `}`
		if err != nil || got != want {
			t.Errorf("%s: %s, %v\nwant %s", name, got, err, want)
		}
	}
	capped := wire.QueryAnswer{Form: wire.FormKazoo, MaxBytes: 2 * len(doc)}
	if err := errors.Join(capped.Add(doc)); err != nil {
		t.Error(err)
	}
	if err := errors.Join(capped.Add(doc), capped.Add(doc)); !errors.Is(err, wire.ErrAnswerTooLarge) {
		t.Errorf("three documents under a cap for two: %v", err)
	}
	got := string(sender.RegCount("m", 7, time.Minute))
	if want := `"Count":7,"Event-Category":"directory","Event-Name":"reg_query_resp","Fields":[],"Msg-ID":"m","Node":"n","Registrar-Age":60}`; !strings.HasSuffix(got, want) {
		t.Errorf("count: %s", got)
	}
}

func TestContactOfResponse(t *testing.T) {
	for body, want := range map[string]string{
		`{"Event-Name":"reg_query_resp","Fields":[{"Contact":"c"},{"Contact":"d"}]}`: "c",
		`{"Event-Name":"reg_query_resp","Fields":{"Contact":"c"}}`:                   "c",
		`{"Event-Name":"reg_query_resp","Fields":[]}`:                                "",
	} {
		if got, err := decode[*wire.RegQueryResponse](t, body).Contact(); err != nil || got != want {
			t.Errorf("%s: %q, %v", body, got, err)
		}
	}
	if _, err := decode[*wire.RegQueryResponse](t, `{"Event-Name":"reg_query_resp","Fields":[{"Contact":1}]}`).Contact(); err == nil {
		t.Error("a number was accepted as a contact")
	}
}

// A query answer stays within its limit in bytes.
func TestQueryAnswerLimit(t *testing.T) {
	a := wire.QueryAnswer{MaxBytes: 64}
	doc := []byte(`{"Contact":"sip:100@192.0.2.1"}`)
	if err := errors.Join(a.Add(doc), a.Add(doc)); err != nil {
		t.Fatal(err)
	}
	if err := a.Add(doc); !errors.Is(err, wire.ErrAnswerTooLarge) || a.Len() != 2 {
		t.Errorf("the third document gives %v, %d are in the answer", err, a.Len())
	}
}

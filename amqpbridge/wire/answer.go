package wire

import (
	"encoding/json"
	"errors"
	"time"
)

// Form is how a reg_query_resp looks.
type Form uint8

// The forms. What distinguishes them is the shape of Fields and the epoch of Event-Timestamp.
const (
	// FormWhistle is one object, the document as received.
	FormWhistle Form = iota
	// FormKazoo3 is early kazoo3's: one object for a single user, an array with Multiple "true" for a realm; gregorian times.
	FormKazoo3
	// FormKazoo is an array of objects with Registrar-Age; gregorian times.
	FormKazoo
)

// ErrAnswerTooLarge means that an answer would exceed its size cap.
var ErrAnswerTooLarge = errors.New("the answer is too large")

// Answer collects the registrations that a query has found, up to a cap in bytes, and writes the reg_query_resp. It is for one goroutine.
type Answer struct {
	Form Form
	// Fields are those asked for; none means all.
	Fields []string
	// Realm says that more than one user was asked for.
	Realm bool
	// Most is the cap on the documents together, in bytes; zero is none.
	Most int

	docs []json.RawMessage
	size int
}

// Add takes the document of one registration, reduced to the fields asked for: a field that it lacks is left out. It fails with
// [ErrAnswerTooLarge], and with an [Error] on what is no document.
func (a *Answer) Add(doc []byte) error {
	var o map[string]json.RawMessage
	if err := json.Unmarshal(doc, &o); err != nil || o == nil {
		return refuse(NotJSON, "")
	}
	if a.Form != FormWhistle {
		gregorianTime(o)
	}
	picked, err := json.Marshal(pick(o, a.Fields))
	if err != nil {
		return refuse(NotJSON, "")
	}
	if a.size += len(picked) + 1; a.Most > 0 && a.size > a.Most {
		return ErrAnswerTooLarge
	}
	a.docs = append(a.docs, picked)
	return nil
}

// Len returns how many registrations were added.
func (a *Answer) Len() int { return len(a.docs) }

// Encode writes the reg_query_resp. Age is how long this registrar has been up.
func (a *Answer) Encode(s Sender, msgID string, age time.Duration) []byte {
	docs := a.docs
	if docs == nil {
		docs = []json.RawMessage{}
	}
	f := fields{"Fields": docs}
	switch {
	case a.Form == FormKazoo:
		f["Registrar-Age"] = int64(age / time.Second)
	case a.Form == FormKazoo3 && a.Realm:
		f["Multiple"] = "true"
	case len(docs) > 0:
		f["Fields"] = docs[0]
	default:
		f["Fields"] = fields{}
	}
	return s.encode("reg_query_resp", msgID, f)
}

// RegCount writes the answer to a query with Count-Only: how many registrations there are.
func (s Sender) RegCount(msgID string, n int, age time.Duration) []byte {
	return s.encode("reg_query_resp", msgID, fields{"Fields": []string{}, "Count": n, "Registrar-Age": int64(age / time.Second)})
}

func gregorianTime(doc map[string]json.RawMessage) {
	n, ok, err := reading{object(doc)}.number("Event-Timestamp")
	if t := EventTime(n); ok && err == nil && !t.IsZero() {
		if raw, err := json.Marshal(Gregorian(t)); err == nil {
			doc["Event-Timestamp"] = raw
		}
	}
}

func pick(doc map[string]json.RawMessage, want []string) map[string]json.RawMessage {
	if len(want) == 0 {
		return doc
	}
	out := make(map[string]json.RawMessage, len(want))
	for _, f := range want {
		if v, ok := doc[f]; ok {
			out[f] = v
		}
	}
	return out
}

package wire

import (
	"encoding/json"
	"errors"
	"time"
)

// Form is the form of a reg_query_resp.
type Form uint8

// Forms differ in the shape of Fields and in the epoch of Event-Timestamp.
const (
	// FormWhistle is one object, the document as received.
	FormWhistle Form = iota
	// FormKazoo3 is one object for a single user and an array with Multiple "true" for a realm,
	// with gregorian times.
	FormKazoo3
	// FormKazoo is an array of objects with Registrar-Age and gregorian times.
	FormKazoo
)

// ErrAnswerTooLarge means that an answer exceeds its limit in bytes.
var ErrAnswerTooLarge = errors.New("the answer is too large")

// QueryAnswer collects registrations up to a limit and writes the reg_query_resp. It is not safe
// for concurrent use.
type QueryAnswer struct {
	Form Form
	// Fields are the requested fields; empty means all.
	Fields []string
	// Multiple says that the query asks for more than one user.
	Multiple bool
	// MaxBytes limits the documents together; zero means no limit.
	MaxBytes int

	docs []json.RawMessage
	size int
}

// Add adds the document of one registration, reduced to the requested fields. It fails with
// [ErrAnswerTooLarge], or with an [*Error] when doc is not a JSON object.
func (a *QueryAnswer) Add(doc []byte) error {
	var o object
	if err := json.Unmarshal(doc, &o); err != nil || o == nil {
		return refuse(NotJSON, "")
	}
	if a.Form != FormWhistle {
		toGregorian(o)
	}
	picked, err := json.Marshal(pick(o, a.Fields))
	if err != nil {
		return refuse(NotJSON, "")
	}
	if a.size += len(picked) + 1; a.MaxBytes > 0 && a.size > a.MaxBytes {
		return ErrAnswerTooLarge
	}
	a.docs = append(a.docs, picked)
	return nil
}

// Len returns the number of added registrations.
func (a *QueryAnswer) Len() int { return len(a.docs) }

// Encode writes the reg_query_resp. The age is the registrar's uptime.
func (a *QueryAnswer) Encode(s Sender, msgID string, age time.Duration) []byte {
	docs := a.docs
	if docs == nil {
		docs = []json.RawMessage{}
	}
	f := fields{"Fields": docs}
	switch {
	case a.Form == FormKazoo:
		f["Registrar-Age"] = int64(age / time.Second)
	case a.Form == FormKazoo3 && a.Multiple:
		f["Multiple"] = "true"
	case len(docs) > 0:
		f["Fields"] = docs[0]
	default:
		f["Fields"] = fields{}
	}
	return s.encode("reg_query_resp", msgID, f)
}

// RegCount writes the answer to a query with Count-Only.
func (s Sender) RegCount(msgID string, n int, age time.Duration) []byte {
	return s.encode("reg_query_resp", msgID, fields{
		"Fields": []string{}, "Count": n, "Registrar-Age": int64(age / time.Second),
	})
}

func pick(doc object, want []string) object {
	if len(want) == 0 {
		return doc
	}
	out := make(object, len(want))
	for _, f := range want {
		if v, ok := doc[f]; ok {
			out[f] = v
		}
	}
	return out
}

package wire

import (
	"encoding/json"
	"strings"
	"time"
)

// envelopeFields are not part of a registration's document.
func isEnvelope(field string) bool {
	switch field {
	case "Event-Category", "Event-Name", "Msg-ID", "Server-ID", "App-Name", "App-Version", "Node":
		return true
	}
	return false
}

// Document is what is kept of a registration: a compact JSON object of all fields as received but the envelope, with the cleaned
// contact in place of the contact, keys sorted.
func (r *RegSuccess) Document(cleaned string) ([]byte, error) {
	doc := make(map[string]any, len(r.Fields))
	for k, v := range r.Fields {
		if !isEnvelope(k) {
			doc[k] = v
		}
	}
	doc["Contact"] = cleaned
	out, err := json.Marshal(doc)
	if err != nil {
		return nil, refuse(NotJSON, "")
	}
	return out, nil
}

// Query forms the answer to a query from the documents of the registrations that were found.
type Query struct {
	Sender Sender
	// Whistle answers with one object, as received; otherwise an array, with Registrar-Age and gregorian times.
	Whistle bool
	// Age is how long this registrar has been up.
	Age time.Duration
}

// Response writes a reg_query_resp. A field that was asked for and is not there is left out.
func (q Query) Response(msgID string, want []string, docs [][]byte) ([]byte, error) {
	list := make([]map[string]json.RawMessage, 0, len(docs))
	for _, d := range docs {
		var doc map[string]json.RawMessage
		if err := json.Unmarshal(d, &doc); err != nil {
			return nil, refuse(NotJSON, "")
		}
		if !q.Whistle {
			gregorianTime(doc)
		}
		list = append(list, pick(doc, want))
	}
	if q.Whistle {
		one := map[string]json.RawMessage{}
		if len(list) > 0 {
			one = list[0]
		}
		return q.Sender.encode("reg_query_resp", msgID, fields{"Fields": one}), nil
	}
	f := fields{"Fields": list, "Registrar-Age": int64(q.Age / time.Second)}
	return q.Sender.encode("reg_query_resp", msgID, f), nil
}

func gregorianTime(doc map[string]json.RawMessage) {
	n, ok, err := object(doc).number("Event-Timestamp")
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

// ReplyTo is where an answer goes: the routing key on exchange targeted and, for some of Kazoo's processes, a header.
type ReplyTo struct {
	Key          string
	DeliverToPID []byte
}

// ParseServerID reads a Server-ID. Empty means that there is nobody to reply to, and so does a form that never reaches a foreign
// application.
func ParseServerID(s string) ReplyTo {
	if rest, ok := strings.CutPrefix(s, "pid://"); ok {
		pid, key, ok := strings.Cut(rest, "/")
		if !ok {
			return ReplyTo{}
		}
		return ReplyTo{Key: key, DeliverToPID: []byte(pid)}
	}
	if strings.HasPrefix(s, "consumer://") {
		return ReplyTo{}
	}
	return ReplyTo{Key: s}
}

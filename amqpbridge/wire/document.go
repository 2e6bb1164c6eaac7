package wire

import (
	"encoding/json"
	"strings"
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

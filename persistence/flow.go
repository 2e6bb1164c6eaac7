package persistence

import (
	"encoding/json"

	"registrar/actors/domain"
	"registrar/actors/sip"
)

// flowOf derives the flow of a binding from its document and contact. Format 1, and exports of the
// programs that wrote it, have no field of their own for it. A field is read as the AMQP edge reads
// it: of an unusable type it is unknown.
func flowOf(b *domain.Binding) domain.Flow {
	var doc struct {
		CallID    looseText `json:"Call-ID"`
		ProxyPath looseText `json:"Proxy-Path"`
	}
	_ = json.Unmarshal(b.Doc, &doc) // a document that is no object has no such fields
	f := domain.Flow{CallID: string(doc.CallID), ProxyPath: string(doc.ProxyPath)}
	f.InstanceID, f.RegID = sip.Outbound(b.Contact)
	return f
}

// looseText is a JSON string, or a number or boolean as it is written; anything else is empty.
type looseText string

// UnmarshalJSON never fails.
func (t *looseText) UnmarshalJSON(b []byte) error {
	var s string
	switch {
	case string(b) == "null" || b[0] == '{' || b[0] == '[':
	case json.Unmarshal(b, &s) == nil:
		*t = looseText(s)
	default:
		*t = looseText(b)
	}
	return nil
}

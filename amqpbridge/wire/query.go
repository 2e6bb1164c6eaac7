package wire

import (
	"encoding/json"
	"strings"
)

// RegQuery asks for registrations (reg_query). An empty Username asks for the whole realm.
type RegQuery struct {
	Envelope
	Realm, Username string
	// Fields are the requested fields; empty means all.
	Fields    []string
	CountOnly bool
}

// All reports whether the query asks for every realm.
func (q *RegQuery) All() bool { return strings.EqualFold(q.Realm, "all") }

// RegQueryResponse answers a query (reg_query_resp).
type RegQueryResponse struct {
	Envelope
	// Fields has one object for each registration; the whistle form always has one.
	Fields []map[string]json.RawMessage
	Single bool // whistle form
	Count  int
}

// Contact returns the contact of the first registration, "" when there is none. A contact that is
// not a string is an [*Error].
func (r *RegQueryResponse) Contact() (string, error) {
	if len(r.Fields) == 0 {
		return "", nil
	}
	var contact string
	if err := json.Unmarshal(r.Fields[0]["Contact"], &contact); err != nil {
		return "", refuse(BadType, "Contact")
	}
	return contact, nil
}

// RegQueryError says that nothing is registered, or why there is no answer (reg_query_error).
type RegQueryError struct {
	Envelope
	// Hint tells the requester how to ask instead when the answer is too large (Error-Message).
	Hint string
}

func (d *decoder) regQuery(env Envelope) *RegQuery {
	q := &RegQuery{
		Envelope: env, Realm: d.required("Realm", MaxName), Username: d.limited("Username", MaxName),
		CountOnly: d.flag("Count-Only"),
	}
	if d.has("Fields") {
		if err := json.Unmarshal(d.raw("Fields"), &q.Fields); err != nil {
			d.fail(refuse(BadType, "Fields"))
		}
	}
	return q
}

func (d *decoder) regQueryResponse(env Envelope) *RegQueryResponse {
	r := &RegQueryResponse{Envelope: env}
	n, _, err := d.number("Count")
	if err != nil {
		d.fail(err)
	}
	r.Count = int(n)
	raw := d.raw("Fields")
	if len(raw) > 0 && raw[0] == '{' {
		var one map[string]json.RawMessage
		err = json.Unmarshal(raw, &one)
		r.Fields, r.Single = append(r.Fields, one), true
	} else {
		err = json.Unmarshal(raw, &r.Fields)
	}
	if err != nil {
		d.fail(refuse(BadType, "Fields"))
	}
	return r
}

func (d *decoder) regQueryError(env Envelope) *RegQueryError {
	return &RegQueryError{Envelope: env, Hint: d.optional("Error-Message")}
}

// RegQuery writes a reg_query.
func (s Sender) RegQuery(q *RegQuery) []byte {
	f := fields{"Realm": q.Realm}
	f.put("Username", q.Username)
	f.put("Server-ID", q.ServerID)
	if len(q.Fields) > 0 {
		f["Fields"] = q.Fields
	}
	if q.CountOnly {
		f["Count-Only"] = true
	}
	return s.encode("reg_query", q.MsgID, f)
}

// RegQueryError writes a reg_query_error.
func (s Sender) RegQueryError(e *RegQueryError) []byte {
	f := fields{"Defer-Response": "true"}
	f.put("Error-Message", e.Hint)
	return s.encode("reg_query_error", e.MsgID, f)
}

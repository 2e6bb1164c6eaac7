package wire

import "bytes"

// Template is an answer of which all but the Msg-ID is written already. It is immutable, and as secret as what is in it.
type Template struct{ head, tail []byte }

// marker is a Msg-ID that nobody sends.
const marker = "registrar template 7f0a6c52"

// AuthnTemplate writes all of an authn_resp but its Msg-ID.
func (s Sender) AuthnTemplate(r *AuthnResponse) *Template {
	blank := *r
	blank.MsgID = marker
	head, tail, _ := bytes.Cut(s.AuthnResponse(&blank), appendText(nil, marker))
	return &Template{head: head, tail: tail}
}

// For returns the answer with a Msg-ID.
func (t *Template) For(msgID string) []byte {
	b := make([]byte, 0, len(t.head)+len(msgID)+8+len(t.tail))
	b = append(b, t.head...)
	b = appendText(b, msgID)
	return append(b, t.tail...)
}

package wire

import "bytes"

// Template is an encoded reply without its Msg-ID. It is immutable and holds secrets in plain
// text.
type Template struct{ head, tail []byte }

// placeholder stands for the Msg-ID while a template is written.
const placeholder = "registrar template 7f0a6c52"

// AuthnTemplate writes an authn_resp for any Msg-ID.
func (s Sender) AuthnTemplate(r *AuthnResponse) *Template {
	blank := *r
	blank.MsgID = placeholder
	head, tail, _ := bytes.Cut(s.AuthnResponse(&blank), appendText(nil, placeholder))
	return &Template{head: head, tail: tail}
}

// For returns the reply with a Msg-ID.
func (t *Template) For(msgID string) []byte {
	b := make([]byte, 0, len(t.head)+len(msgID)+8+len(t.tail))
	b = append(b, t.head...)
	b = appendText(b, msgID)
	return append(b, t.tail...)
}

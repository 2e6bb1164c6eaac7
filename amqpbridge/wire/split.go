package wire

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// splitter splits a body into the fields of its outermost object. Splitters are pooled: setting
// up a jsontext.Decoder costs as much as splitting a message.
type splitter struct {
	in  bytes.Buffer
	dec jsontext.Decoder
	buf members
}

var splitters = sync.Pool{New: func() any { return &splitter{} }} //nolint:gochecknoglobals // a pool

func takeSplitter() *splitter {
	if s, ok := splitters.Get().(*splitter); ok {
		return s
	}
	return &splitter{}
}

// release returns the splitter to the pool. The members of split become invalid, their values
// stay valid: they are slices of the body.
func (s *splitter) release() {
	clear(s.buf)
	s.in, s.buf = bytes.Buffer{}, s.buf[:0]
	splitters.Put(s)
}

// split checks that the body is one JSON object and returns its fields. Like encoding/json it
// accepts duplicate names and invalid UTF-8.
func (s *splitter) split(body []byte) (members, error) {
	switch {
	case len(body) > MaxBody:
		return nil, refuse(TooLarge, "")
	case tooDeep(body):
		return nil, refuse(TooDeep, "")
	}
	s.in = *bytes.NewBuffer(body)
	s.dec.Reset(&s.in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	m, err := s.object(body)
	if err != nil {
		return nil, err
	}
	if _, err := s.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, refuse(NotJSON, "")
	}
	s.buf = m
	return m, nil
}

func (s *splitter) object(body []byte) (members, error) {
	if s.dec.PeekKind() != '{' {
		if _, err := s.dec.ReadValue(); err != nil {
			return nil, refuse(NotJSON, "")
		}
		if _, err := s.dec.ReadToken(); !errors.Is(err, io.EOF) {
			return nil, refuse(NotJSON, "")
		}
		return nil, refuse(NotAnObject, "")
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return nil, refuse(NotJSON, "")
	}
	m := s.buf[:0]
	for s.dec.PeekKind() == '"' {
		raw, err := s.dec.ReadValue()
		if err != nil {
			return nil, refuse(NotJSON, "")
		}
		name := nameOf(raw)
		value, err := s.dec.ReadValue()
		if err != nil {
			return nil, refuse(NotJSON, "")
		}
		end := s.dec.InputOffset()
		m = append(m, member{name, body[end-int64(len(value)) : end : end]})
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return nil, refuse(NotJSON, "")
	}
	return m, nil
}

// nameOf returns a field name. Common names are not allocated.
func nameOf(raw []byte) string {
	if plain := raw[1 : len(raw)-1]; bytes.IndexByte(plain, '\\') < 0 {
		if name, ok := commonNames[string(plain)]; ok {
			return name
		}
	}
	b, _ := jsontext.AppendUnquote(nil, raw) // the error only reports replaced invalid UTF-8
	return string(b)
}

// commonNames interns the names of common fields.
var commonNames = func() map[string]string { //nolint:gochecknoglobals // a constant table
	m := map[string]string{}
	for _, n := range []string{
		"Event-Category", "Event-Name", "Event-Timestamp", "Msg-ID", "Server-ID", "App-Name",
		"App-Version", "Node", "System-Log-ID", "To", "From", "Auth-User", "Auth-Realm",
		"Auth-Domain", "Method", "Orig-IP", "Orig-Port", "Call-ID", "User-Agent", "Expires",
		"Contact", "Custom-Channel-Vars", "Custom-SIP-Headers", "Auth-Nonce", "Auth-Response",
		"Auth-Method", "Auth-Password", "Auth-URI", "Auth-QOP", "Auth-NC", "Auth-CNonce",
		"Auth-Algorithm", "Realm", "Username", "Status", "Proxy-Path", "Proxy-IP", "Proxy-Port",
		"Proxy-Protocol", "From-User", "From-Host", "To-User", "To-Host", "Network-IP",
		"Network-Port", "Presence-Hosts", "Profile-Name", "RUID", "Source-IP", "Source-Port",
		"Original-Contact", "Fields", "Count-Only", "First-Registration",
		"Suppress-Unregister-Notify", "Register-Overwrite-Notify", "Media-Server",
		"FreeSWITCH-Nodename", "Active-Queue", "Defer-Response",
	} {
		m[n] = n
	}
	return m
}()

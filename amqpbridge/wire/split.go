package wire

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// splitter takes bodies apart; it is used again, because making one costs as much as using it.
type splitter struct {
	in   bytes.Buffer
	dec  jsontext.Decoder
	room members
}

var splitters = sync.Pool{New: func() any { return &splitter{} }} //nolint:gochecknoglobals // a pool has no owner.

func takeSplitter() *splitter {
	if s, ok := splitters.Get().(*splitter); ok {
		return s
	}
	return &splitter{}
}

// done gives the splitter back: what it has returned must not be used any more, but for the values themselves.
func (s *splitter) done() {
	clear(s.room)
	s.in, s.room = bytes.Buffer{}, s.room[:0]
	splitters.Put(s)
}

// split takes the outermost object of a body apart and checks that all of it is JSON. As with encoding/json the last of two fields with the same name
// counts, and text that is no UTF-8 is taken.
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
	s.room = m
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
	m := s.room[:0]
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

// nameOf reads the name of a field; those that every message has are not made anew.
func nameOf(raw []byte) string {
	if plain := raw[1 : len(raw)-1]; bytes.IndexByte(plain, '\\') < 0 {
		if name, ok := names[string(plain)]; ok {
			return name
		}
	}
	b, _ := jsontext.AppendUnquote(nil, raw) // it has been read: what is no UTF-8 in it is replaced
	return string(b)
}

// names are the fields that messages usually have.
var names = func() map[string]string { //nolint:gochecknoglobals // a table.
	m := map[string]string{}
	for _, n := range []string{
		"Event-Category", "Event-Name", "Event-Timestamp", "Msg-ID", "Server-ID", "App-Name", "App-Version", "Node", "System-Log-ID",
		"To", "From", "Auth-User", "Auth-Realm", "Auth-Domain", "Method", "Orig-IP", "Orig-Port", "Call-ID", "User-Agent", "Expires", "Contact", "Custom-Channel-Vars",
		"Custom-SIP-Headers", "Auth-Nonce", "Auth-Response", "Auth-Method", "Auth-Password", "Auth-URI", "Auth-QOP", "Auth-NC", "Auth-CNonce", "Auth-Algorithm",
		"Realm", "Username", "Status", "Proxy-Path", "Proxy-IP", "Proxy-Port", "Proxy-Protocol", "From-User", "From-Host", "To-User", "To-Host", "Network-IP",
		"Network-Port", "Presence-Hosts", "Profile-Name", "RUID", "Source-IP", "Source-Port", "Original-Contact", "Fields", "Count-Only", "First-Registration",
		"Suppress-Unregister-Notify", "Register-Overwrite-Notify", "Media-Server", "FreeSWITCH-Nodename", "Active-Queue", "Defer-Response",
	} {
		m[n] = n
	}
	return m
}()

package wire

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Inflate undoes a content encoding: none, identity or gzip, bounded at [MaxBody].
func Inflate(contentEncoding string, body []byte) ([]byte, error) {
	if len(body) > MaxBody {
		return nil, refuse(TooLarge, "")
	}
	switch strings.ToLower(contentEncoding) {
	case "", "identity", "utf-8": // the last is a common mistake
		return body, nil
	case "gzip":
	default:
		return nil, refuse(BadEncoding, "")
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, refuse(BadEncoding, "")
	}
	out, err := io.ReadAll(io.LimitReader(z, MaxBody+1))
	if err != nil {
		return nil, refuse(BadEncoding, "")
	}
	if len(out) > MaxBody {
		return nil, refuse(TooLarge, "")
	}
	return out, nil
}

// members are the fields of a message as they came. Their values are parts of the body.
type members []member

type member struct {
	name  string
	value json.RawMessage
}

// get returns a field; of several with the same name the last.
func (m members) get(name string) (json.RawMessage, bool) {
	for i := range slices.Backward(m) {
		if m[i].name == name {
			return m[i].value, true
		}
	}
	return nil, false
}

// object returns the fields by name.
func (m members) object() object {
	o := make(object, len(m))
	for _, f := range m {
		o[f.name] = f.value
	}
	return o
}

// object is a JSON object: field → value as received.
type object map[string]json.RawMessage

func (o object) get(name string) (json.RawMessage, bool) {
	v, ok := o[name]
	return v, ok
}

// reading reads fields as loosely as they are written.
type reading struct {
	from interface {
		get(name string) (json.RawMessage, bool)
	}
}

// tooDeep counts brackets outside of strings: no recursion, whatever comes.
func tooDeep(body []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// has reports whether a field is there and not null.
func (o reading) has(field string) bool {
	v, ok := o.from.get(field)
	return ok && string(v) != "null"
}

// raw returns a field as it is, nil when it is absent.
func (o reading) raw(field string) json.RawMessage {
	v, _ := o.from.get(field)
	return v
}

// text reads a string; a number or boolean is taken as it is written. A field that is absent is empty.
func (o reading) text(field string) (string, error) {
	v, ok := o.from.get(field)
	if !ok || string(v) == "null" {
		return "", nil
	}
	switch v[0] {
	case '"':
		if plain := v[1 : len(v)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
			return string(plain), nil // nothing to unquote: most fields of most messages
		}
		var s string
		if err := json.Unmarshal(v, &s); err != nil {
			return "", refuse(BadType, field)
		}
		return s, nil
	case '{', '[':
		return "", refuse(BadType, field)
	}
	return string(v), nil
}

// number reads a number, or a string that holds one; ok is false when the field is absent or empty.
func (o reading) number(field string) (n float64, ok bool, err error) {
	s, err := o.text(field)
	if err != nil || strings.TrimSpace(s) == "" {
		return 0, false, err
	}
	n, err = strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false, refuse(BadType, field)
	}
	return n, true, nil
}

// flag reads a boolean, or a string that says true; anything else is false.
func (o reading) flag(field string) bool {
	s, err := o.text(field)
	return err == nil && strings.EqualFold(strings.TrimSpace(s), "true")
}

// first returns the first of the fields that is there.
func (o reading) first(fields ...string) string {
	for _, f := range fields {
		if o.has(f) {
			return f
		}
	}
	return fields[0]
}

package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// members are the fields of a message in the order of arrival. Their values are slices of the
// body.
type members []member

type member struct {
	name  string
	value json.RawMessage
}

// get returns a field. The last of several fields with the same name wins, as in encoding/json.
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

// object maps the fields of a JSON object to their values as received.
type object map[string]json.RawMessage

func (o object) get(name string) (json.RawMessage, bool) {
	v, ok := o[name]
	return v, ok
}

// fieldReader reads fields of loose types: peers write numbers and booleans as strings, too.
type fieldReader struct {
	from interface {
		get(name string) (json.RawMessage, bool)
	}
}

// has reports whether a field is present and not null.
func (r fieldReader) has(field string) bool {
	v, ok := r.from.get(field)
	return ok && string(v) != "null"
}

// raw returns the JSON of a field, nil when it is absent.
func (r fieldReader) raw(field string) json.RawMessage {
	v, _ := r.from.get(field)
	return v
}

// text reads a string. It returns a number or boolean as written, and "" for an absent field.
func (r fieldReader) text(field string) (string, error) {
	v, ok := r.from.get(field)
	if !ok || string(v) == "null" {
		return "", nil
	}
	switch v[0] {
	case '"':
		// Fast path: most strings have no escapes.
		if plain := v[1 : len(v)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
			return string(plain), nil
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

// number reads a number or a string that holds one. ok is false when the field is absent or
// empty.
func (r fieldReader) number(field string) (n float64, ok bool, err error) {
	s, err := r.text(field)
	if err != nil || strings.TrimSpace(s) == "" {
		return 0, false, err
	}
	n, err = strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false, refuse(BadType, field)
	}
	return n, true, nil
}

// flag reads a boolean. Only true and the string "true" in any case are true.
func (r fieldReader) flag(field string) bool {
	s, err := r.text(field)
	return err == nil && strings.EqualFold(strings.TrimSpace(s), "true")
}

// first returns the name of the first present field, or of the first when none is present.
func (r fieldReader) first(fields ...string) string {
	for _, f := range fields {
		if r.has(f) {
			return f
		}
	}
	return fields[0]
}

// tooDeep counts brackets outside strings. It does not recurse, so that no body exhausts the
// stack.
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

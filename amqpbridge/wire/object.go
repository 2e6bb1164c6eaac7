package wire

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"math"
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

// object is a message taken apart: field → value as received.
type object map[string]json.RawMessage

func parse(body []byte) (object, error) {
	if len(body) > MaxBody {
		return nil, refuse(TooLarge, "")
	}
	if tooDeep(body) {
		return nil, refuse(TooDeep, "")
	}
	var o object
	if err := json.Unmarshal(body, &o); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return nil, refuse(NotAnObject, "")
		}
		return nil, refuse(NotJSON, "")
	}
	if o == nil {
		return nil, refuse(NotAnObject, "")
	}
	return o, nil
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
func (o object) has(field string) bool {
	v, ok := o[field]
	return ok && string(v) != "null"
}

// text reads a string; a number or boolean is taken as it is written. A field that is absent is empty.
func (o object) text(field string) (string, error) {
	v, ok := o[field]
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
func (o object) number(field string) (n float64, ok bool, err error) {
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
func (o object) flag(field string) bool {
	s, err := o.text(field)
	return err == nil && strings.EqualFold(strings.TrimSpace(s), "true")
}

// first returns the first of the fields that is there.
func (o object) first(fields ...string) string {
	for _, f := range fields {
		if o.has(f) {
			return f
		}
	}
	return fields[0]
}

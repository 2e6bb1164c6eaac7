package link

import (
	"fmt"
	"time"
)

// Headers returns a copy of h in the types of [Delivery]: integers as int64, floats as float64,
// times in whole seconds. A type that AMQP cannot carry is [ErrInvalid]. Implementations of the
// port use it.
func Headers(h map[string]any) (map[string]any, error) {
	if len(h) == 0 {
		return nil, nil //nolint:nilnil // no headers are nil headers.
	}
	out := make(map[string]any, len(h))
	for k, v := range h {
		if len(k) > maxShortString {
			return nil, fmt.Errorf("%w: the name of a header has %d bytes, %d are possible", ErrInvalid, len(k), maxShortString)
		}
		c, err := headerValue(v)
		if err != nil {
			return nil, fmt.Errorf("header %q: %w", k, err)
		}
		out[k] = c
	}
	return out, nil
}

func headerValue(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, int64, float64:
		return v, nil
	case []byte:
		return append([]byte{}, v...), nil
	case time.Time:
		return time.Unix(v.Unix(), 0).UTC(), nil
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			c, err := headerValue(e)
			if err != nil {
				return nil, err
			}
			list[i] = c
		}
		return list, nil
	case map[string]any:
		m, err := Headers(v)
		if m == nil && err == nil {
			m = map[string]any{}
		}
		return m, err
	}
	return headerNumber(v)
}

func headerNumber(v any) (any, error) {
	switch v := v.(type) {
	case int:
		return int64(v), nil
	case int8:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case uint8:
		return int64(v), nil
	case uint16:
		return int64(v), nil
	case uint32:
		return int64(v), nil
	case float32:
		return float64(v), nil
	}
	return nil, fmt.Errorf("%w: a %T cannot be sent", ErrInvalid, v)
}

// Limits of a frame: short strings have at most 255 bytes. The headers of a message fit into one
// frame of the default size (131,072 bytes) with a margin.
const (
	maxShortString = 255
	maxHeaders     = 64 << 10
)

// Checked returns p with its headers in wire types, or [ErrInvalid] when AMQP cannot carry it:
// sending it would end the session. Implementations of the port use it.
func Checked(p Publishing) (Publishing, error) {
	for _, f := range []struct{ name, value string }{
		{"exchange", p.Exchange},
		{"key", p.Key},
		{"content type", p.ContentType},
		{"content encoding", p.ContentEncoding},
		{"reply-to", p.ReplyTo},
		{"correlation id", p.CorrelationID},
	} {
		if len(f.value) > maxShortString {
			return p, fmt.Errorf("%w: the %s has %d bytes, %d are possible", ErrInvalid, f.name, len(f.value), maxShortString)
		}
	}
	h, err := Headers(p.Headers)
	if err != nil {
		return p, err
	}
	if n := headerSize(h); n > maxHeaders {
		return p, fmt.Errorf("%w: the headers have %d bytes, %d are possible", ErrInvalid, n, maxHeaders)
	}
	p.Headers = h
	return p, nil
}

func headerSize(v any) int {
	const fixed = 9 // the type and up to eight bytes of value or length
	n := fixed
	switch v := v.(type) {
	case string:
		n += len(v)
	case []byte:
		n += len(v)
	case []any:
		for _, e := range v {
			n += headerSize(e)
		}
	case map[string]any:
		for k, e := range v {
			n += 1 + len(k) + headerSize(e)
		}
	}
	return n
}

package link_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/amqpbridge/link"
)

func TestHeadersBecomeWireTypes(t *testing.T) {
	in := map[string]any{
		"int": 1, "int8": int8(2), "int16": int16(3), "int32": int32(4), "int64": int64(5), "uint8": uint8(6), "uint16": uint16(7),
		"uint32": uint32(8), "float32": float32(0.5), "when": time.Unix(1_700_000_000, 999),
		"deep": []any{map[string]any{"int": 1}, []byte("raw")},
	}
	want := map[string]any{
		"int": int64(1), "int8": int64(2), "int16": int64(3), "int32": int64(4), "int64": int64(5), "uint8": int64(6),
		"uint16": int64(7), "uint32": int64(8), "float32": 0.5, "when": time.Unix(1_700_000_000, 0).UTC(),
		"deep": []any{map[string]any{"int": int64(1)}, []byte("raw")},
	}
	got, err := link.Headers(in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	raw, _ := got["deep"].([]any)[1].([]byte)
	raw[0] = 'X'
	if original, _ := in["deep"].([]any)[1].([]byte); string(original) != "raw" {
		t.Error("the copy shares bytes with the original")
	}
	if h, err := link.Headers(map[string]any{}); h != nil || err != nil {
		t.Errorf("no headers became %v, %v", h, err)
	}
	if _, err := link.Headers(map[string]any{"big": uint64(1)}); !errors.Is(err, link.ErrInvalid) {
		t.Errorf("a uint64, which AMQP does not have: %v", err)
	}
}

func TestCheckedKnowsTheBounds(t *testing.T) {
	of := func(n int) string { return strings.Repeat("x", n) }
	for name, p := range map[string]link.Publishing{
		"key":              {Key: of(255)},
		"header name":      {Headers: map[string]any{of(255): true}},
		"headers of 60 kB": {Headers: map[string]any{"h": of(60_000)}},
	} {
		if _, err := link.Checked(p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, p := range map[string]link.Publishing{
		"key":              {Key: of(256)},
		"exchange":         {Exchange: of(256)},
		"correlation id":   {CorrelationID: of(256)},
		"content encoding": {ContentEncoding: of(256)},
		"header name":      {Headers: map[string]any{of(256): true}},
		"headers of 66 kB": {Headers: map[string]any{"a": of(33_000), "b": []any{of(33_000)}}},
	} {
		if _, err := link.Checked(p); !errors.Is(err, link.ErrInvalid) {
			t.Errorf("%s: %v, want %v", name, err, link.ErrInvalid)
		}
	}
}

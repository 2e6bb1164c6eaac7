package wire

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Sender identifies the sender of messages: App-Name, App-Version and Node. It writes messages.
type Sender struct{ App, Version, Node string }

// fields is an outgoing JSON object. It is written with sorted keys.
type fields map[string]any

func (s Sender) encode(event, msgID string, f fields) []byte {
	if f["Event-Category"] == nil {
		f["Event-Category"] = "directory"
	}
	f["Event-Name"] = event
	f["App-Name"], f["App-Version"], f["Node"] = s.App, s.Version, s.Node
	f.put("Msg-ID", msgID)
	return f.append(make([]byte, 0, 512))
}

// put adds a string unless it is empty.
func (f fields) put(key, value string) {
	if value != "" {
		f[key] = value
	}
}

func (f fields) append(b []byte) []byte {
	var buf [32]string
	keys := buf[:0]
	for k := range f {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, k), ':')
		b = appendValue(b, f[k])
	}
	return append(b, '}')
}

// appendValue writes the common types without reflection and leaves the rest to encoding/json.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendText(b, v)
	case fields:
		return v.append(b)
	case map[string]any:
		return fields(v).append(b)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	}
	out, err := json.Marshal(v)
	if err != nil { // impossible: the rest are numbers, and raw JSON that this package has read
		panic(fmt.Sprintf("wire: encode %T: %v", v, err))
	}
	return append(b, out...)
}

// appendText writes a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendText(b []byte, s string) []byte {
	out, _ := jsontext.AppendQuote(b, s) // the error only reports the replaced bytes
	return out
}

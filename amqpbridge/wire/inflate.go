package wire

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
)

// Inflate undoes a content encoding: none, identity or gzip. Both the body and the result are
// limited to [MaxBody].
func Inflate(contentEncoding string, body []byte) ([]byte, error) {
	if len(body) > MaxBody {
		return nil, refuse(TooLarge, "")
	}
	switch strings.ToLower(contentEncoding) {
	case "", "identity", "utf-8": // utf-8 is a charset, but some publishers send it here
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

package sip

import (
	"crypto/md5" //nolint:gosec // what SIP digests are made of.
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// Digest is what a client has proved itself with (RFC 7616 section 3.4). QOP is auth or empty, Algorithm MD5, MD5-sess or empty.
type Digest struct{ Method, URI, Nonce, NC, CNonce, QOP, Algorithm string }

// Proves reports whether response is what a client computes that knows the password behind ha1. What is not supported (auth-int, another
// algorithm) proves nothing. Whether the nonce is fresh, its maker knows.
func (d Digest) Proves(ha1, response string) bool {
	switch strings.ToLower(d.Algorithm) {
	case "", "md5":
	case "md5-sess":
		ha1 = sum(ha1 + ":" + d.Nonce + ":" + d.CNonce)
	default:
		return false
	}
	ha2 := sum(d.Method + ":" + d.URI)
	var want string
	switch d.QOP {
	case "":
		want = sum(ha1 + ":" + d.Nonce + ":" + ha2)
	case "auth":
		want = sum(ha1 + ":" + d.Nonce + ":" + d.NC + ":" + d.CNonce + ":" + d.QOP + ":" + ha2)
	default:
		return false
	}
	return subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(response))) == 1
}

func sum(s string) string {
	h := md5.Sum([]byte(s)) //nolint:gosec // as above.
	return hex.EncodeToString(h[:])
}

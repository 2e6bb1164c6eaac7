package sip

import (
	"crypto/md5" //nolint:gosec // SIP digests and cache ids are defined with MD5.
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// Digest holds the digest fields of a client's request (RFC 7616 section 3.4). QOP is auth or
// empty; Algorithm is MD5, MD5-sess or empty.
type Digest struct{ Method, URI, Nonce, NC, CNonce, QOP, Algorithm string }

// Proves reports whether response is the correct digest for ha1. Unsupported values (auth-int,
// other algorithms) prove nothing. The caller checks that the nonce is fresh.
func (d Digest) Proves(ha1, response string) bool {
	switch strings.ToLower(d.Algorithm) {
	case "", "md5":
	case "md5-sess":
		ha1 = md5Hex(ha1 + ":" + d.Nonce + ":" + d.CNonce)
	default:
		return false
	}
	ha2 := md5Hex(d.Method + ":" + d.URI)
	var want string
	switch d.QOP {
	case "":
		want = md5Hex(ha1 + ":" + d.Nonce + ":" + ha2)
	case "auth":
		want = md5Hex(ha1 + ":" + d.Nonce + ":" + d.NC + ":" + d.CNonce + ":" + d.QOP + ":" + ha2)
	default:
		return false
	}
	return subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(response))) == 1
}

// HA1 is the lower-case hex MD5 of user:realm:password (RFC 7616 section 3.4.2).
func HA1(user, realm, password string) string {
	return md5Hex(user + ":" + realm + ":" + password)
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s)) //nolint:gosec // RFC 7616 MD5 and Kazoo's cache id; not a protection of ours.
	return hex.EncodeToString(sum[:])
}

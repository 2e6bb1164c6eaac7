package sip

import (
	"strings"

	"registrar/actors/domain"
)

// CleanContact brings a contact into the form that is kept and compared (whistle's rule): what stands behind the first @ is
// URL-unquoted once, then every < and > is deleted. Display name, quotes and parameters stay. Without an @ nothing is unquoted.
func CleanContact(s string) string {
	if left, right, ok := strings.Cut(s, "@"); ok {
		s = left + "@" + unquote(right)
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "<", ""), ">", "")
}

// unquote turns + into a space and %HH into a byte, once; a malformed % stays.
func unquote(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			b.WriteByte(' ')
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b.WriteByte(fromHex(s[i+1])<<4 | fromHex(s[i+2]))
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func fromHex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// IDOf is the cache id of a cleaned contact: its MD5 in lower-case hex.
func IDOf(cleaned string) domain.CacheID {
	return domain.CacheID(md5Hex(cleaned))
}

// WithoutExpires returns a contact without its expires parameters: an unregister names the contact with ;expires=0, whatever the
// lifetime that it was registered with.
func withoutExpires(contact string) string {
	parts := strings.Split(contact, ";")
	kept := parts[:1]
	for _, p := range parts[1:] {
		name, _, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "expires") {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, ";")
}

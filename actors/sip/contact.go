package sip

import (
	"strings"

	"registrar/actors/domain"
)

// CleanContact returns the stored form of a contact by Whistle's rule. The text after the first @
// is URL-unquoted once, then every < and > is deleted. Display name, quotes and parameters stay.
// Without an @ nothing is unquoted.
func CleanContact(s string) string {
	if left, right, ok := strings.Cut(s, "@"); ok {
		s = left + "@" + unquote(right)
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "<", ""), ">", "")
}

// unquote decodes + as a space and %HH as a byte, once. A malformed % stays.
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

// IDOf returns the cache id of a cleaned contact: its MD5 in lower-case hex, as in Kazoo.
func IDOf(cleaned string) domain.CacheID {
	return domain.CacheID(md5Hex(cleaned))
}

// withoutExpires removes the expires parameters of a contact. An unregister names its contact
// with ;expires=0, while the registered contact carries the granted lifetime.
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

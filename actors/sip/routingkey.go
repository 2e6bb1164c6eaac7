package sip

import "strings"

// EncodeKey encodes a realm or user for an AMQP routing key byte by byte, as Kazoo does. Letters,
// digits, - ~ _ stay; a space becomes +; every other byte becomes % and two upper-case hex
// digits. An empty string, * and # alone stay. The encoding is reversible.
func EncodeKey(s string) string {
	if s == "*" || s == "#" {
		return s
	}
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '~', c == '_':
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

package sip

import "strings"

// SameContact reports whether the contact of an unregister names a registered contact; both are
// cleaned. Lifetimes are ignored: an unregister carries ;expires=0. A proxy that reports an
// expiry names the bare URI. Then display name and contact parameters are ignored as well, but
// URI parameters are compared (RFC 3261 section 19.1.4).
func SameContact(bound, named string) bool {
	bound, named = withoutDisplayName(withoutExpires(bound)), withoutDisplayName(withoutExpires(named))
	if bound == named {
		return true
	}
	rest, ok := strings.CutPrefix(bound, named+";")
	if !ok || named == "" {
		return false
	}
	for p := range strings.SplitSeq(rest, ";") {
		name, _, _ := strings.Cut(p, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "transport", "user", "method", "ttl", "maddr", "lr":
			return false
		}
	}
	return true
}

// withoutDisplayName removes the display name of a cleaned contact.
func withoutDisplayName(contact string) string {
	quoted := false
	for i := 0; i < len(contact); i++ {
		switch c := contact[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		default:
			for _, scheme := range []string{"sip:", "sips:", "tel:"} {
				if len(contact)-i >= len(scheme) && strings.EqualFold(contact[i:i+len(scheme)], scheme) {
					return contact[i:]
				}
			}
		}
	}
	return contact
}

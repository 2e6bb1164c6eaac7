package sip

import (
	"net/netip"
	"strings"
)

// UserOf returns the user part of a SIP URI or name-addr (RFC 3261 sections 19.1.1 and 20.10)
// without password and user parameters. It is empty when there is none.
func UserOf(s string) string {
	user, _ := userHost(s)
	return user
}

// HostOf returns the host part of a SIP URI or name-addr without port, parameters and headers. An
// IPv6 address loses its brackets.
func HostOf(s string) string {
	_, host := userHost(s)
	return host
}

// IsIP reports whether a host is an IP address, with or without brackets.
func IsIP(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// userHost extracts the addr-spec of a name-addr, and its user and host.
func userHost(s string) (user, host string) {
	s = address(s)
	for _, scheme := range []string{"sip:", "sips:"} {
		if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
			break
		}
	}
	hostport := s
	if i := strings.LastIndexByte(cutAny(s, "?"), '@'); i >= 0 {
		user, hostport = s[:i], s[i+1:]
		user = cutAny(user, ":;")
	}
	if strings.HasPrefix(hostport, "[") {
		inside, _, _ := strings.Cut(hostport[1:], "]")
		return user, inside
	}
	return user, cutAny(hostport, ":;?> ")
}

// address returns the text between < and > after an optional display name, or all of s.
func address(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, `"`) { // a quoted display name may contain a <
		for i := 1; i < len(s); i++ {
			if s[i] == '\\' {
				i++
			} else if s[i] == '"' {
				s = s[i+1:]
				break
			}
		}
	}
	if _, rest, ok := strings.Cut(s, "<"); ok {
		inside, _, _ := strings.Cut(rest, ">")
		return strings.TrimSpace(inside)
	}
	return strings.TrimSpace(s)
}

func cutAny(s, chars string) string {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i]
	}
	return s
}

package sip

import (
	"strconv"
	"strings"
)

// Outbound returns the instance ID and the reg-id of a Contact value (RFC 5626 section 4.1),
// without quotes and angle brackets. It reads a contact as received and a cleaned one. There is
// no reg-id without an instance ID (RFC 5626 section 6); an invalid reg-id is 0.
func Outbound(contact string) (instanceID string, regID uint32) {
	for p := range splitUnquoted(headerParams(contact)) {
		name, value, _ := strings.Cut(p, "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		// Cleaning may turn the plus sign into a space, see [CleanContact].
		case "+sip.instance", "sip.instance":
			instanceID = strings.Trim(value, `"<> `)
		case "reg-id":
			regID = 0
			if n, err := strconv.ParseUint(value, 10, 31); err == nil {
				regID = uint32(n)
			}
		}
	}
	if instanceID == "" {
		return "", 0
	}
	return instanceID, regID
}

// headerParams returns the parameters of a Contact value, each after its semicolon. Parameters
// within angle brackets belong to the URI; without brackets all belong to the header field
// (RFC 3261 section 20.10).
func headerParams(contact string) string {
	if i := indexUnquoted(contact, '<'); i >= 0 {
		_, contact, _ = strings.Cut(contact[i:], ">")
	}
	if i := indexUnquoted(contact, ';'); i >= 0 {
		return contact[i+1:]
	}
	return ""
}

// splitUnquoted iterates over the parts between semicolons outside quoted strings.
func splitUnquoted(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for {
			i := indexUnquoted(s, ';')
			if i < 0 {
				yield(s)
				return
			}
			if !yield(s[:i]) {
				return
			}
			s = s[i+1:]
		}
	}
}

// indexUnquoted returns the index of the first c outside quoted strings, or -1.
func indexUnquoted(s string, c byte) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case quoted && s[i] == '\\':
			i++
		case !quoted && s[i] == c:
			return i
		}
	}
	return -1
}

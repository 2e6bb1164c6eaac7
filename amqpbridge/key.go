package amqpbridge

import (
	"crypto/rand"
	"strings"
)

// Answers to a registrar's own questions are sent to a key of that run.
const (
	ownKeyPrefix  = "registrar-"
	ownKeyLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" // those of rand.Text
	ownKeyLeast   = 26                                 // and how many it has
)

func ownKey() string { return ownKeyPrefix + rand.Text() }

// isOwnKey reports whether a key looks like one of a registrar, of this one or of another on the
// broker.
func isOwnKey(key string) bool {
	text, ok := strings.CutPrefix(key, ownKeyPrefix)
	return ok && len(text) >= ownKeyLeast && strings.Trim(text, ownKeyLetters) == ""
}

package amqpbridge

import (
	"crypto/rand"
	"strings"
)

// A registrar receives the replies to its own requests on a random key of its run.
const (
	ownKeyPrefix  = "registrar-"
	ownKeyLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" // those of rand.Text
	ownKeyLength  = 26                                 // at least, of the random text
)

func ownKey() string { return ownKeyPrefix + rand.Text() }

// isOwnKey reports whether a key looks like one of a registrar, of this one or of another on the
// broker.
func isOwnKey(key string) bool {
	text, ok := strings.CutPrefix(key, ownKeyPrefix)
	return ok && len(text) >= ownKeyLength && strings.Trim(text, ownKeyLetters) == ""
}

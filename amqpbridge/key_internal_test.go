package amqpbridge

import (
	"strings"
	"testing"
)

// A key of a registrar differs from that of a switch.
func TestOwnKeys(t *testing.T) {
	for key, own := range map[string]bool{
		ownKey(): true, "": false, ownKeyPrefix: false, "registrar-kamailio-1-example-com-a": false,
		"kamailio@registrar-1.example.com": false, "registrar-" + strings.Repeat("a", 26): false,
	} {
		if isOwnKey(key) != own {
			t.Errorf("%q: %v", key, !own)
		}
	}
}

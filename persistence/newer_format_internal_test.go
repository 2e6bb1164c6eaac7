package persistence

import (
	"errors"
	"testing"
)

// A value of a newer format is refused, although its checksum is right.
func TestNewerFormatIsRefused(t *testing.T) {
	rec, cred := goldenRecord(), goldenCredential()
	key := keyOf(rec.Key)
	record, credential := encodeRecord(&rec, 5), encodeCredential(&cred, nil)
	record[0], credential[0] = registrationFormat+1, credentialFormat+1
	if _, err := decodeRecord(key, sign(key, record)); !errors.Is(err, errFormat) {
		t.Errorf("a record of a newer format gives %v", err)
	}
	if _, err := decodeCredential(key, sign(key, credential), nil); !errors.Is(err, errFormat) {
		t.Errorf("a credential of a newer format gives %v", err)
	}
}

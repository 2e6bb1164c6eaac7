package persistence

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"registrar/actors/domain"
)

// KeySize is the size of a sealing key in bytes (AES-256).
const KeySize = 32

// Keyring seals the secrets of credentials with AES-256-GCM. One key seals, all keys open. A nil
// keyring seals nothing. It is immutable and safe for use by many goroutines.
type Keyring struct {
	seal byte
	keys map[byte]cipher.AEAD
}

var errSealed = errors.New("the secrets are sealed")

// ReadKeyring reads one key a line: a number from 1 to 255, a space, and 32 bytes in base64. The
// first key seals. Empty lines and lines that begin with # are ignored. Errors name the line and
// never show it.
func ReadKeyring(r io.Reader) (*Keyring, error) {
	ring := &Keyring{keys: map[byte]cipher.AEAD{}}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if err := ring.add(line); err != nil {
			return nil, domain.Wrap(domain.Invalid, fmt.Sprintf("keys: line %d", n), err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, domain.Wrap(domain.Invalid, "keys", err)
	}
	if len(ring.keys) == 0 {
		return nil, domain.Wrap(domain.Invalid, "keys", errors.New("no key"))
	}
	return ring, nil
}

func (r *Keyring) add(line string) error {
	number, text, _ := strings.Cut(line, " ")
	id, err := strconv.ParseUint(number, 10, 8)
	if err != nil || id == 0 {
		return errors.New("does not begin with a number from 1 to 255")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != KeySize {
		return fmt.Errorf("is not %d bytes in base64", KeySize)
	}
	if r.keys[byte(id)] != nil {
		return fmt.Errorf("key %d is listed twice", id)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return fmt.Errorf("cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return fmt.Errorf("cipher: %w", err)
	}
	if r.seal == 0 {
		r.seal = byte(id)
	}
	r.keys[byte(id)] = aead
	return nil
}

// NewKey returns a line for [ReadKeyring] with a fresh key.
func NewKey(id byte) string {
	key := make([]byte, KeySize)
	_, _ = rand.Read(key) // crypto/rand ends the process instead of failing
	return fmt.Sprintf("%d %s\n", id, base64.StdEncoding.EncodeToString(key))
}

// SealsWith returns the number of the sealing key, or 0 without one.
func (r *Keyring) SealsWith() byte {
	if r == nil {
		return 0
	}
	return r.seal
}

// close seals a secret: nonce, then ciphertext. It authenticates the value's key, so a sealed
// secret cannot be moved to another user.
func (r *Keyring) close(key []byte, secret string) string {
	if r == nil {
		return secret
	}
	aead := r.keys[r.seal]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(secret)+aead.Overhead())
	_, _ = rand.Read(nonce) // see [NewKey]
	return string(aead.Seal(nonce, nonce, []byte(secret), key))
}

func (r *Keyring) open(id byte, key []byte, sealed string) (string, error) {
	if id == 0 {
		return sealed, nil
	}
	if r == nil || r.keys[id] == nil {
		return "", fmt.Errorf("%w with key %d, which was not given: see --key-file", errSealed, id)
	}
	aead := r.keys[id]
	if len(sealed) < aead.NonceSize() {
		return "", errShort
	}
	secret, err := aead.Open(nil, []byte(sealed[:aead.NonceSize()]), []byte(sealed[aead.NonceSize():]), key)
	if err != nil {
		return "", fmt.Errorf("%w with another key %d than the given one", errSealed, id)
	}
	return string(secret), nil
}

package console

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"registrar/actors/domain"
)

// Bounds of a credential file: the length of a line in bytes, and the number of reported errors.
const (
	maxLine   = 64 << 10
	maxErrors = 20
)

// ReadCredentials reads a credential file: JSON Lines with realm, user, password or ha1 and,
// optionally, method, account_id, authorizing_id, owner_id, enabled, ccv and response. Empty
// lines are skipped. If any line is invalid, it returns no credentials; the error has the line
// numbers and the first twenty errors in full. Errors name fields, never values.
func ReadCredentials(r io.Reader) ([]domain.Credential, error) {
	var creds []domain.Credential
	var bad []error
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	n, count := 0, 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		c, err := parseCredential(lines.Bytes())
		if err == nil {
			creds = append(creds, c)
			continue
		}
		if count++; count <= maxErrors {
			bad = append(bad, fmt.Errorf("line %d: %w", n, err))
		}
	}
	if err := lines.Err(); err != nil {
		count++
		bad = append(bad, fmt.Errorf("line %d: %w", n+1, err))
	}
	if count > maxErrors {
		bad = append(bad, fmt.Errorf("and %d more bad lines", count-maxErrors))
	}
	if len(bad) > 0 {
		return nil, domain.Wrap(domain.Invalid, "nothing was imported", errors.Join(bad...))
	}
	return creds, nil
}

// WriteCredentials writes a credential file with the secrets. It serves the control socket and the
// export.
func WriteCredentials(w io.Writer, creds []domain.Credential) error {
	e := json.NewEncoder(w)
	for _, c := range creds {
		secret, enabled := c.Secret.Reveal(), !c.Disabled
		l := credentialLine{
			Realm: string(c.Key.Realm), User: string(c.Key.User), AccountID: c.AccountID, AuthorizingID: c.AuthorizingID,
			OwnerID: c.OwnerID, Enabled: &enabled, CCV: c.CCV, Response: c.Response,
		}
		if c.Method == domain.A1Hash {
			l.HA1 = &secret
		} else {
			l.Password = &secret
		}
		if err := e.Encode(l); err != nil { //nolint:gosec // the file contains secrets on purpose.
			return fmt.Errorf("write credentials: %w", err)
		}
	}
	return nil
}

package console

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"registrar/actors/domain"
)

// The bounds of an import file.
const (
	maxLine   = 64 << 10
	maxErrors = 20
)

// credentialLine is one line of an import file.
type credentialLine struct {
	Realm         string          `json:"realm"`
	User          string          `json:"user"`
	Password      *string         `json:"password,omitempty"`
	HA1           *string         `json:"ha1,omitempty"`
	Method        string          `json:"method,omitempty"`
	AccountID     string          `json:"account_id,omitempty"`
	AuthorizingID string          `json:"authorizing_id,omitempty"`
	OwnerID       string          `json:"owner_id,omitempty"`
	Enabled       *bool           `json:"enabled,omitempty"`
	CCV           json.RawMessage `json:"ccv,omitempty"`
	Response      json.RawMessage `json:"response,omitempty"`
}

// ReadCredentials reads an import file: JSON Lines with realm, user, password or ha1 and, optionally, method, account_id,
// authorizing_id, owner_id, enabled, ccv, response. Empty lines are skipped. Every bad line is reported by its number, the first twenty in full, and then
// nothing is returned. Errors name fields, never what stands in them.
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

func parseCredential(line []byte) (domain.Credential, error) {
	var l credentialLine
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return domain.Credential{}, jsonError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return domain.Credential{}, errors.New("more than one JSON object")
	}
	key, err := domain.ParseKey(l.Realm, l.User)
	if err != nil {
		return domain.Credential{}, err
	}
	c := domain.Credential{
		Key: key, AccountID: l.AccountID, AuthorizingID: l.AuthorizingID, OwnerID: l.OwnerID,
		Disabled: l.Enabled != nil && !*l.Enabled,
	}
	if c.Method, c.Secret, err = l.secret(); err != nil {
		return domain.Credential{}, err
	}
	if c.CCV, err = object("ccv", l.CCV); err != nil {
		return domain.Credential{}, err
	}
	if c.Response, err = object("response", l.Response); err != nil {
		return domain.Credential{}, err
	}
	return c, nil
}

// object returns a JSON object as it is, nil when it is absent or null.
func object(field string, raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var o map[string]any
	if json.Unmarshal(raw, &o) != nil {
		return nil, fmt.Errorf("%s is not an object", field)
	}
	return raw, nil
}

// jsonError keeps what encoding/json quotes from the input out of the message: it may be part of a password.
func jsonError(err error) error {
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType):
		return fmt.Errorf("%s is not a %s", wrongType.Field, wrongType.Type)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return errors.New("not a JSON object")
}

func (l *credentialLine) secret() (domain.Method, domain.Secret, error) {
	switch {
	case l.Password != nil && l.HA1 != nil:
		return "", domain.Secret{}, errors.New("both password and ha1")
	case l.Password != nil && *l.Password != "" && (l.Method == "" || l.Method == string(domain.Password)):
		return domain.Password, domain.NewSecret(*l.Password), nil
	case l.HA1 != nil && (l.Method == "" || l.Method == string(domain.A1Hash)):
		s, err := ParseHA1(*l.HA1)
		return domain.A1Hash, s, err
	case l.Method != "" && l.Method != string(domain.Password) && l.Method != string(domain.A1Hash):
		return "", domain.Secret{}, errors.New("method is neither password nor a1-hash")
	case l.Password == nil && l.HA1 == nil, l.Password != nil && *l.Password == "":
		return "", domain.Secret{}, errors.New("neither password nor ha1")
	}
	return "", domain.Secret{}, errors.New("method does not fit password or ha1")
}

// ParseHA1 reads an HA1: 32 hex digits, kept in lower case.
func ParseHA1(s string) (domain.Secret, error) {
	if b, err := hex.DecodeString(s); err != nil || len(b) != 16 {
		return domain.Secret{}, errors.New("ha1 is not 32 hex digits")
	}
	return domain.NewSecret(strings.ToLower(s)), nil
}

// WriteCredentials writes an import file, secrets included: for the socket, and for who exports on purpose.
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
		if err := e.Encode(l); err != nil { //nolint:gosec // this is where secrets are meant to go.
			return fmt.Errorf("write credentials: %w", err)
		}
	}
	return nil
}

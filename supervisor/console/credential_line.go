package console

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"registrar/actors/domain"
)

// credentialLine is one line of a credential file.
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

// parseCredential parses one line.
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

// object returns the JSON object unchanged, or nil if it is absent or null.
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

// jsonError returns an error without the input that encoding/json quotes: it can be part of a
// password.
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

// secret returns the method and the secret of a line.
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

// ParseHA1 parses an HA1 of 32 hex digits and converts it to lower case (RFC 2617 LHEX).
func ParseHA1(s string) (domain.Secret, error) {
	if b, err := hex.DecodeString(s); err != nil || len(b) != 16 {
		return domain.Secret{}, errors.New("ha1 is not 32 hex digits")
	}
	return domain.NewSecret(strings.ToLower(s)), nil
}

package persistence

import (
	"encoding/json"

	"registrar/actors/domain"
)

const (
	credentialFormat = 1
	credentialHeader = 8
	sealedAt         = 2
	flagDisabled     = 1
)

func encodeCredential(c *domain.Credential, keys *Keyring) []byte {
	var flags byte
	if c.Disabled {
		flags = flagDisabled
	}
	key := keyOf(c.Key)
	v := []byte{credentialFormat, flags, keys.SealsWith(), 0, 0, 0, 0, 0}
	v = putText(v, c.Method)
	v = putText(v, keys.close(key, c.Secret.Reveal()))
	v = putText(v, c.AccountID)
	v = putText(v, c.AuthorizingID)
	v = putText(v, c.OwnerID)
	v = putText(v, c.CCV)
	if len(c.Response) > 0 {
		v = putText(v, c.Response)
	}
	return sign(key, v)
}

func decodeCredential(key, v []byte, keys *Keyring) (domain.Credential, error) {
	if err := verify(key, v, credentialHeader, credentialFormat); err != nil {
		return domain.Credential{}, err
	}
	k, err := parseKey(key)
	if err != nil {
		return domain.Credential{}, err
	}
	r := &reader{b: v[credentialHeader:]}
	c := domain.Credential{Key: k, Disabled: v[1]&flagDisabled != 0, Method: domain.Method(r.text())}
	secret, err := keys.open(v[sealedAt], key, r.text())
	if err != nil {
		return domain.Credential{}, err
	}
	c.Secret, c.AccountID, c.AuthorizingID, c.OwnerID = domain.NewSecret(secret), r.text(), r.text(), r.text()
	if ccv := r.text(); ccv != "" {
		c.CCV = json.RawMessage(ccv)
	}
	if len(r.b) > 0 && r.err == nil {
		c.Response = json.RawMessage(r.text())
	}
	return c, r.err
}

package wire

import (
	"encoding/json"

	"registrar/actors/domain"
)

// NewAuthnResponse returns the authn_resp for a credential, without envelope.
func NewAuthnResponse(cred domain.Credential) *AuthnResponse {
	r := &AuthnResponse{
		Method: string(cred.Method), Password: cred.Secret, ChannelVars: channelVars(cred),
	}
	if len(cred.Response) > 0 {
		_ = json.Unmarshal(cred.Response, &r.Extra) // the import accepts only an object
	}
	return r
}

// channelVars returns Custom-Channel-Vars: the provisioned variables and the user's identities.
func channelVars(cred domain.Credential) map[string]any {
	vars := map[string]any{}
	if len(cred.CCV) > 0 {
		_ = json.Unmarshal(cred.CCV, &vars) // the import accepts only an object
	}
	for k, v := range map[string]string{
		"Username": string(cred.Key.User), "Realm": string(cred.Key.Realm),
		"Account-ID": cred.AccountID, "Authorizing-ID": cred.AuthorizingID, "Owner-ID": cred.OwnerID,
	} {
		if v != "" {
			vars[k] = v
		}
	}
	return vars
}

// AccountOf returns the Account-ID of a credential, or else of its Custom-Channel-Vars. It
// returns "" when neither has one.
func AccountOf(cred domain.Credential) string {
	if cred.AccountID != "" {
		return cred.AccountID
	}
	return accountIn(cred.CCV)
}

// accountIn returns the Account-ID of a JSON object, "" when it has none or is not an object.
func accountIn(doc json.RawMessage) string {
	var o object
	if json.Unmarshal(doc, &o) != nil {
		return ""
	}
	account, _ := fieldReader{o}.text("Account-ID") // another type counts as absent
	return account
}

package amqpbridge

import (
	"registrar/actors/credential"
	"registrar/actors/domain"
	"registrar/actors/sip"
	"registrar/amqpbridge/wire"
	"registrar/supervisor/otp"
)

// authn answers the question for a user's credentials.
type authn struct {
	*answering
	realms *otp.Ref[credential.RealmsMessage]
}

// work decodes a request and asks the actor of its realm.
func (a *authn) work(c *otp.Context[FlowMessage], j *job, done func(outcome)) {
	msg, route, err := a.read(j)
	if err != nil {
		done(outcome{err: err})
		return
	}
	req, ok := msg.(*wire.AuthnRequest)
	if !ok {
		done(outcome{err: unexpected(msg)})
		return
	}
	realm, user, ours := req.Target()
	if !ours {
		done(settled("not_ours"))
		return
	}
	key, err := domain.ParseKey(realm, user)
	if err != nil {
		done(outcome{err: err})
		return
	}
	otp.Ask(c, a.realms, a.left(j), func(from otp.From[credential.Found]) credential.RealmsMessage {
		return credential.Ask{Lookup: credential.Lookup{From: from, Key: key}}
	}, func(found credential.Found, err error) FlowMessage {
		return outcome{j: j, err: err, then: func(c *otp.Context[FlowMessage]) string { return a.answer(c, req, route, found) }}
	})
}

func (a *authn) answer(c *otp.Context[FlowMessage], req *wire.AuthnRequest, route wire.Route, found credential.Found) string {
	if !found.OK {
		if a.silent(route.Generation) {
			return "not_found_silent"
		}
		a.reply(c, req.ServerID, wire.AuthnError{MsgID: req.MsgID, DeferResponse: true, PermanentError: a.spec.PermanentError})
		return "not_found"
	}
	cred := found.Credential
	resp := wire.AuthnResponse{
		MsgID: req.MsgID, Legacy: req.Legacy, Method: string(cred.Method), Password: wire.Secret(cred.Secret.Reveal()),
		Username: string(cred.Key.User), Realm: string(cred.Key.Realm),
		AccountID: cred.AccountID, AuthorizingID: cred.AuthorizingID, OwnerID: cred.OwnerID, CCV: cred.CCV,
	}
	if route.Generation == wire.Whistle {
		resp.TenantID = "ignore"
	}
	a.reply(c, req.ServerID, resp)
	return "answered"
}

// keyOf reads a registration's user: realm in lower case, user as received or folded.
func (a *answering) keyOf(realm, user string) (domain.Key, error) {
	return domain.ParseKey(realm, user) //nolint:wrapcheck // the domain's own error.
}

var _ = sip.CleanContact

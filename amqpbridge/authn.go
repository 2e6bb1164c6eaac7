package amqpbridge

import (
	"strings"

	"registrar/actors/credential"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/sip"
	"registrar/amqpbridge/wire"
)

// authnHandler answers requests for a user's credentials.
type authnHandler struct {
	*responder
	realms *otp.Ref[credential.RealmsMessage]
}

// handle asks the actor of the realm.
func (a *authnHandler) handle(c *consumerContext, j *job) {
	req, ok := j.msg.(*wire.AuthnRequest)
	if !ok {
		j.complete(c, failed(unexpected(j.msg)))
		return
	}
	key := j.aor
	if key == (domain.Key{}) { // decode could not tell it: find out why
		realm, user, supported := req.Target()
		if !supported {
			j.complete(c, ended("unsupported_method"))
			return
		}
		var err error
		if key, err = a.key(realm, user); err != nil {
			j.complete(c, failed(err))
			return
		}
	}
	ask(c, j, call[credential.RealmsMessage, credential.Found]{
		to: a.realms, timeout: a.remaining(j),
		request: func(from otp.From[credential.Found]) credential.RealmsMessage {
			return credential.Ask{Lookup: credential.Lookup{From: from, Key: key}}
		},
		then: func(c *consumerContext, found credential.Found) {
			j.complete(c, ended(a.answer(c, j, req, found)))
		},
	})
}

// answer replies and returns the outcome.
func (a *authnHandler) answer(c *consumerContext, j *job, req *wire.AuthnRequest, found credential.Found) string {
	proven := false
	if a.settings.VerifyDigest && found.OK && req.Digest.Complete() {
		proven = provenBy(req, found.Credential)
		found.OK = proven
	}
	if !found.OK {
		return a.refuse(c, j, req)
	}
	a.reply(c, j, &req.Envelope, a.response(j, req, found, proven).For(req.MsgID))
	return outcomeAnswered
}

// refuse tells the requester that there is no such user, if its generation expects that.
func (a *authnHandler) refuse(c *consumerContext, j *job, req *wire.AuthnRequest) string {
	if a.silent(j.route.Generation) && !j.canary {
		return outcomeNotFoundSilent
	}
	e := &wire.AuthnError{Envelope: wire.Envelope{MsgID: req.MsgID}, Deferred: true, Permanent: a.settings.PermanentError}
	a.reply(c, j, &req.Envelope, a.sender.AuthnError(e))
	if j.canary {
		return "canary"
	}
	return outcomeNotFound
}

// response returns the response for a credential. It is kept with the credential, except for
// Trusted-Auth.
func (a *authnHandler) response(j *job, req *wire.AuthnRequest, found credential.Found, proven bool) *wire.Template {
	form := responseForm{whistle: j.route.Generation == wire.Whistle, legacy: req.Legacy}
	if m, ok := found.Memo.Load().(cachedResponse); ok && m.form == form && !proven {
		return m.template
	}
	resp := wire.NewAuthnResponse(found.Credential)
	resp.Legacy, resp.Trusted = req.Legacy, proven
	if j.route.Generation == wire.Whistle {
		resp.TenantID = "ignore"
	}
	t := a.sender.AuthnTemplate(resp)
	if !proven {
		found.Memo.Store(cachedResponse{form: form, template: t})
	}
	return t
}

// cachedResponse is a response that is kept with the credential. Most requests for a credential
// expect the same form.
type cachedResponse struct {
	form     responseForm
	template *wire.Template
}

type responseForm struct{ whistle, legacy bool }

// isCanary reports whether a request is a registrar's own, which is always answered. A phone may
// name the realm as well, but it does not choose the Server-ID.
func isCanary(req *wire.AuthnRequest) bool {
	return strings.EqualFold(req.AuthRealm, string(canaryRealm)) && isOwnKey(req.ServerID)
}

// provenBy checks a client's digest.
func provenBy(req *wire.AuthnRequest, cred domain.Credential) bool {
	ha1 := cred.Secret.Reveal()
	if cred.Method != domain.A1Hash {
		ha1 = sip.HA1(req.AuthUser, req.AuthRealm, ha1)
	}
	d := req.Digest
	return sip.Digest{
		Method: req.Method, URI: d.URI, Nonce: d.Nonce, NC: d.NC, CNonce: d.CNonce, QOP: d.QOP, Algorithm: d.Algorithm,
	}.Proves(ha1, d.Response)
}

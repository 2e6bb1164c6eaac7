package amqpbridge

import (
	"strings"

	"registrar/actors/credential"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/sip"
	"registrar/amqpbridge/wire"
)

// authn answers the question for a user's credentials.
type authn struct {
	*responder
	realms *otp.Ref[credential.RealmsMessage]
}

// ask asks the actor of the realm.
func (a *authn) ask(c *otp.Context[ConsumerMessage], j *job, done func(outcome)) {
	req, ok := j.msg.(*wire.AuthnRequest)
	if !ok {
		done(outcome{err: unexpected(j.msg)})
		return
	}
	key := j.aor
	if key == (domain.Key{}) { // it could not be read: say why
		realm, user, ours := req.Target()
		if !ours {
			done(settled("not_ours"))
			return
		}
		var err error
		if key, err = a.key(realm, user); err != nil {
			done(outcome{err: err})
			return
		}
	}
	otp.Ask(c, a.realms, a.left(j), func(from otp.From[credential.Found]) credential.RealmsMessage {
		return credential.Ask{Lookup: credential.Lookup{From: from, Key: key}}
	}, func(found credential.Found, err error) ConsumerMessage {
		return outcome{j: j, err: err, then: func(c *otp.Context[ConsumerMessage]) string { return a.answer(c, j, req, found) }}
	})
}

func (a *authn) answer(c *otp.Context[ConsumerMessage], j *job, req *wire.AuthnRequest, found credential.Found) string {
	proven := false
	if a.settings.VerifyDigest && found.OK && req.Digest.Complete() {
		proven = provenBy(req, found.Credential)
		found.OK = proven
	}
	if !found.OK {
		if a.silent(j.route.Generation) && !j.canary {
			return "not_found_silent"
		}
		e := &wire.AuthnError{Envelope: wire.Envelope{MsgID: req.MsgID}, Deferred: true, Permanent: a.settings.PermanentError}
		a.reply(c, j, &req.Envelope, a.sender.AuthnError(e))
		if j.canary {
			return "canary"
		}
		return "not_found"
	}
	kind := memoKind{whistle: j.route.Generation == wire.Whistle, legacy: req.Legacy}
	if m, ok := found.Memo.Load().(memo); ok && m.kind == kind && !proven {
		a.reply(c, j, &req.Envelope, m.template.For(req.MsgID))
		return outcomeAnswered
	}
	resp := wire.NewAuthnResponse(found.Credential)
	resp.Legacy, resp.Trusted = req.Legacy, proven
	if j.route.Generation == wire.Whistle {
		resp.TenantID = "ignore"
	}
	t := a.sender.AuthnTemplate(resp)
	if !proven {
		found.Memo.Store(memo{kind: kind, template: t})
	}
	a.reply(c, j, &req.Envelope, t.For(req.MsgID))
	return outcomeAnswered
}

// memo is an answer kept with the credential that it was made of; a credential is mostly asked for in the same form.
type memo struct {
	kind     memoKind
	template *wire.Template
}

type memoKind struct{ whistle, legacy bool }

// isCanary reports whether a registrar asks to see whether it is answered: it always is. A phone may name the realm, too, but has no say in where the answer
// goes.
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

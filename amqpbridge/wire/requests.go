package wire

// Requests of ours: what a switch sends. They are for the simulated switch, the commands and tests.

// AuthnRequest writes an authn_req.
func (s Sender) AuthnRequest(r *AuthnRequest) []byte {
	f := fields{"To": r.To, "From": r.From, "Auth-User": r.AuthUser, "Auth-Realm": r.AuthRealm}
	f.put("Method", r.Method)
	f.put("Orig-IP", r.OrigIP)
	f.put("Orig-Port", r.OrigPort)
	f.put("Call-ID", r.CallID)
	f.put("Server-ID", r.ServerID)
	f.put("Auth-Response", r.Digest.Response)
	f.put("Auth-Nonce", r.Digest.Nonce)
	f.put("Auth-URI", r.Digest.URI)
	f.put("Auth-QOP", r.Digest.QOP)
	f.put("Auth-NC", r.Digest.NC)
	f.put("Auth-CNonce", r.Digest.CNonce)
	f.put("Auth-Algorithm", r.Digest.Algorithm)
	return s.encode("authn_req", r.MsgID, f)
}

// RegSuccess writes a reg_success; the message's own values win over those in Fields.
func (s Sender) RegSuccess(r *RegSuccess) []byte {
	f := fields{}
	for k, v := range r.Fields {
		f[k] = v
	}
	f["Realm"], f["Username"], f["Contact"], f["Expires"] = r.Realm, r.Username, r.Contact, r.Expires
	f["Event-Timestamp"] = r.EventTimestamp.Unix()
	f.put("Status", r.Status)
	f.put("Call-ID", r.CallID)
	f.put("Proxy-Path", r.ProxyPath)
	f.put("Server-ID", r.ServerID)
	return s.encode("reg_success", r.MsgID, f)
}

// RegQuery writes a reg_query.
func (s Sender) RegQuery(q *RegQuery) []byte {
	f := fields{"Realm": q.Realm}
	f.put("Username", q.Username)
	f.put("Server-ID", q.ServerID)
	if len(q.Fields) > 0 {
		f["Fields"] = q.Fields
	}
	if q.CountOnly {
		f["Count-Only"] = true
	}
	return s.encode("reg_query", q.MsgID, f)
}

// RegFlush writes a reg_flush.
func (s Sender) RegFlush(r *RegFlush) []byte {
	f := fields{"Realm": r.Realm}
	f.put("Username", r.Username)
	if r.CacheOnly {
		f["Cache-Only"] = true
	}
	return s.encode("reg_flush", r.MsgID, f)
}

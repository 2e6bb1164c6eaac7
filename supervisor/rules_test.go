package supervisor_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/domain"
	"registrar/amqpbridge/link"
	"registrar/supervisor"
)

const (
	whistleAuthn, kazoo4Authn, kazoo5Authn          = "callmgr authn.req", "callmgr authn.req.acme%2Etest", "registrar authn.endpoint.req.acme%2Etest"
	whistleReport, kazoo3Report, kazoo4Report       = "callmgr registration.success", "callmgr registration.success.acme%2Etest.100", "registrar registration.success.acme%2Etest.100"
	whistleQuery, kazoo3Query, kazoo4Query          = "callmgr registration.query", "callmgr registration.query.acme%2Etest.100", "registrar registration.query.acme%2Etest.100"
	realmQuery, flushKey, syncKey                   = "registrar registration.query.acme%2Etest.*", "registrar registration.flush.acme%2Etest", "registrar registration.sync"
	unixStamp, gregorianStamp                 int64 = 1795435200, 1795435200 + 62_167_219_200 // the rules' epoch
)

var (
	authnReq = fields{
		"Event-Category": "directory", "Event-Name": "authn_req", "Auth-Realm": "acme.test", "Auth-User": "100", "From": "sip:100@acme.test",
		"To": "sip:100@acme.test", "Method": "REGISTER",
	}
	regSuccess = fields{
		"Event-Category": "directory", "Event-Name": "reg_success", "Status": "Registered", "Event-Timestamp": unixStamp, "Expires": 300,
		"Contact": "<sip:100@192.0.2.7:5060>", "Realm": "acme.test", "Username": "100", "Node": "switch-a", "Call-ID": "call-1",
	}
	regQuery = fields{"Event-Name": "reg_query", "Realm": "acme.test", "Username": "100"}
)

// rule is one row: a rule of the wire protocol and its test.
type rule struct {
	says string
	// settings are changed before the start, nil for none.
	settings func(*supervisor.Config)
	test     func(*memoryBed)
}

// TestWireRules shows every rule about the messages on a whole registrar with a raw peer. Limits,
// epochs and texts in detail are the wire package's own tests.
func TestWireRules(t *testing.T) {
	for _, group := range [][]rule{generationRules(), envelopeRules(), authnRules(), reportRules(), queryRules(), noticeRules()} {
		for _, r := range group {
			t.Run(r.says, func(t *testing.T) {
				t.Parallel()
				r.test(newMemoryBed(t, r.settings))
			})
		}
	}
}

func (b *memoryBed) equal(what string, got, want any) {
	b.Helper()
	if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got)); diff != "" {
		b.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func generationRules() []rule {
	return []rule{
		{says: "1: all generations are served at once, each in its own form", test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			for _, to := range []string{whistleAuthn, kazoo4Authn, kazoo5Authn} {
				b.equal(to, b.ask(to, authnReq)["Auth-Password"], "s3cret")
			}
			for i, to := range []string{whistleReport, kazoo3Report, kazoo4Report} {
				b.report(to, regSuccess.with(fields{"Contact": fmt.Sprintf("sip:100@192.0.2.%d", i), "Event-Timestamp": unixStamp + int64(i)}))
				for _, to := range []string{whistleQuery, kazoo3Query, kazoo4Query} {
					m := b.ask(to, regQuery)
					_, single := m["Fields"].(map[string]any)
					if b.equal(to, m["Event-Name"], "reg_query_resp"); single != (to == whistleQuery) {
						b.Errorf("%s: %v", to, m)
					}
				}
			}
		}},
		{says: "2: exchanges that are there with other flags are used as they are", test: func(b *memoryBed) {
			b.stop()
			err := b.session.Apply(context.Background(), link.Topology{Exchanges: []link.Exchange{{Name: "durable-one", Kind: "topic", Durable: true}}})
			b.equal("declared", err, nil)
			b.start() // against a broker that has everything already
			b.equal("registered", b.report(kazoo4Report, regSuccess), "registered")
		}},
		{says: "2: realm and user come from the body, never from the key", test: func(b *memoryBed) {
			b.report("registrar registration.success.other%2Etest.999", regSuccess)
			b.equal("shown", b.contact("acme.test", "100"), "sip:100@192.0.2.7:5060")
			b.equal("shown", b.contact("other.test", "999"), "")
		}},
	}
}

func envelopeRules() []rule {
	return []rule{
		{says: "2: a missing content type is accepted, and gzip", test: func(b *memoryBed) {
			for _, p := range []link.Publishing{
				{Body: []byte(`{"Event-Name":"reg_query","Realm":"acme.test","Count-Only":"true","Msg-ID":"z","Server-ID":"peer@test"}`)},
				{Body: gzipped(b, regQuery.with(fields{"Count-Only": true, "Msg-ID": "z", "Server-ID": peerKey})), ContentEncoding: "gzip"},
			} {
				before := b.settled()
				b.put(realmQuery, p)
				b.until("settled", func() bool { return b.settled() > before })
				b.equal("count", b.answer("z")["Count"], 0)
			}
		}},
		{says: "2: what inflates beyond the limit is refused", test: func(b *memoryBed) {
			big := gzipped(b, regQuery.with(fields{"Fields": slices.Repeat([]string{"Contact"}, 20_000)}))
			b.put(realmQuery, link.Publishing{Body: big, ContentEncoding: "gzip"})
			b.until("refused", func() bool { return count(b.server.Counts(), "queries", "malformed_too_large") == 1 })
		}},
		{says: "3: our envelope names application, version and node, and echoes Msg-ID", test: func(b *memoryBed) {
			m := b.ask(realmQuery, regQuery.with(fields{"Count-Only": true}))
			if m["App-Name"] != "registrar" || m["App-Version"] != "devel" || !strings.HasPrefix(fmt.Sprint(m["Node"]), "registrar@") ||
				m["Event-Category"] != "directory" || m["Msg-ID"] != "ask-1" {
				b.Errorf("got %v", m)
			}
		}},
		{says: "3: without a Server-ID there is nobody to answer", test: func(b *memoryBed) {
			for _, id := range []any{json.RawMessage("null"), "", "consumer://x/y"} {
				b.equal("answer", b.ask(realmQuery, regQuery.with(fields{"Count-Only": true, "Server-ID": id})), fields(nil))
			}
		}},
		{says: "3: pid:// becomes the key and a header of bytes", test: func(b *memoryBed) {
			b.publish(realmQuery, regQuery.with(fields{"Count-Only": true, "Msg-ID": "z", "Server-ID": "pid://<0.77.0>/" + peerKey}))
			d := b.next()
			if pid, ok := d.Headers["Deliver-To-PID"].([]byte); !ok || string(pid) != "<0.77.0>" || d.Key != peerKey {
				b.Errorf("key %q, headers %v", d.Key, d.Headers)
			}
		}},
		{says: "3: loose types are read, documented types are written", test: func(b *memoryBed) {
			b.equal("report", b.report(kazoo4Report, regSuccess.with(fields{
				"Expires": "300", "Event-Timestamp": strconv.FormatInt(unixStamp, 10), "Source-Port": "5099", "Proxy-Port": 5060,
			})), "registered")
			one, ok := b.ask(kazoo4Query, regQuery)["Fields"].([]any)[0].(map[string]any)
			if !ok || one["Source-Port"] != "5099" || one["Proxy-Port"] != 5060.0 || one["Event-Timestamp"] != float64(gregorianStamp) {
				b.Errorf("got %v", one)
			}
			b.equal("count", b.ask(realmQuery, fields{"Event-Name": "reg_query", "Realm": "acme.test", "Count-Only": "true"})["Count"], 1)
			b.equal("deferred", b.ask(kazoo4Query, regQuery.with(fields{"Username": "nobody"}))["Defer-Response"], "true")
		}},
		{says: "3: the oldest names are understood and answered in kind", test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			m := b.ask(whistleAuthn, authnReq.with(fields{"Event-Name": "auth_req", "Auth-Realm": nil, "Auth-Domain": "acme.test"}))
			b.equal("event", m["Event-Name"], "auth_resp")
			b.equal("password", m["Auth-Password"], "s3cret")
		}},
	}
}

func authnRules() []rule {
	digest := fields{
		"Auth-Nonce": "n0nce", "Auth-URI": "sip:acme.test", "Auth-QOP": "auth", "Auth-NC": "00000001", "Auth-CNonce": "cn", "Auth-Algorithm": "MD5",
	}
	hash := func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }
	right := hash(hash("100:acme.test:s3cret") + ":n0nce:00000001:cn:auth:" + hash("REGISTER:sip:acme.test"))
	verify := func(c *supervisor.Config) { c.Bridge.VerifyDigest = true }
	return []rule{
		{says: "4: a realm that is an IP address is the host of To", test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			b.equal("password", b.ask(kazoo5Authn, authnReq.with(fields{"Auth-Realm": "192.0.2.1"}))["Auth-Password"], "s3cret")
			b.equal("password", b.ask(kazoo5Authn, authnReq.with(fields{"Auth-Realm": "2001:db8::1"}))["Auth-Password"], "s3cret")
		}},
		{says: "4: the user unknown is the user of To", test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			b.equal("password", b.ask(kazoo5Authn, authnReq.with(fields{"Auth-User": "unknown"}))["Auth-Password"], "s3cret")
		}},
		{says: "4: reverse-lookup gets no reply", test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			b.equal("answer", b.ask(kazoo5Authn, authnReq.with(fields{"Method": "reverse-lookup"})), fields(nil))
		}},
		{says: "4: the answer has what Kamailio's cache needs, and what was provisioned", test: func(b *memoryBed) {
			b.provision("acme.test", "100", func(c *domain.Credential) {
				c.AuthorizingID, c.OwnerID, c.CCV = "device-1", "owner-1", json.RawMessage(`{"Presence-ID":"p1"}`)
			})
			b.equal("variables", b.ask(kazoo5Authn, authnReq)["Custom-Channel-Vars"], map[string]any{
				"Account-ID": "account-1", "Authorizing-ID": "device-1", "Owner-ID": "owner-1", "Presence-ID": "p1", "Realm": "acme.test", "Username": "100",
			})
		}},
		{says: "4: optional fields of the answer that were provisioned go out, and no others", test: func(b *memoryBed) {
			b.provision("acme.test", "100", func(c *domain.Credential) {
				c.Response = json.RawMessage(`{"Expires":120,"Access-Group":"vip","Tenant-ID":"t","Custom-SIP-Headers":{"X":"y"},"Auth-Password":"x","Other":1}`)
			})
			b.stop()
			b.start() // from the file
			m := b.ask(whistleAuthn, authnReq)
			b.equal("answer", []any{m["Expires"], m["Access-Group"], m["Tenant-ID"], m["Custom-SIP-Headers"], m["Auth-Password"], m["Other"]},
				[]any{120.0, "vip", "t", map[string]any{"X": "y"}, "s3cret", nil})
		}},
		{says: "4: a hash goes out as a1-hash; whistle always gets Tenant-ID", test: func(b *memoryBed) {
			b.provision("acme.test", "100", func(c *domain.Credential) {
				c.Method, c.Secret = domain.A1Hash, domain.NewSecret(hash("100:acme.test:x"))
			})
			m := b.ask(whistleAuthn, authnReq)
			b.equal("answer", []any{m["Auth-Method"], m["Auth-Password"], m["Tenant-ID"]}, []any{"a1-hash", hash("100:acme.test:x"), "ignore"})
			b.equal("kazoo", b.ask(kazoo5Authn, authnReq)["Tenant-ID"], nil)
		}},
		{says: "4: not found follows the key: whistle hears nothing, kazoo an error", test: func(b *memoryBed) {
			b.equal("whistle", b.ask(whistleAuthn, authnReq), fields(nil))
			for _, to := range []string{kazoo4Authn, kazoo5Authn} {
				m := b.ask(to, authnReq)
				b.equal(to, []any{m["Event-Name"], m["Defer-Response"], m["Permanent-Error"]}, []any{"authn_err", "true", nil})
			}
		}},
		{says: "4: not_found silent", settings: func(c *supervisor.Config) { c.Bridge.NotFound = "silent" }, test: func(b *memoryBed) {
			b.equal("kazoo", b.ask(kazoo5Authn, authnReq), fields(nil))
		}},
		{says: "4: not_found error, with Permanent-Error when configured", settings: func(c *supervisor.Config) {
			c.Bridge.NotFound, c.Bridge.PermanentError = "error", true
		}, test: func(b *memoryBed) {
			m := b.ask(whistleAuthn, authnReq)
			b.equal("whistle", []any{m["Event-Name"], m["Permanent-Error"]}, []any{"authn_err", "true"})
		}},
		{says: "4: a right digest is trusted and gets no password", settings: verify, test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			m := b.ask(kazoo5Authn, authnReq.with(digest).with(fields{"Auth-Response": right}))
			b.equal("answer", []any{m["Event-Name"], m["Trusted-Auth"], m["Auth-Password"]}, []any{"authn_resp", "true", nil})
		}},
		{says: "4: a wrong digest is refused", settings: verify, test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			b.equal("answer", b.ask(kazoo5Authn, authnReq.with(digest).with(fields{"Auth-Response": hash("wrong")}))["Event-Name"], "authn_err")
		}},
		{says: "4: unless configured, a digest is left to the asker", test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			m := b.ask(kazoo5Authn, authnReq.with(digest).with(fields{"Auth-Response": right}))
			b.equal("answer", []any{m["Trusted-Auth"], m["Auth-Password"]}, []any{nil, "s3cret"})
		}},
	}
}

func publishing(body []byte) link.Publishing { return link.Publishing{Body: body} }

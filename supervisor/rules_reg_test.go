package supervisor_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"registrar/supervisor"
)

func reportRules() []rule {
	return []rule{
		{says: "5: the five required fields suffice, unknown ones are kept and served", test: func(b *memoryBed) {
			b.equal("report", b.report(kazoo4Report, fields{
				"Event-Name": "reg_success", "Event-Timestamp": unixStamp, "Contact": "sip:a@b", "Expires": 60, "Username": "100", "Realm": "acme.test",
				"Something-New": map[string]any{"deep": []any{1, "x"}},
			}), "registered")
			one := b.ask(kazoo4Query, regQuery)["Fields"].([]any)[0].(map[string]any) //nolint:forcetypeassert // a test.
			b.equal("kept", one["Something-New"], map[string]any{"deep": []any{1.0, "x"}})
		}},
		{says: "5: a missing required field is refused", test: func(b *memoryBed) {
			for _, f := range []string{"Event-Timestamp", "Contact", "Expires", "Username", "Realm"} {
				b.equal(f, b.report(kazoo4Report, regSuccess.with(fields{f: nil})), "malformed_missing_field")
			}
		}},
		{says: "5: the contact is cleaned: unquoted once behind the first @, without < and >", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess.with(fields{"Contact": `"A+B" <sip:1%2000@h%6Fst+x;p=%253D%zz>;q=1`}))
			b.equal("shown", b.contact("acme.test", "100"), `"A+B" sip:1%2000@host x;p=%3D%zz;q=1`)
		}},
		{says: "5: a known id is replaced by the latest document", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			b.equal("again", b.report(kazoo4Report, regSuccess.with(fields{"User-Agent": "new", "Event-Timestamp": unixStamp + 1})), "refreshed")
			one := b.ask(kazoo4Query, regQuery)["Fields"].([]any)[0].(map[string]any) //nolint:forcetypeassert // a test.
			b.equal("agent", one["User-Agent"], "new")
		}},
		{says: "5: an unknown id takes the place of the user's older registrations", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			b.report(kazoo4Report, regSuccess.with(fields{"Contact": "sip:100@192.0.2.8", "Event-Timestamp": unixStamp + 1}))
			b.equal("shown", b.contact("acme.test", "100"), "sip:100@192.0.2.8")
			b.equal("count", b.ask(realmQuery, regQuery.with(fields{"Username": nil, "Count-Only": true}))["Count"], 1)
		}},
		{says: "5: the same contact in two realms is two registrations", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			b.report(kazoo4Report, regSuccess.with(fields{"Realm": "other.test"}))
			b.report(kazoo4Report, regSuccess.with(fields{"Expires": 0, "Event-Timestamp": unixStamp + 1}))
			b.equal("acme", b.contact("acme.test", "100"), "")
			b.equal("other", b.contact("other.test", "100"), "sip:100@192.0.2.7:5060")
		}},
		{says: "5: realms fold, users do not", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess.with(fields{"Realm": "ACME.Test", "Username": "Bob"}))
			b.equal("same", b.contact("acme.TEST", "Bob"), "sip:100@192.0.2.7:5060")
			b.equal("other case", b.contact("acme.test", "bob"), "")
		}},
		{says: "5: fold_usernames gives Kazoo's way", settings: func(c *supervisor.Config) { c.Bridge.FoldUsernames = true }, test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess.with(fields{"Username": "Bob"}))
			b.equal("other case", b.contact("acme.test", "bOB"), "sip:100@192.0.2.7:5060")
			b.provision("acme.test", "bob", nil)
			b.equal("authn", b.ask(kazoo5Authn, authnReq.with(fields{"Auth-User": "BOB"}))["Auth-Password"], "s3cret")
		}},
		{says: "5: Expires 0 or status Unregistered removes", test: func(b *memoryBed) {
			for i, end := range []fields{{"Expires": 0}, {"Status": "Unregistered"}} {
				b.report(kazoo4Report, regSuccess.with(fields{"Event-Timestamp": unixStamp + int64(2*i)}))
				b.equal("removed", b.report(kazoo4Report, regSuccess.with(end).with(fields{"Event-Timestamp": unixStamp + int64(2*i+1)})), "removed")
				b.equal("shown", b.contact("acme.test", "100"), "")
			}
		}},
		{says: "5: an unregister is scoped to its contact, Call-ID and Proxy-Path", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess.with(fields{"Proxy-Path": "sip:proxy-b"}))
			for i, late := range []fields{{"Contact": "sip:100@192.0.2.99"}, {"Call-ID": "call-0"}, {"Proxy-Path": "sip:proxy-a"}} {
				f := regSuccess.with(fields{"Expires": 0, "Proxy-Path": "sip:proxy-b", "Event-Timestamp": unixStamp + int64(i+1)}).with(late)
				b.equal(fmt.Sprint(late), b.report(kazoo4Report, f), "not_registered")
			}
			b.equal("shown", b.contact("acme.test", "100"), "sip:100@192.0.2.7:5060")
			b.report(kazoo4Report, regSuccess.with(fields{"Contact": `"Desk" <sip:100@192.0.2.7:5060>;q=1`, "Proxy-Path": "sip:proxy-b", "Event-Timestamp": unixStamp + 7}))
			b.equal("its own", b.report(kazoo4Report, regSuccess.with(fields{
				"Expires": 0, "Proxy-Path": "sip:proxy-b", "Contact": "<sip:100@192.0.2.7:5060>;expires=0", "Event-Timestamp": unixStamp + 9,
			})), "removed")
		}},
		{says: "5: exact expiry by default", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			b.clock.pass(300*time.Second - time.Millisecond)
			b.equal("a millisecond before", b.contact("acme.test", "100"), "sip:100@192.0.2.7:5060")
			b.clock.pass(time.Millisecond)
			b.equal("at its time", b.contact("acme.test", "100"), "")
			b.equal("count", b.ask(realmQuery, regQuery.with(fields{"Username": nil, "Count-Only": true}))["Count"], 0)
			b.equal("realm", b.ask(realmQuery, regQuery.with(fields{"Username": nil}))["Event-Name"], "reg_query_error")
		}},
		{says: "5: grace is never shown, and a return within it is no first registration", settings: func(c *supervisor.Config) {
			c.Limits.Grace = 180 * time.Second
		}, test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			b.report(kazoo4Report, regSuccess)
			b.event("register")
			b.clock.pass(400 * time.Second)
			b.equal("shown", b.contact("acme.test", "100"), "")
			b.report(kazoo4Report, regSuccess.with(fields{"Event-Timestamp": unixStamp + 400}))
			b.clock.pass(481 * time.Second)
			b.event("deregister") // its end is told once, after the grace; the return was no second register
			b.equal("registers", count(b.server.Counts(), "notifier", "register"), 1)
		}},
		{says: "5: reg_flush of a user, and its cached credential", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			b.report(kazoo4Report, regSuccess.with(fields{"Username": "200"}))
			b.equal("flush", b.report(flushKey, fields{"Event-Name": "reg_flush", "Realm": "acme.test", "Username": "100"}), "removed")
			b.equal("gone", b.contact("acme.test", "100"), "")
			b.equal("stays", b.contact("acme.test", "200"), "sip:100@192.0.2.7:5060")
		}},
		{says: "5: reg_flush of a realm, and only of it", test: func(b *memoryBed) {
			for i := range 300 {
				b.publish(kazoo4Report, regSuccess.with(fields{"Username": fmt.Sprint("u", i)}))
			}
			b.publish(kazoo4Report, regSuccess.with(fields{"Realm": "other.test"}))
			b.publish(flushKey, fields{"Event-Name": "reg_flush", "Realm": "ACME.test"})
			b.until("flushed", func() bool { return b.outcomes()["realm_flushed"] == 1 })
			b.publish(kazoo4Report, regSuccess.with(fields{"Username": "u7", "Call-ID": "after"}))
			b.until("all", func() bool { return b.outcomes()["registered"] == 302 })
			b.equal("what came after it", b.contact("acme.test", "u7"), "sip:100@192.0.2.7:5060")
			b.equal("acme", b.ask(realmQuery, regQuery.with(fields{"Username": nil, "Count-Only": true}))["Count"], 1)
			b.equal("other", b.contact("other.test", "100"), "sip:100@192.0.2.7:5060")
		}},
		{says: "5: Cache-Only leaves the registrations", test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			b.ask(kazoo5Authn, authnReq)
			b.report(kazoo4Report, regSuccess)
			for _, f := range []fields{{"Username": "100"}, {}} {
				b.report(flushKey, fields{"Event-Name": "reg_flush", "Realm": "acme.test", "Cache-Only": "true"}.with(f))
				b.equal("stays", b.contact("acme.test", "100"), "sip:100@192.0.2.7:5060")
				b.equal("read anew", b.ask(kazoo5Authn, authnReq)["Auth-Password"], "s3cret")
			}
		}},
		{says: "5: reg_sync is answered with a replay for each live registration", test: func(b *memoryBed) {
			for i := range 1200 { // three pages
				b.publish(kazoo4Report, regSuccess.with(fields{"Username": fmt.Sprint("u", i), "First-Registration": true}))
			}
			b.report(kazoo4Report, regSuccess.with(fields{"Username": "short", "Expires": 10}))
			b.until("registered", func() bool { return b.outcomes()["registered"] == 1201 })
			b.clock.pass(20 * time.Second)
			b.publish(syncKey, fields{"Event-Name": "reg_sync", "Msg-ID": "s", "Server-ID": peerKey})
			seen := map[any]bool{}
			for len(seen) < 1200 {
				m := b.event("reg_success")
				seen[m["Username"]] = true
				if m["Status"] != "Success" || m["First-Registration"] != false || m["Expires"] != 280.0 || m["Event-Timestamp"] != float64(gregorianStamp+20) {
					b.Fatalf("got %v", m)
				}
			}
			b.until("synced", func() bool { return b.outcomes()["synced"] == 1 })
			if seen["short"] {
				b.Error("one that has ended is among them")
			}
		}},
		{says: "5: of several registrars one answers, but another registrar is answered by each", settings: func(c *supervisor.Config) {
			c.Bridge.Node, c.Bridge.Canary = "one", time.Hour // so it does not lead
		}, test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			ask := func(from string) string {
				return b.report("registrar registration.sync", fields{"Event-Name": "reg_sync", "Event-Category": "directory", "Server-ID": from, "Msg-ID": "sync"})
			}
			b.equal("a switch", ask(peerKey), "not_leader")
			b.equal("a registrar that has gone", ask(b.cfg.Bridge.RegistrationQueue+".two"), "unroutable")
		}},
		{says: "5: at start others are asked, when configured; their answers never beat what is live", settings: func(c *supervisor.Config) {
			c.Bridge.SyncAtStart = true
		}, test: func(b *memoryBed) {
			b.until("its own question came back", func() bool { return b.outcomes()["own_sync"] == 1 })
			b.report(kazoo4Report, regSuccess)
			replay := regSuccess.with(fields{"Status": "Success", "Contact": "sip:100@192.0.2.200", "Event-Timestamp": unixStamp + 50, "Node": "registrar@other"})
			to := "targeted " + b.cfg.Bridge.RegistrationQueue
			b.equal("replay", b.report(to, replay), "stale")
			b.equal("shown", b.contact("acme.test", "100"), "sip:100@192.0.2.7:5060")
			b.equal("of a user who is not here", b.report(to, replay.with(fields{"Username": "300"})), "registered")
		}},
	}
}

func queryRules() []rule {
	register := func(b *memoryBed) {
		b.report(kazoo4Report, regSuccess)
		b.report(kazoo4Report, regSuccess.with(fields{"Username": "200"}))
		b.report(kazoo4Report, regSuccess.with(fields{"Realm": "other.test"}))
	}
	length := func(m fields) int { list, _ := m["Fields"].([]any); return len(list) }
	return []rule{
		{says: "5: whistle: an object, Event-Timestamp as received; kazoo: an array, gregorian, Registrar-Age", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			b.clock.pass(90 * time.Second)
			f := fields{"Fields": []string{"Contact", "Event-Timestamp", "Not-There"}}
			b.equal("whistle", b.ask(whistleQuery, regQuery.with(f))["Fields"],
				map[string]any{"Contact": "sip:100@192.0.2.7:5060", "Event-Timestamp": float64(unixStamp)})
			m := b.ask(kazoo3Query, regQuery.with(f))
			b.equal("kazoo", m["Fields"], []any{map[string]any{"Contact": "sip:100@192.0.2.7:5060", "Event-Timestamp": float64(gregorianStamp)}})
			b.equal("age", m["Registrar-Age"], 90.0)
		}},
		{says: "5: Fields absent or empty means all", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			for _, f := range []any{nil, []string{}} {
				one := b.ask(kazoo4Query, regQuery.with(fields{"Fields": f}))["Fields"].([]any)[0].(map[string]any) //nolint:forcetypeassert // a test.
				b.equal("call id", one["Call-ID"], "call-1")
			}
		}},
		{says: "5: a realm, without Username, in the kazoo form on every key", test: func(b *memoryBed) {
			register(b)
			for _, to := range []string{whistleQuery, realmQuery} {
				b.equal(to, length(b.ask(to, regQuery.with(fields{"Username": nil}))), 2)
			}
		}},
		{says: "5: the realm all, in any case", test: func(b *memoryBed) {
			register(b)
			b.equal("all", length(b.ask(realmQuery, fields{"Event-Name": "reg_query", "Realm": "ALL"})), 3)
			b.equal("count", b.ask(realmQuery, fields{"Event-Name": "reg_query", "Realm": "all", "Count-Only": true})["Count"], 3)
		}},
		{says: "5: Count-Only", test: func(b *memoryBed) {
			register(b)
			m := b.ask(realmQuery, regQuery.with(fields{"Username": nil, "Count-Only": true}))
			b.equal("realm", []any{m["Count"], m["Fields"]}, []any{2.0, []any{}})
			b.equal("user", b.ask(kazoo4Query, regQuery.with(fields{"Count-Only": "true"}))["Count"], 1.0)
			b.equal("nobody", b.ask(kazoo4Query, regQuery.with(fields{"Realm": "no.test", "Username": nil, "Count-Only": true}))["Count"], 0.0)
		}},
		{says: "5: nothing found follows the key", test: func(b *memoryBed) {
			b.equal("whistle", b.ask(whistleQuery, regQuery), fields(nil))
			for _, to := range []string{kazoo3Query, kazoo4Query, realmQuery} {
				m := b.ask(to, regQuery)
				b.equal(to, []any{m["Event-Name"], m["Defer-Response"]}, []any{"reg_query_error", "true"})
			}
		}},
		{says: "5: query_form whistle", settings: func(c *supervisor.Config) { c.Bridge.QueryForm = "whistle" }, test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			if _, ok := b.ask(kazoo4Query, regQuery)["Fields"].(map[string]any); !ok {
				b.Error("no object")
			}
		}},
		{says: "5: query_form kazoo3: an object for a user, Multiple for a realm", settings: func(c *supervisor.Config) {
			c.Bridge.QueryForm = "kazoo3"
		}, test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			one, ok := b.ask(kazoo3Query, regQuery)["Fields"].(map[string]any)
			if !ok || one["Event-Timestamp"] != float64(gregorianStamp) {
				b.Errorf("got %v", one)
			}
			m := b.ask(realmQuery, regQuery.with(fields{"Username": nil}))
			b.equal("realm", []any{m["Multiple"], length(m)}, []any{"true", 1})
		}},
		{says: "5: query_form kazoo", settings: func(c *supervisor.Config) { c.Bridge.QueryForm = "kazoo" }, test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			b.equal("whistle key", length(b.ask(whistleQuery, regQuery)), 1)
		}},
		{says: "5: an answer beyond its cap is refused with a hint", settings: func(c *supervisor.Config) { c.Bridge.MaxReply = 300 }, test: func(b *memoryBed) {
			register(b)
			m := b.ask(realmQuery, regQuery.with(fields{"Username": nil}))
			if m["Event-Name"] != "reg_query_error" || !strings.Contains(fmt.Sprint(m["Error-Message"]), "Count-Only") {
				b.Errorf("got %v", m)
			}
			b.equal("with fewer fields", length(b.ask(realmQuery, regQuery.with(fields{"Username": nil, "Fields": []string{"Contact"}}))), 2)
		}},
	}
}

func noticeRules() []rule {
	told := func(b *memoryBed, name, exchange, key string) fields {
		m := b.event(name)
		b.equal(name, []any{m["_exchange"], m["_key"], m["Username"], m["Realm"]}, []any{exchange, key, "100", "acme.test"})
		return m
	}
	return []rule{
		{says: "5: register at the first registration, deregister at unregister and expiry", test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			b.report(kazoo4Report, regSuccess)
			m := told(b, "register", "notifications", "notifications.sip.register")
			b.equal("register", []any{m["Account-ID"], m["Event-Category"], m["Contact"]}, []any{"account-1", "notification", "sip:100@192.0.2.7:5060"})
			b.report(kazoo4Report, regSuccess.with(fields{"Event-Timestamp": unixStamp + 1})) // a refresh is no first one
			b.report(kazoo4Report, regSuccess.with(fields{"Event-Timestamp": unixStamp + 2, "Expires": 0}))
			m = told(b, "deregister", "notifications", "notifications.sip.deregister")
			b.equal("deregister", m["Account-ID"], "account-1")
			b.report(kazoo4Report, regSuccess.with(fields{"Event-Timestamp": unixStamp + 3}))
			b.clock.pass(301 * time.Second)
			told(b, "deregister", "notifications", "notifications.sip.deregister")
			b.equal("registers", count(b.server.Counts(), "notifier", "register"), 2)
		}},
		{says: "5: the account comes from the report, if it has one", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess.with(fields{"Custom-Channel-Vars": fields{"Account-ID": "acc-2"}}))
			b.equal("account", told(b, "register", "notifications", "notifications.sip.register")["Account-ID"], "acc-2")
		}},
		{says: "5: no account, no notice", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			b.until("counted", func() bool { return count(b.server.Counts(), "notifier", "no_account") == 1 })
		}},
		{says: "5: Suppress-Unregister-Notify", test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			b.report(kazoo4Report, regSuccess.with(fields{"Suppress-Unregister-Notify": "true"}))
			b.report(kazoo4Report, regSuccess.with(fields{"Event-Timestamp": unixStamp + 2, "Expires": 0}))
			b.until("not told", func() bool { return count(b.server.Counts(), "notifier", "suppressed") == 1 })
			b.equal("told", count(b.server.Counts(), "notifier", "deregister"), 0)
		}},
		{says: "5: register_overwrite when the contact changes and it is asked for", test: func(b *memoryBed) {
			b.report(kazoo4Report, regSuccess)
			b.report(kazoo4Report, regSuccess.with(fields{"Contact": "sip:100@192.0.2.8", "Event-Timestamp": unixStamp + 1}))
			b.report(kazoo4Report, regSuccess.with(fields{"Contact": "sip:100@192.0.2.9", "Event-Timestamp": unixStamp + 2, "Register-Overwrite-Notify": true}))
			m := told(b, "register_overwrite", "presence", "register_overwrites.acme%2Etest")
			b.equal("contacts", []any{m["Contact"], m["Previous-Contact"]}, []any{"sip:100@192.0.2.9", "sip:100@192.0.2.8"})
			b.until("counted", func() bool { return count(b.server.Counts(), "notifier", "register_overwrite") == 1 })
		}},
		{says: "5: notices off", settings: func(c *supervisor.Config) { c.Bridge.Notices = false }, test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			b.report(kazoo4Report, regSuccess)
			b.contact("acme.test", "100")
			for _, c := range b.server.Counts() {
				if c.Component == "notifier" {
					b.Errorf("counted %+v", c)
				}
			}
		}},
		{says: "6: what is not valid is counted, set aside with its reason and logged without values", test: func(b *memoryBed) {
			for body, reason := range map[string]string{
				`{`: "malformed_not_json", `[]`: "malformed_not_an_object", `{"Event-Name":"x"}`: "malformed_unknown_event",
				strings.Repeat(`{"a":`, 17) + `1` + strings.Repeat(`}`, 17): "malformed_too_deep",
			} {
				b.put(kazoo4Report, publishing([]byte(body)))
				b.until(reason, func() bool { return b.outcomes()[reason] == 1 })
			}
			for field, bad := range map[string]any{"Contact": strings.Repeat("x", 2049), "Realm": strings.Repeat("x", 256), "Username": strings.Repeat("x", 256), "Expires": -1} {
				before := b.outcomes()["malformed_bad_value"]
				f, err := json.Marshal(regSuccess.with(fields{field: bad}))
				b.equal("encode", err, nil)
				b.put(kazoo4Report, publishing(f))
				b.until(field, func() bool { return b.outcomes()["malformed_bad_value"] == before+1 })
			}
			ready, _ := b.broker.Depth(b.cfg.Bridge.MalformedQueue)
			b.equal("set aside", ready, 8)
		}},
	}
}

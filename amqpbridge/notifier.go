package amqpbridge

import (
	"encoding/json"
	"strconv"
	"sync/atomic"

	"registrar/actors/credential"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/actors/sip"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// noticesMost bounds the news that wait for their notices: when a broker is slow and a million registrations end, notices are left out
// and counted, not piled up.
const noticesMost = 10_000

// noticesPart is the notices' flow in [Tally].
const noticesPart = "notices"

// NoticesMessage is what the actor of the notices understands.
type NotifierMessage interface{ noticesMessage() }

// news is what a commit has changed.
type registrationEvent struct{ registration.Event }

// owner is the answer to whose account a registration belongs to.
type owner struct {
	news    registrationEvent
	about   wire.About
	account string
}

func (registrationEvent) noticesMessage() {}
func (owner) noticesMessage()             {}

// notices tells other applications what has changed (Kazoo's register, deregister and register_overwrite). Each is sent at most once: one
// that is lost with a broker or a crash is not repeated.
type notifier struct {
	*responder
	self    *otp.Ref[NotifierMessage]
	realms  *otp.Ref[credential.RealmsMessage]
	pending *atomic.Int64
	seq     int
}

// Notify takes news from a user's actor. It never blocks.
func (b *Bridge) Notify(from otp.Origin, e registration.Event) {
	if !b.spec.Settings.Notices {
		return
	}
	if b.news.Add(1) > noticesMost {
		b.news.Add(-1)
		b.Tally.Add(noticesPart, "overloaded")
		return
	}
	if b.notices.Tell(from, registrationEvent{e}) != nil {
		b.news.Add(-1) // its actor is gone for now
	}
}

// Init has nothing to do.
func (n *notifier) Init(*otp.Context[NotifierMessage]) error {
	n.pending.Store(0)
	return nil
}

// Handle takes one message.
func (n *notifier) Handle(c *otp.Context[NotifierMessage], msg NotifierMessage) {
	switch m := msg.(type) {
	case registrationEvent:
		n.onNews(c, m)
	case owner:
		n.pending.Add(-1)
		n.send(c, m)
	}
}

// Terminate does nothing: what is queued is lost.
func (*notifier) Terminate(*otp.Context[NotifierMessage], otp.Reason) {}

// State is what an operator may see.
func (n *notifier) State() any { return struct{ Pending int64 }{n.pending.Load()} }

func (n *notifier) onNews(c *otp.Context[NotifierMessage], m registrationEvent) {
	about := wire.AboutDocument(m.Binding.Doc)
	switch {
	case !n.leads.Load():
		n.tally.Add(noticesPart, "left_to_another")
	case m.Kind == registration.WentDown && about.Silent, m.Kind == registration.Overwritten && !about.Overwrite:
		n.tally.Add(noticesPart, "not_wanted")
	case about.Account != "" || m.Kind == registration.Overwritten:
		n.send(c, owner{news: m, about: about, account: about.Account})
	default:
		n.askOwner(c, m, about)
		return // it waits still
	}
	n.pending.Add(-1)
}

// askOwner finds out whose a registration is.
func (n *notifier) askOwner(c *otp.Context[NotifierMessage], m registrationEvent, about wire.About) {
	// A proxy does not know whose account a phone belongs to; whoever asks for credentials is told.
	otp.Ask(c, n.realms, n.settings.ReplyDeadline, func(from otp.From[credential.Found]) credential.RealmsMessage {
		return credential.Ask{Lookup: credential.Lookup{From: from, Key: m.Key}}
	}, func(f credential.Found, _ error) NotifierMessage {
		return owner{news: m, about: about, account: accountOf(f.Credential)}
	})
}

func accountOf(cred domain.Credential) string {
	if cred.AccountID != "" || len(cred.CCV) == 0 {
		return cred.AccountID
	}
	var ccv struct {
		Account string `json:"Account-ID"`
	}
	_ = json.Unmarshal(cred.CCV, &ccv) // not there or no text: no account
	return ccv.Account
}

func (n *notifier) send(c *otp.Context[NotifierMessage], m owner) {
	kind := wire.Registers
	switch m.news.Kind {
	case registration.CameUp:
	case registration.WentDown:
		kind = wire.Deregisters
	case registration.Overwritten:
		kind = wire.Overwrites
	}
	if m.account == "" && kind != wire.Overwrites { // a required field
		n.tally.Add(noticesPart, "no_account")
		return
	}
	n.seq++
	exchange, _ := kind.Exchange()
	n.post(c, Send{Publishing: link.Publishing{
		Exchange: exchange, Key: kind.Key(sip.EncodeKey(string(m.news.Key.Realm))), ContentType: "application/json",
		Body: n.sender.Notice(kind, "notice-"+strconv.Itoa(n.seq), m.about, m.account, m.news.Previous.Contact),
	}, Event: string(kind)})
	n.tally.Add(noticesPart, string(kind))
}

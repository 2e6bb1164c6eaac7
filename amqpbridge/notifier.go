package amqpbridge

import (
	"strconv"
	"sync/atomic"

	"registrar/actors/credential"
	"registrar/actors/otp"
	"registrar/actors/registration"
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
	about   wire.Document
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
	about := wire.ParseDocument(m.Binding.Doc)
	switch {
	case !n.leads.Load():
		n.tally.Add(noticesPart, "left_to_another")
	case m.Kind == registration.BindingEnded && about.SuppressUnregister, m.Kind == registration.Overwritten && !about.OverwriteNotify:
		n.tally.Add(noticesPart, "not_wanted")
	case about.AccountID != "" || m.Kind == registration.Overwritten:
		n.send(c, owner{news: m, about: about, account: about.AccountID})
	default:
		n.askOwner(c, m, about)
		return // it waits still
	}
	n.pending.Add(-1)
}

// askOwner finds out whose a registration is.
func (n *notifier) askOwner(c *otp.Context[NotifierMessage], m registrationEvent, about wire.Document) {
	// A proxy does not know whose account a phone belongs to; whoever asks for credentials is told.
	otp.Ask(c, n.realms, n.settings.ReplyDeadline, func(from otp.From[credential.Found]) credential.RealmsMessage {
		return credential.Ask{Lookup: credential.Lookup{From: from, Key: m.Key}}
	}, func(f credential.Found, _ error) NotifierMessage {
		return owner{news: m, about: about, account: wire.AccountOf(f.Credential)}
	})
}

func (n *notifier) send(c *otp.Context[NotifierMessage], m owner) {
	kind := wire.NotifyRegister
	switch m.news.Kind {
	case registration.UserRegistered:
	case registration.BindingEnded:
		kind = wire.NotifyDeregister
	case registration.Overwritten:
		kind = wire.NotifyOverwrite
	}
	if m.account == "" && kind != wire.NotifyOverwrite { // a required field
		n.tally.Add(noticesPart, "no_account")
		return
	}
	n.seq++
	n.post(c, Send{Publishing: link.Publishing{
		Exchange: kind.Exchange(), Key: kind.Key(string(m.news.Key.Realm)), ContentType: "application/json",
		Body: n.sender.Notification(&wire.Notification{
			Envelope: wire.Envelope{MsgID: "notice-" + strconv.Itoa(n.seq)}, Kind: kind, Document: m.about, AccountID: m.account,
			PreviousContact: m.news.Previous.Contact,
		}),
	}, Event: string(kind)})
	n.tally.Add(noticesPart, string(kind))
}

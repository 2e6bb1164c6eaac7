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

// maxPendingEvents bounds the events that wait for the notifier. When a million registrations
// end over a slow broker, further events are counted and dropped.
const maxPendingEvents = 10_000

// notifierName is the notifier's name in [outcomeCounters].
const notifierName = "notifier"

// notifierMessage is a message to the notifier.
type notifierMessage interface{ notifierMessage() }

// registrationEvent is a change that a commit has made.
type registrationEvent struct{ registration.Event }

// accountFound is a registration event with the account of its user.
type accountFound struct {
	event    registrationEvent
	document wire.Document
	account  string // may be empty
}

func (registrationEvent) notifierMessage() {}
func (accountFound) notifierMessage()      {}

// notifier publishes Kazoo's notifications: register, deregister and register_overwrite. Each is
// sent at most once: a notification that is lost with the broker or a crash is not repeated.
type notifier struct {
	*responder
	realms  *otp.Ref[credential.RealmsMessage]
	pending *atomic.Int64 // waiting events, bounded by maxPendingEvents
	seq     int
}

// Notify takes a registration event from a registration actor. It never blocks.
func (b *Bridge) Notify(from otp.Origin, e registration.Event) {
	if !b.spec.Settings.Notices {
		return
	}
	if b.pendingEvents.Add(1) > maxPendingEvents {
		b.pendingEvents.Add(-1)
		b.outcomes.add(notifierName, "overloaded")
		return
	}
	if b.notifier.Tell(from, registrationEvent{e}) != nil {
		b.pendingEvents.Add(-1) // the notifier is restarting
	}
}

// Init resets the count of waiting events: the mailbox of the last incarnation is lost.
func (n *notifier) Init(*otp.Context[notifierMessage]) error {
	n.pending.Store(0)
	return nil
}

// Handle handles one message.
func (n *notifier) Handle(c *otp.Context[notifierMessage], msg notifierMessage) {
	switch m := msg.(type) {
	case registrationEvent:
		n.onEvent(c, m)
	case accountFound:
		n.pending.Add(-1)
		n.notify(c, m)
	}
}

// Terminate does nothing.
func (*notifier) Terminate(*otp.Context[notifierMessage], otp.Reason) {}

// State returns the state for the console.
func (n *notifier) State() any { return struct{ Pending int64 }{n.pending.Load()} }

func (n *notifier) onEvent(c *otp.Context[notifierMessage], m registrationEvent) {
	doc := wire.ParseDocument(m.Binding.Doc)
	switch {
	case !n.leader.Load():
		n.outcomes.add(notifierName, "not_leader")
	case m.Kind == registration.BindingEnded && doc.SuppressUnregister,
		m.Kind == registration.Overwritten && !doc.OverwriteNotify:
		n.outcomes.add(notifierName, "suppressed")
	case doc.AccountID != "" || m.Kind == registration.Overwritten:
		n.notify(c, accountFound{event: m, document: doc, account: doc.AccountID})
	default:
		n.askAccount(c, m, doc)
		return // the event waits for the credential
	}
	n.pending.Add(-1)
}

// askAccount asks for the account of a user whose report does not name it, as those of a
// FreeSWITCH do not.
func (n *notifier) askAccount(c *otp.Context[notifierMessage], m registrationEvent, doc wire.Document) {
	otp.Ask(c, n.realms, n.settings.ReplyDeadline, func(from otp.From[credential.Found]) credential.RealmsMessage {
		return credential.Ask{Lookup: credential.Lookup{From: from, Key: m.Key}}
	}, func(f credential.Found, _ error) notifierMessage {
		return accountFound{event: m, document: doc, account: wire.AccountOf(f.Credential)}
	})
}

// notify publishes the notification. Account-ID is required except for register_overwrite.
func (n *notifier) notify(c *otp.Context[notifierMessage], m accountFound) {
	kind := kindOf(m.event.Kind)
	if m.account == "" && kind != wire.NotifyOverwrite {
		n.outcomes.add(notifierName, "no_account")
		return
	}
	n.seq++
	body := n.sender.Notification(&wire.Notification{
		Envelope: wire.Envelope{MsgID: "notification-" + strconv.Itoa(n.seq)}, Kind: kind,
		Document: m.document, AccountID: m.account, PreviousContact: m.event.Previous.Contact,
	})
	n.post(c, publishMessage{Event: string(kind), Publishing: link.Publishing{
		Exchange: kind.Exchange(), Key: kind.Key(string(m.event.Key.Realm)), ContentType: "application/json", Body: body,
	}})
	n.outcomes.add(notifierName, string(kind))
}

func kindOf(k registration.EventKind) wire.NotificationKind {
	switch k {
	case registration.UserRegistered:
	case registration.BindingEnded:
		return wire.NotifyDeregister
	case registration.Overwritten:
		return wire.NotifyOverwrite
	}
	return wire.NotifyRegister
}

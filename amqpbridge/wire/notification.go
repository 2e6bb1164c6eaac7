package wire

import (
	"encoding/json"
	"maps"

	"registrar/actors/sip"
)

// NotificationKind is the kind of a notification and the name of its event.
type NotificationKind string

// Notifications of Kazoo's registrar.
const (
	// NotifyRegister says that a user without a registration has registered.
	NotifyRegister NotificationKind = "register"
	// NotifyDeregister says that a registration has ended: unregistered, flushed or expired.
	NotifyDeregister NotificationKind = "deregister"
	// NotifyOverwrite says that a contact has replaced another.
	NotifyOverwrite NotificationKind = "register_overwrite"
)

// Exchange returns the exchange of a notification.
func (k NotificationKind) Exchange() string {
	if k == NotifyOverwrite {
		return "presence"
	}
	return "notifications"
}

// Key returns the routing key of a notification about a realm.
func (k NotificationKind) Key(realm string) string {
	switch k {
	case NotifyRegister:
		return "notifications.sip.register"
	case NotifyDeregister:
		return "notifications.sip.deregister"
	case NotifyOverwrite:
	}
	return "register_overwrites." + sip.EncodeKey(realm)
}

func (k NotificationKind) category() string {
	if k == NotifyOverwrite {
		return "presence"
	}
	return "notification"
}

// Document is the part of a stored document that notifications need.
type Document struct {
	// AccountID comes from the document or else from its Custom-Channel-Vars; it may be empty.
	AccountID string
	// SuppressUnregister suppresses the deregister notification (Suppress-Unregister-Notify).
	SuppressUnregister bool
	// OverwriteNotify requests the register_overwrite notification (Register-Overwrite-Notify).
	OverwriteNotify bool

	fields object
}

// ParseDocument reads a stored document. It returns a zero Document for invalid JSON.
func ParseDocument(doc []byte) Document {
	var o object
	if json.Unmarshal(doc, &o) != nil {
		return Document{}
	}
	r := fieldReader{o}
	d := Document{
		SuppressUnregister: r.flag("Suppress-Unregister-Notify"),
		OverwriteNotify:    r.flag("Register-Overwrite-Notify"), fields: o,
	}
	d.AccountID, _ = r.text("Account-ID") // another type counts as absent
	if d.AccountID == "" {
		d.AccountID = accountIn(o["Custom-Channel-Vars"])
	}
	return d
}

// Notification tells other applications about a change of a registration: register, deregister or
// register_overwrite.
type Notification struct {
	Envelope
	Kind NotificationKind
	// Document describes the registration.
	Document Document
	// AccountID may come from the user's credential instead of the document.
	AccountID string
	// PreviousContact is the replaced contact of a [NotifyOverwrite].
	PreviousContact string
}

func (d *decoder) notification(env Envelope) *Notification {
	return &Notification{
		Envelope: env, Kind: NotificationKind(env.Event), Document: Document{fields: d.all.object()},
		AccountID: d.optional("Account-ID"), PreviousContact: d.optional("Previous-Contact"),
	}
}

// notificationFields are the optional fields of a notification.
func notificationFields() []string {
	return []string{
		"Realm", "Username", "Contact", "Expires", "User-Agent", "Call-ID", "From-User", "From-Host",
		"To-User", "To-Host", "Network-IP", "Network-Port", "RPid", "Status", "Presence-Hosts",
		"Profile-Name", "Owner-ID", "Authorizing-ID", "Source-IP", "Source-Port", "Event-Timestamp",
	}
}

// Notification writes a notification, with a gregorian Event-Timestamp.
func (s Sender) Notification(n *Notification) []byte {
	doc := maps.Clone(n.Document.fields)
	toGregorian(doc)
	f := fields{"Event-Category": n.Kind.category()}
	for _, name := range notificationFields() {
		if v, ok := doc[name]; ok {
			f[name] = v
		}
	}
	f.put("Account-ID", n.AccountID)
	f.put("Previous-Contact", n.PreviousContact)
	return s.encode(string(n.Kind), n.MsgID, f)
}

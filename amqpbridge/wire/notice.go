package wire

import "encoding/json"

// NoticeKind is what a notice says, and the name of its event.
type NoticeKind string

// The notices that Kazoo's registrar sends.
const (
	// Registers says that a user has registered who was not registered before.
	Registers NoticeKind = "register"
	// Deregisters says that a registration has ended: unregistered, flushed or expired.
	Deregisters NoticeKind = "deregister"
	// Overwrites says that a contact has taken the place of another.
	Overwrites NoticeKind = "register_overwrite"
)

// Exchange returns the exchange that notices of this kind go to, and their category.
func (k NoticeKind) Exchange() (exchange, category string) {
	if k == Overwrites {
		return "presence", "presence"
	}
	return "notifications", "notification"
}

// Key returns the routing key of a notice; realm is encoded already.
func (k NoticeKind) Key(realm string) string {
	switch k {
	case Registers:
		return "notifications.sip.register"
	case Deregisters:
		return "notifications.sip.deregister"
	case Overwrites:
	}
	return "register_overwrites." + realm
}

// About reads what a notice needs to know from the document of a registration.
type About struct {
	// Account is the Account-ID, from the document or its Custom-Channel-Vars; empty when there is none.
	Account string
	// Silent says that its end is not to be told (Suppress-Unregister-Notify); Overwrite that its replacement is
	// (Register-Overwrite-Notify).
	Silent, Overwrite bool
	fields            object
}

// AboutDocument reads a document. What is none is about nothing.
func AboutDocument(doc []byte) About {
	var o object
	if json.Unmarshal(doc, &o) != nil {
		return About{}
	}
	r := reading{o}
	a := About{Silent: r.flag("Suppress-Unregister-Notify"), Overwrite: r.flag("Register-Overwrite-Notify"), fields: o}
	a.Account, _ = r.text("Account-ID") // of another type it is as good as absent
	if a.Account == "" {
		var ccv object
		if json.Unmarshal(o["Custom-Channel-Vars"], &ccv) == nil {
			a.Account, _ = reading{ccv}.text("Account-ID") // as above
		}
	}
	return a
}

// noticed are the fields of a registration that a notice carries besides the required ones.
func noticed() []string {
	return []string{
		"Realm", "Username", "Contact", "Expires", "User-Agent", "Call-ID", "From-User", "From-Host", "To-User", "To-Host", "Network-IP", "Network-Port",
		"RPid", "Status", "Presence-Hosts", "Profile-Name", "Owner-ID", "Authorizing-ID", "Source-IP", "Source-Port",
	}
}

// Notice writes a notice about a registration. The previous contact is for [Overwrites].
func (s Sender) Notice(kind NoticeKind, msgID string, a About, account, previous string) []byte {
	f := fields{}
	for _, name := range noticed() {
		if v, ok := a.fields[name]; ok {
			f[name] = v
		}
	}
	gregorianTime(a.fields)
	if v, ok := a.fields["Event-Timestamp"]; ok {
		f["Event-Timestamp"] = v
	}
	_, f["Event-Category"] = kind.Exchange()
	f.put("Account-ID", account)
	f.put("Previous-Contact", previous)
	return s.encode(string(kind), msgID, f)
}

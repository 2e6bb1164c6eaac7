package registration

import (
	"registrar/actors/domain"
	"registrar/actors/otp"
)

// notify reports the events of a committed request. The end of a binding comes before its
// successor.
func (a *Actor) notify(c *otp.Context[Message], s pendingReply) {
	if a.env.Notify == nil {
		return
	}
	tell := func(k EventKind, b, previous domain.Binding) {
		a.env.Notify(c, Event{Kind: k, Key: a.key, Binding: b, Previous: previous})
	}
	for _, b := range s.out.Expired {
		tell(BindingEnded, b, domain.Binding{})
	}
	for _, b := range s.out.Previous {
		switch {
		case s.binding == nil:
			tell(BindingEnded, b, domain.Binding{})
		case s.binding.Contact != b.Contact:
			tell(Overwritten, *s.binding, b)
		}
	}
	if s.binding != nil && s.out.First {
		tell(UserRegistered, *s.binding, domain.Binding{})
	}
}

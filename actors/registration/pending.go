package registration

import (
	"registrar/actors/domain"
	"registrar/actors/otp"
)

// pending are the requests that wait.
type pending struct {
	waiting  []Request // for the record to be loaded
	inFlight []pendingReply
	next     []pendingReply
}

// ensurePending returns the pending requests, to add one.
func (a *Actor) ensurePending() *pending {
	if a.pending == nil {
		a.pending = &pending{}
	}
	return a.pending
}

// releasePending frees pending when it is empty.
func (a *Actor) releasePending() {
	if p := a.pending; p != nil && len(p.waiting)+len(p.inFlight)+len(p.next) == 0 {
		a.pending = nil
	}
}

// pendingReply is a request and its answer after the commit that includes it.
type pendingReply struct {
	from otp.From[Outcome]
	out  Outcome
	// binding is the one that the request made; nil for none.
	binding *domain.Binding
}

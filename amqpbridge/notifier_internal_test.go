package amqpbridge

import (
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/credential"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/amqpbridge/link/memory"
)

// heldLookups is a realms process that answers no lookup by itself.
type heldLookups struct {
	otp.Behaviour[credential.RealmsMessage]
	mu      sync.Mutex
	lookups []credential.Ask
}

func (*heldLookups) Init(*otp.Context[credential.RealmsMessage]) error { return nil }

func (*heldLookups) Terminate(*otp.Context[credential.RealmsMessage], otp.Reason) {}

func (h *heldLookups) Handle(_ *otp.Context[credential.RealmsMessage], m credential.RealmsMessage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ask, ok := m.(credential.Ask); ok {
		h.lookups = append(h.lookups, ask)
	}
}

func (h *heldLookups) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.lookups)
}

// Events that wait for the account of their user count as waiting: they are bounded.
func TestEventsThatWaitForAccountsAreBounded(t *testing.T) {
	sys, held := otp.NewSystem(), &heldLookups{}
	set := DefaultSettings()
	set.Canary, set.ReplyDeadline = 0, time.Hour
	realms := otp.NewRef[credential.RealmsMessage](sys, "realms")
	b := New(Spec{
		System: sys, Dialer: memory.New(), Settings: set, Realms: realms, Now: time.Now, Log: zerolog.Nop(),
	})
	startChildren(t, sys,
		child(realms, func() otp.Behaviour[credential.RealmsMessage] { return held }),
		child(b.notifier, func() otp.Behaviour[notifierMessage] {
			return &notifier{responder: b.responder, realms: realms, pending: &b.pendingEvents}
		}))
	from, key := otp.External("test"), domain.Key{Realm: "acme.test", User: "100"}
	event := registration.Event{Kind: registration.UserRegistered, Key: key}
	for range maxPendingEvents {
		b.Notify(from, event)
	}
	eventually(t, "asked", func() bool { return held.count() == maxPendingEvents })
	b.Notify(from, event)
	if n := b.outcomes.get(notifierName, "overloaded"); n != 1 {
		t.Errorf("%d events dropped while %d wait, want 1", n, maxPendingEvents)
	}
	for _, ask := range held.lookups {
		ask.Reply(credential.Found{})
	}
	eventually(t, "done", func() bool { return b.outcomes.get(notifierName, "no_account") == maxPendingEvents })
	b.Notify(from, event)
	eventually(t, "asked again", func() bool { return held.count() == maxPendingEvents+1 })
}

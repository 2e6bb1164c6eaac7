package amqpbridge

import (
	"registrar/actors/otp"
	"registrar/amqpbridge/link"
)

// subscribeSession asks a connection for its current session. A process that starts while the
// connection is up sends it; later sessions are announced to every listener.
type subscribeSession struct{ listener sessionListener }

// sessionChanged hands a new session to a process; the session is nil after the old one has
// ended.
type sessionChanged struct {
	session link.Session
	by      otp.Epoch // incarnation of the connection
}

// retrySession asks for another attempt to open channels in a session.
type retrySession struct{ session link.Session }

// Unbounded delivers a new session even to a full mailbox.
func (sessionChanged) Unbounded() {}

func (subscribeSession) connectionMessage() {}
func (sessionChanged) consumerMessage()     {}
func (sessionChanged) publisherMessage()    {}
func (sessionChanged) canaryMessage()       {}
func (retrySession) consumerMessage()       {}
func (retrySession) publisherMessage()      {}
func (retrySession) canaryMessage()         {}

// sessionListener takes the session changes of a connection. It runs on the connection's
// goroutine and must not block.
type sessionListener func(from otp.Origin, m sessionChanged)

// listenerOf returns a listener that forwards session changes to a process. A process that is not
// running misses them: it subscribes when it starts.
func listenerOf[M any](ref *otp.Ref[M]) sessionListener {
	return func(from otp.Origin, m sessionChanged) {
		if msg, ok := any(m).(M); ok {
			_ = ref.Tell(from, msg)
		}
	}
}

// sessionPort is the current session of a connection as one process knows it. The process owns
// it.
type sessionPort struct {
	session link.Session // nil while the connection is down
	epoch   otp.Epoch    // incarnation of the connection that announced it
}

// subscribe asks the connection for its session. A connection that is not running announces its
// session when it has one.
func (*sessionPort) subscribe(from otp.Origin, connection *otp.Ref[connectionMessage], l sessionListener) {
	_ = connection.Tell(from, subscribeSession{listener: l})
}

// accept takes over an announced session. It refuses, and returns false for, the session that is
// current already and announcements of an abandoned incarnation of the connection.
func (p *sessionPort) accept(m sessionChanged) bool {
	if m.by < p.epoch || m.session != nil && m.session == p.session {
		return false
	}
	p.session, p.epoch = m.session, m.by
	return true
}

// current reports whether a session is the current one.
func (p *sessionPort) current(s link.Session) bool { return s != nil && s == p.session }

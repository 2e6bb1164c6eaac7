package link

import "errors"

// Errors of [Dialer.Dial].
var (
	// ErrRefused means that nobody listens at the port.
	ErrRefused = errors.New("connection refused")
	// ErrUnreachable means that no answer came in time, or none that was AMQP, or that TLS failed.
	ErrUnreachable = errors.New("broker unreachable")
	// ErrCredentials means that the broker refuses the user or the password.
	ErrCredentials = errors.New("credentials refused")
	// ErrVhost means that the virtual host does not exist or is closed to the user.
	ErrVhost = errors.New("virtual host refused")
	// ErrNotReady means that the broker is there and not yet, or no longer, able to serve (541).
	ErrNotReady = errors.New("broker not ready")
)

// Errors of a session and of what is opened on it.
var (
	// ErrClosed means that the session, consumer or publisher has ended.
	ErrClosed = errors.New("session closed")
	// ErrLost means that the connection broke: reset, heartbeat missed, or a write that was stuck.
	ErrLost = errors.New("connection lost")
	// ErrForced means that the broker closed the connection (320): it stops, or an operator closed it.
	ErrForced = errors.New("connection closed by the broker")
	// ErrTimeout means that the broker owed an answer when the context or the longest wait for one ended.
	ErrTimeout = errors.New("broker did not answer in time")
	// ErrCancelled means that the broker cancelled a consumer: its queue was deleted or moved.
	ErrCancelled = errors.New("consumer cancelled by the broker")
	// ErrNotFound means a queue or an exchange that does not exist (404).
	ErrNotFound = errors.New("no such queue or exchange")
	// ErrConflict means a queue that exists with other arguments, or a tag that is not open (406).
	ErrConflict = errors.New("precondition failed")
	// ErrAccess means that the user may not, or that a queue belongs to another session or consumer (403, 405).
	ErrAccess = errors.New("access refused")
	// ErrProtocol means that the broker refused what was sent for any other reason.
	ErrProtocol = errors.New("refused by the broker")
	// ErrInvalid means a spec or a message that cannot be sent as it is.
	ErrInvalid = errors.New("invalid")
)

// Errors of publishing.
var (
	// ErrBlocked means that the broker has an alarm and takes no publishings.
	ErrBlocked = errors.New("publishing blocked by the broker")
	// ErrNacked means that the broker could not take the message over.
	ErrNacked = errors.New("publishing refused by the broker")
	// ErrReturned means that no queue took a mandatory message.
	ErrReturned = errors.New("no queue took the message")
)

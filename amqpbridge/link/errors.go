package link

import "errors"

// Errors of [Dialer.Dial].
var (
	// ErrRefused means that no process listens on the port.
	ErrRefused = errors.New("connection refused")
	// ErrUnreachable means that no AMQP answer came in time, or that TLS failed.
	ErrUnreachable = errors.New("broker unreachable")
	// ErrCredentials means that the broker refused the user or the password.
	ErrCredentials = errors.New("credentials refused")
	// ErrVhost means that the virtual host does not exist or that the user may not access it.
	ErrVhost = errors.New("virtual host refused")
	// ErrNotReady means that the broker is starting or stopping (541).
	ErrNotReady = errors.New("broker not ready")
)

// Errors of a session and its channels.
var (
	// ErrClosed means that the session, consumer or publisher has ended.
	ErrClosed = errors.New("session closed")
	// ErrLost means that the connection broke: reset, missed heartbeat, or a blocked write.
	ErrLost = errors.New("connection lost")
	// ErrForced means that the broker closed the connection (320): it stops, or an operator
	// closed it.
	ErrForced = errors.New("connection closed by the broker")
	// ErrTimeout means that the broker did not answer within the context or the longest wait.
	ErrTimeout = errors.New("broker did not answer in time")
	// ErrCancelled means that the broker cancelled a consumer: its queue was deleted or moved.
	ErrCancelled = errors.New("consumer cancelled by the broker")
	// ErrNotFound means a queue or an exchange that does not exist (404).
	ErrNotFound = errors.New("no such queue or exchange")
	// ErrConflict means a queue that exists with other arguments, or an unknown delivery tag
	// (406).
	ErrConflict = errors.New("precondition failed")
	// ErrAccess means a missing permission, or a queue that belongs to another session or
	// consumer (403, 405).
	ErrAccess = errors.New("access refused")
	// ErrProtocol means that the broker refused the request for any other reason.
	ErrProtocol = errors.New("refused by the broker")
	// ErrInvalid means a spec or a message that AMQP cannot carry.
	ErrInvalid = errors.New("invalid")
)

// Errors of publishing.
var (
	// ErrBlocked means that the broker has an alarm and accepts no publishings.
	ErrBlocked = errors.New("publishing blocked by the broker")
	// ErrNacked means that the broker could not accept the message.
	ErrNacked = errors.New("publishing refused by the broker")
	// ErrReturned means that a mandatory message reached no queue.
	ErrReturned = errors.New("no queue took the message")
)

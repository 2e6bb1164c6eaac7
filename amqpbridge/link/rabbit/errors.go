package rabbit

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

// wrap adds the kind of a library error: by the broker's reply code, or [link.ErrLost].
func wrap(err error) error {
	var e *amqp.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, amqp.ErrClosed):
		return link.ErrClosed
	case !errors.As(err, &e), !e.Server:
		return fmt.Errorf("%w: %w", link.ErrLost, err)
	}
	return fmt.Errorf("%w: %w", kindOf(e.Code), err)
}

// kindOf returns the kind of a reply code (AMQP 0-9-1, section 1.2, reply-code).
func kindOf(code int) error {
	switch code {
	case amqp.ConnectionForced:
		return link.ErrForced
	case amqp.AccessRefused, amqp.ResourceLocked:
		return link.ErrAccess
	case amqp.NotFound:
		return link.ErrNotFound
	case amqp.PreconditionFailed:
		return link.ErrConflict
	case amqp.InternalError:
		return link.ErrNotReady
	}
	return link.ErrProtocol
}

// wrapDial adds the kind of a handshake error. A timeout of the socket takes precedence: the
// library reports any end of the handshake as refused credentials or virtual host. That is
// correct when the broker closes the connection, which is RabbitMQ's way to refuse credentials. A
// broker that dies during the handshake looks the same.
func wrapDial(err, late error) error {
	if late != nil {
		err = late
	}
	return fmt.Errorf("%w: %w", dialKind(err), err)
}

func dialKind(err error) error {
	var e *amqp.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return link.ErrRefused
	case errors.Is(err, os.ErrDeadlineExceeded):
		return link.ErrUnreachable
	case errors.Is(err, amqp.ErrVhost):
		return link.ErrVhost
	case errors.Is(err, amqp.ErrSASL), errors.Is(err, amqp.ErrCredentials):
		return link.ErrCredentials
	case !errors.As(err, &e):
		return link.ErrUnreachable
	}
	switch e.Code {
	case amqp.AccessRefused:
		return link.ErrCredentials
	case amqp.NotAllowed, amqp.NotFound:
		return link.ErrVhost
	case amqp.InternalError, amqp.ConnectionForced, amqp.ResourceError:
		return link.ErrNotReady
	}
	return link.ErrUnreachable
}

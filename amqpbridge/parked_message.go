package amqpbridge

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// Headers of a parked message.
const (
	headerReason   = "x-registrar-reason"
	headerConsumer = "x-registrar-consumer"
	headerTries    = "x-registrar-tries"
	headerExchange = "x-registrar-exchange"
	headerKey      = "x-registrar-key"
)

// ParkedMessage is a message in a parking queue.
type ParkedMessage struct {
	// ID is derived from the routing key and the body: it is the same at each visit.
	ID    string
	Queue string
	// Reason is the error, Consumer the consumer that met it, Tries the number of its attempts.
	Reason, Consumer string
	Tries            int64
	// Exchange and Key are those under which the message arrived.
	Exchange, Key string
	// Body is the body as it arrived, in ContentEncoding.
	ContentType, ContentEncoding string
	Body                         []byte
}

// Text returns the inflated body as valid UTF-8. It returns the body as it arrived when the
// encoding is unknown or the inflated body is too large.
func (m ParkedMessage) Text() string {
	body, err := wire.Inflate(m.ContentEncoding, m.Body)
	if err != nil {
		body = m.Body
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}

func parkedMessage(queue string, d link.Delivery) ParkedMessage {
	text := func(header string) string {
		s, _ := d.Headers[header].(string)
		return s
	}
	tries, _ := d.Headers[headerTries].(int64)
	sum := sha256.Sum256(append([]byte(text(headerKey)+"\x00"), d.Body...))
	return ParkedMessage{
		ID: hex.EncodeToString(sum[:6]), Queue: queue,
		Reason: text(headerReason), Consumer: text(headerConsumer), Tries: tries,
		Exchange: text(headerExchange), Key: text(headerKey),
		ContentType: d.ContentType, ContentEncoding: d.ContentEncoding, Body: d.Body,
	}
}

package rabbit

import (
	"math"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

// publishing converts a message to the library's type.
func publishing(m link.Publishing) (amqp.Publishing, error) {
	m, err := link.Checked(m)
	if err != nil {
		return amqp.Publishing{}, err
	}
	p := amqp.Publishing{
		ContentType: m.ContentType, ContentEncoding: m.ContentEncoding, ReplyTo: m.ReplyTo, CorrelationId: m.CorrelationID,
		DeliveryMode: amqp.Transient, Body: m.Body,
	}
	if m.Headers != nil {
		p.Headers, _ = toTable(m.Headers).(amqp.Table)
	}
	if m.Persistent {
		p.DeliveryMode = amqp.Persistent
	}
	if m.Expiration > 0 {
		p.Expiration = strconv.FormatInt(max(1, m.Expiration.Milliseconds()), 10)
	}
	return p, nil
}

// toTable converts maps to the library's type.
func toTable(v any) any {
	switch v := v.(type) {
	case map[string]any:
		t := make(amqp.Table, len(v))
		for k, e := range v {
			t[k] = toTable(e)
		}
		return t
	case []any:
		for i, e := range v {
			v[i] = toTable(e)
		}
	}
	return v
}

// fromTable converts the library's types to those of package link.
func fromTable(v any) any {
	switch v := v.(type) {
	case amqp.Table:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = fromTable(e)
		}
		return m
	case []any:
		for i, e := range v {
			v[i] = fromTable(e)
		}
	case amqp.Decimal:
		return float64(v.Value) / math.Pow10(int(v.Scale))
	case time.Time:
		return v.UTC()
	}
	return v
}

// headersOf returns the headers of a delivery; nil if there are none.
func headersOf(t amqp.Table) map[string]any {
	m, _ := fromTable(t).(map[string]any)
	h, err := link.Headers(m)
	if err != nil { // every type that arrives can also be sent
		return m
	}
	return h
}

func delivery(d *amqp.Delivery) link.Delivery {
	return link.Delivery{
		Tag: d.DeliveryTag, Exchange: d.Exchange, Key: d.RoutingKey, Headers: headersOf(d.Headers),
		ContentType: d.ContentType, ContentEncoding: d.ContentEncoding, ReplyTo: d.ReplyTo, CorrelationID: d.CorrelationId,
		Redelivered: d.Redelivered, Body: d.Body,
	}
}

// returned converts a returned message.
func returned(r *amqp.Return) link.Publishing {
	return link.Publishing{
		Exchange: r.Exchange, Key: r.RoutingKey, Headers: headersOf(r.Headers), ContentType: r.ContentType,
		ContentEncoding: r.ContentEncoding, ReplyTo: r.ReplyTo, CorrelationID: r.CorrelationId,
		Persistent: r.DeliveryMode == amqp.Persistent, Mandatory: true, Body: r.Body,
	}
}

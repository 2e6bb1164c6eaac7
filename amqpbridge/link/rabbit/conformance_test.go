package rabbit_test

import (
	"context"
	"errors"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/linktest"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
)

// broker is a dialer that implements [linktest.Admin].
type broker struct {
	*rabbit.Dialer
	url string
}

// DeleteQueue deletes a queue over a connection of its own.
func (b broker) DeleteQueue(_ context.Context, name string) error {
	conn, err := amqp.Dial(b.url)
	if err != nil {
		return err
	}
	ch, err := conn.Channel()
	if err == nil {
		_, err = ch.QueueDelete(name, false, false, false)
	}
	return errors.Join(err, conn.Close())
}

func TestConformance(t *testing.T) {
	url := brokertest.URL(t)
	linktest.Run(t, func(*testing.T) link.Dialer {
		return broker{Dialer: rabbit.New(rabbit.Config{URLs: []string{url}, DialTimeout: timeLimit, Log: zerolog.Nop()}), url: url}
	})
}

package demo

import (
	"context"
	"errors"

	"github.com/rs/zerolog"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/node"
)

// broker is the broker of one demo.
type broker struct {
	description string
	// dir is the directory for files that are deleted with the broker; empty for the system's.
	dir  string
	link link.Dialer
	stop func() error
}

// findBroker returns the broker at the URLs, else a private RabbitMQ node, else one in memory.
func findBroker(ctx context.Context, urls []string) (*broker, error) {
	if len(urls) > 0 {
		return &broker{description: "the one at --amqp", link: dial(urls), stop: func() error { return nil }}, nil
	}
	n, err := node.Start(ctx, node.Options{Log: zerolog.Nop()})
	if errors.Is(err, node.ErrNotInstalled) {
		return &broker{
			description: "in memory: rabbitmq-server is not installed and --amqp is not set",
			link:        memory.New(), stop: func() error { return nil },
		}, nil
	}
	if err != nil {
		return nil, err
	}
	return &broker{description: "a private RabbitMQ node, deleted when the demo ends", dir: n.Dir(), link: dial([]string{n.URL()}), stop: n.Stop}, nil
}

func dial(urls []string) link.Dialer {
	return rabbit.New(rabbit.Config{URLs: urls, Log: zerolog.Nop()})
}

package loop_test

import (
	"testing"

	"go.uber.org/goleak"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/linktest"
	"registrar/amqpbridge/link/loop"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	linktest.Run(t, func(*testing.T) link.Dialer { return loop.New() })
}

package loop_test

import (
	"testing"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/linktest"
	"registrar/amqpbridge/link/loop"
	"registrar/supervisor/otp/otptest"
)

func TestMain(m *testing.M) { otptest.Main(m) }

func TestConformance(t *testing.T) {
	linktest.Run(t, func(*testing.T) link.Dialer { return loop.New() })
}

package memory_test

import (
	"testing"

	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/linktest"
	"registrar/amqpbridge/link/memory"
)

func TestMain(m *testing.M) { otptest.Main(m) }

func TestConformance(t *testing.T) {
	linktest.Run(t, func(*testing.T) link.Dialer { return memory.New() })
}

package rabbit_test

import (
	"testing"

	"registrar/amqpbridge/link/rabbit/brokertest"
)

func TestMain(m *testing.M) { brokertest.Main(m) }

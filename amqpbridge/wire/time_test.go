package wire_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"registrar/amqpbridge/wire"
)

// A time reads the same in every epoch and unit.
func TestEpochs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unix := rapid.Int64Range(1_000_000_000, 5_000_000_000).Draw(t, "unix")
		for _, n := range []float64{float64(unix), float64(unix + 62_167_219_200), float64(unix) * 1e6, float64(unix+62_167_219_200) * 1e6} {
			got := wire.EventTime(n)
			if d := got.Sub(time.Unix(unix, 0)); d < -8*time.Microsecond || d > 8*time.Microsecond { // a float's precision
				t.Fatalf("%v is read as %v, which is %v off", n, got, d)
			}
		}
	})
	if !wire.EventTime(0).IsZero() || !wire.EventTime(-5).IsZero() || !wire.EventTime(1e30).IsZero() {
		t.Error("an out-of-range value is read as a time")
	}
}

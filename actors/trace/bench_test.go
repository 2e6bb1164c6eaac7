package trace_test

import (
	"reflect"
	"testing"
	"time"

	"registrar/actors/trace"
)

type message struct{}

// BenchmarkRecord compares the cost of one event with that of one reading of the clock.
func BenchmarkRecord(b *testing.B) {
	entry := trace.Entry{
		ID: trace.NewID(7, 1), Process: trace.Label{Prefix: "user/", Realm: "acme.test", User: "100"}, Type: reflect.TypeFor[message](), Incarnation: 7,
		Note: trace.Note{Realm: "acme.test", User: "100", Text: "x"}, Began: 1, Ended: 2,
	}
	b.Run("event", func(b *testing.B) {
		r := trace.New(trace.DefaultEvents, time.Now(), 0)
		b.ReportAllocs()
		for b.Loop() {
			entry.Began++
			r.Record(&entry)
		}
	})
	b.Run("off", func(b *testing.B) {
		var r *trace.Recorder
		b.ReportAllocs()
		for b.Loop() {
			r.Record(&entry)
		}
	})
	b.Run("time.Now", func(b *testing.B) {
		for b.Loop() {
			_ = time.Now()
		}
	})
}

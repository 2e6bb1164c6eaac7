package otp_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"registrar/actors/otp"
	"registrar/actors/trace"
)

// BenchmarkTellRecorded sends a million messages to a recorded process and a million to one
// without a recorder, in readyProcess. It reports the median ratio of their CPU times.
func BenchmarkTellRecorded(b *testing.B) {
	const messages = 1_000_000
	tell := func(options ...otp.Option) float64 {
		s := &sink{left: messages, done: make(chan struct{})}
		sys := otp.NewSystem(options...)
		ref, from := otp.NewRef[msg](sys, "bench"), otp.External("bench")
		app, err := otp.Start(context.Background(), sys, "top", otp.SupSpec{Intensity: 1, Children: []otp.ChildSpec{{
			ID: "bench", Start: otp.Worker(ref, func() otp.Behaviour[msg] { return sinkBehaviour{s} }),
		}}})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = app.Stop(context.Background()) }()
		before := cpu(b)
		for range messages {
			_ = ref.Tell(from, tick{})
		}
		<-s.done
		return float64(cpu(b) - before)
	}
	var pairs []float64
	for b.Loop() {
		plain := tell()
		pairs = append(pairs, tell(otp.WithRecorder(trace.New(trace.DefaultEvents, time.Now(), 0)))/plain)
	}
	slices.Sort(pairs)
	b.ReportMetric(pairs[len(pairs)/2], "x-cpu")
}

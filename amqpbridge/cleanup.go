package amqpbridge

import "context"

// cleanup closes resources when an incarnation ends. It also covers a resource that the
// incarnation never heard of, because it ended before the task that opened the resource. The nil
// cleanup closes nothing.
type cleanup []func() bool

// closeWith calls closeResource when ctx ends.
func closeWith(ctx context.Context, closeResource func()) cleanup {
	return cleanup{context.AfterFunc(ctx, closeResource)}
}

// stop ends a cleanup after its resource has ended. Otherwise the context of a long-lived
// incarnation would keep every resource that it ever opened.
func (l cleanup) stop() {
	for _, stop := range l {
		stop()
	}
}

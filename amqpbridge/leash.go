package amqpbridge

import "context"

// leash closes what an incarnation has had made, at the incarnation's end: should that come before it hears of the thing, or while it hangs, nobody else
// would. What has ended by itself is let go of, else the context of a long life would keep all that it has ever had. The nil leash holds nothing.
type leash []func() bool

// hold puts one thing on a leash.
func hold(life context.Context, closeIt func()) leash {
	return leash{context.AfterFunc(life, closeIt)}
}

// release lets go of it: it has ended.
func (l leash) release() {
	for _, stop := range l {
		stop()
	}
}

// Package node runs a private RabbitMQ for tests and for the demo: nothing of it is shared with a RabbitMQ of the system,
// it listens on the loopback address only, and it ends with the process that started it, however that one ends.
//
//	n, err := node.Start(ctx, node.Options{})   // 3 to 6 s; node.Available says beforehand whether one is installed
//	n.URL()                                     // amqp://guest:guest@127.0.0.1:PORT/
//	n.Ctl(ctx, "list_queues")                   // rabbitmqctl, about half a second
//	n.AddVhosts(ctx, "name")                    // more virtual hosts; their addresses
//	n.Kill()                                    // kill -9 of the broker; its data remain
//	n.Restart(ctx)                              // same port, same data; in order if it still runs
//	n.Stop()                                    // the end, and the removal of what Start has made
//
// # What runs
//
// Two children, each the leader of a process group of its own, so that Ctrl-C reaches only the parent: the broker, and a shell
// that keeps the epmd (the port mapper of Erlang) of this node alone. Both read from pipes whose other ends only this
// process holds. When the process dies the pipes break: the broker leaves within a second, or a few on a busy machine, the shell
// ends epmd and removes the directory if Start made it. No goroutine runs but one for each child, that waits for its end.
//
// All methods may be called from any goroutine; those that start and stop wait for each other.
package node

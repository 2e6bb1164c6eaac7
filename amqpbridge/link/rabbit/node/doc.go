// Package node runs a private RabbitMQ for tests and for the demo. It shares nothing with a
// RabbitMQ of the system and listens on the loopback address only. It ends with the process that
// started it, even if that process is killed.
//
//	n, err := node.Start(ctx, node.Options{}) // 3 to 6 s; see node.Available
//	n.URL()                                   // amqp://guest:guest@127.0.0.1:PORT/
//	n.Ctl(ctx, "list_queues")                 // rabbitmqctl, about half a second
//	n.AddVhosts(ctx, "name")                  // adds virtual hosts, returns their addresses
//	n.Kill()                                  // kill -9 of the broker; its data remain
//	n.Restart(ctx)                            // same port, same data
//	n.Stop()                                  // ends the node and removes a temporary directory
//
// # Processes
//
// A node has two child processes, each the leader of its own process group, so that Ctrl-C
// reaches only the parent: the broker, and a shell that runs the node's own epmd (Erlang's port
// mapper). Both read from pipes that only this process holds. When this process dies the pipes
// break. The broker then ends within about a second; the shell ends epmd and removes a temporary
// directory. One goroutine per child waits for its end.
//
// All methods are safe for concurrent use. Methods that start or stop the node run one at a time.
package node

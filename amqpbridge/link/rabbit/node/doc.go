// Package node runs a private RabbitMQ from an installed rabbitmq-server, for tests and the demo: a directory, ports, cookie and epmd of
// its own, on loopback only. It ends with the process that started it, however that dies: its standard input is a pipe
// that closes then. It touches no other broker on the machine.
package node

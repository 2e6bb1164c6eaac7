// Registrar is a SIP registrar and credential service on AMQP. See README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"registrar/supervisor/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	code := cli.Run(ctx, cli.Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Lookup: os.LookupEnv}, os.Args[1:])
	stop()
	os.Exit(code)
}

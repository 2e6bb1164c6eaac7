package node

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// epmdScript runs epmd ($1) until its standard input has a line or breaks. A line means that the
// parent cleans up. A break means that the parent has died: the script then removes the directory
// ($2), if given. The broker may still write while it ends, so the removal repeats until the
// directory has been absent for two seconds, for at most a minute.
const epmdScript = `
"$1" & pid=$!
if read -r word; then kill "$pid"; wait; exit 0; fi
kill "$pid"
[ -n "$2" ] || exit 0
try=0 away=0
while [ "$try" -lt 120 ] && [ "$away" -lt 4 ]; do
	rm -rf -- "$2"; sleep 0.5
	try=$((try + 1)) away=$((away + 1))
	[ ! -e "$2" ] || away=0
done
`

const poll = 50 * time.Millisecond

// startEpmd starts the shell that runs epmd.
func (n *Node) startEpmd() (*child, error) {
	remove := ""
	if n.opts.Dir == "" {
		remove = n.dir
	}
	return spawn(n.ports.environ(n.dir), n.output(), "/bin/sh", "-c", epmdScript, "epmd", n.tools.epmd, remove)
}

// stopEpmd ends epmd and its shell and waits for both.
func (n *Node) stopEpmd() {
	_, _ = io.WriteString(n.epmd.stdin, "stop\n") // an error means that the shell has ended
	if !n.epmd.wait(5 * time.Second) {
		n.epmd.kill()
	}
}

// awaitEpmd waits until epmd accepts connections.
func (n *Node) awaitEpmd(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(n.ports.epmd))
	return n.await(ctx, n.epmd, "epmd", func(ctx context.Context) error {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return fmt.Errorf("connect to epmd: %w", err)
		}
		return c.Close()
	})
}

// await calls try until it succeeds, the child ends or ctx ends.
func (n *Node) await(ctx context.Context, c *child, what string, try func(context.Context) error) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-c.done:
			return fmt.Errorf("%s has ended: %s", what, n.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("%s does not serve: %w: %w", what, ctx.Err(), err)
		}
	}
}

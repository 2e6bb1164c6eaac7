package node

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// keeperScript runs epmd ($1) until its standard input says a word or breaks. A word means that its owner cleans up. A break means that the owner
// has died: then the directory ($2), if any, is removed until it has stayed away for two seconds, for a minute at most: the broker takes its time to
// leave and may write meanwhile.
const keeperScript = `
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

// keep starts epmd and its keeper.
func (n *Node) keep() (*child, error) {
	remove := ""
	if n.opts.Dir == "" {
		remove = n.dir
	}
	return spawn(n.ports.environ(n.dir), n.output(), "/bin/sh", "-c", keeperScript, "keeper", n.tools.epmd, remove)
}

// release has the keeper end epmd, and waits for both.
func (n *Node) release() {
	_, _ = io.WriteString(n.keeper.stdin, "stop\n") // a keeper that has died is waited for all the same
	if !n.keeper.wait(5 * time.Second) {
		n.keeper.kill()
	}
}

// awaitEpmd waits until epmd takes connections.
func (n *Node) awaitEpmd(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(n.ports.epmd))
	return n.await(ctx, n.keeper, "epmd", func(ctx context.Context) error {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return c.Close()
	})
}

// await tries until it works, the child ends or ctx does.
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

package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/wire"
)

// queryCmd is registrar query.
type queryCmd struct {
	brokerFlags
	Timeout time.Duration `help:"How long to wait for the reply." default:"5s"`
	Count   bool          `help:"Print only the number of registrations (Count-Only)."`
	JSON    bool          `name:"json" help:"JSON Lines, one for each registration."`
	Realm   string        `arg:"" help:"Realm; all for every realm."`
	User    string        `arg:"" help:"User; * for every user of the realm."`
	Fields  []string      `arg:"" optional:"" help:"Fields to print, such as Contact; all by default." name:"field"`
}

// Run queries and prints the reply; it fails without a reply or a registration.
func (c *queryCmd) Run(ctx context.Context, env Env) (err error) {
	link, err := c.link(zerolog.Nop())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("within %v", c.Timeout))
	defer cancel()
	sw, err := client.Connect(ctx, rabbit.New(link), client.Config{Name: fmt.Sprintf("registrar-query-%d-%d", os.Getpid(), time.Now().UnixNano()), App: "registrar", Version: Version(), Generation: wire.Kazoo5})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sw.Close(context.WithoutCancel(ctx))) }()
	user := c.User
	if user == "*" {
		user = ""
	}
	m, err := sw.Ask(ctx, &wire.RegQuery{Realm: c.Realm, Username: user, Fields: c.Fields, CountOnly: c.Count})
	if err != nil {
		return err
	}
	switch m := m.(type) {
	case *wire.RegQueryResponse:
		return c.print(env, m)
	case *wire.RegQueryError:
		if m.Hint != "" {
			return errors.New(m.Hint)
		}
		return errors.New("nothing is registered")
	}
	return errors.New("the reply is not one to a query")
}

func (c *queryCmd) print(env Env, m *wire.RegQueryResponse) error {
	if c.Count {
		return printf(env.Stdout, "%d\n", m.Count)
	}
	for i, one := range m.Fields {
		if c.JSON {
			if err := printJSON(env.Stdout, one); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			if err := printf(env.Stdout, "\n"); err != nil {
				return err
			}
		}
		for _, name := range slices.Sorted(maps.Keys(one)) {
			if err := printf(env.Stdout, "%-24s %s\n", name, one[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

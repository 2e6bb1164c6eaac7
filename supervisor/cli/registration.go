package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"registrar/actors/domain"
	"registrar/supervisor/console"
)

// registrationListCmd is registrar registration list.
type registrationListCmd struct {
	dataFlag
	JSON  bool   `name:"json" help:"JSON Lines, with all fields."`
	Realm string `arg:"" optional:"" help:"Only this realm."`
	User  string `arg:"" optional:"" help:"Only this user of it."`
}

// registrationShowCmd is registrar registration show.
type registrationShowCmd struct {
	dataFlag
	JSON  bool   `name:"json" help:"JSON Lines, one for each registration."`
	Realm string `arg:"" help:"Realm."`
	User  string `arg:"" help:"User."`
}

// Run prints the current registrations of a user by field; it fails if there is none.
func (c *registrationShowCmd) Run(ctx context.Context, env Env) error {
	key, err := domain.ParseKey(c.Realm, c.User)
	if err != nil {
		return usage{err}
	}
	shown, now := 0, time.Now()
	err = withStore(c.Data, nil, func(s console.Store) error {
		rec, err := s.Registration(ctx, key)
		if err != nil {
			return err
		}
		for _, b := range rec.Bindings {
			if !b.Live(now) {
				continue
			}
			shown++
			if err := c.show(env, key, b, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && shown == 0 {
		return fmt.Errorf("%s is not registered", key)
	}
	return err
}

func (c *registrationShowCmd) show(env Env, key domain.Key, b domain.Binding, now time.Time) error {
	if c.JSON {
		v := registrationView{key.Realm, key.User, b.ID, b.Contact, b.Deadline, json.RawMessage(b.Doc)}
		return printJSON(env.Stdout, v)
	}
	err := printf(env.Stdout, "%s\n  %-24s %s\n  %-24s %s\n  %-24s %s (in %s)\n", key, "id", b.ID, "contact", b.Contact, "ends",
		b.Deadline.Format(time.RFC3339), b.Deadline.Sub(now).Round(time.Second))
	if err != nil {
		return err
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(b.Doc, &doc); err != nil {
		return fmt.Errorf("the stored document cannot be read: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		if err := printf(env.Stdout, "  %-24s %s\n", name, doc[name]); err != nil {
			return err
		}
	}
	return nil
}

// registrationFlushCmd is registrar registration flush.
type registrationFlushCmd struct {
	dataFlag
	keyFlag
	Realm string `arg:"" help:"Realm."`
	User  string `arg:"" optional:"" help:"Only this user of it."`
}

// Run removes registrations and prints the number of users.
func (c *registrationFlushCmd) Run(ctx context.Context, env Env) error {
	realm, err := domain.ParseRealm(c.Realm)
	if err != nil {
		return usage{err}
	}
	keys, err := c.keys(env)
	if err != nil {
		return err
	}
	return withStore(c.Data, keys, func(s console.Store) error {
		n, err := s.Flush(ctx, realm, domain.User(c.User))
		if err != nil {
			return err
		}
		return printf(env.Stdout, "registrations of %s removed\n", count(n, "user"))
	})
}

// registrationView is an entry of the list as JSON.
type registrationView struct {
	Realm    domain.Realm    `json:"realm"`
	User     domain.User     `json:"user"`
	ID       domain.CacheID  `json:"id"`
	Contact  string          `json:"contact"`
	Deadline time.Time       `json:"deadline"`
	Fields   json.RawMessage `json:"fields"`
}

// Run lists current registrations.
func (c *registrationListCmd) Run(ctx context.Context, env Env) error {
	realm, now := domain.Realm(strings.ToLower(c.Realm)), time.Now()
	return withStore(c.Data, nil, func(s console.Store) error {
		return everything(func(after domain.Key) ([]domain.Record, error) { return s.Registrations(ctx, realm, after, pageSize) },
			func(r domain.Record) domain.Key { return r.Key },
			func(r domain.Record) error {
				if c.User != "" && r.Key.User != domain.User(c.User) {
					return nil
				}
				return c.show(env, r, now)
			})
	})
}

func (c *registrationListCmd) show(env Env, r domain.Record, now time.Time) error {
	for _, b := range r.Bindings {
		if !b.Live(now) {
			continue
		}
		var err error
		if c.JSON {
			v := registrationView{r.Key.Realm, r.Key.User, b.ID, b.Contact, b.Deadline, json.RawMessage(b.Doc)}
			err = printJSON(env.Stdout, v)
		} else {
			err = printf(env.Stdout, "%s\t%s\tends in %s\n", r.Key, b.Contact, b.Deadline.Sub(now).Round(time.Second))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

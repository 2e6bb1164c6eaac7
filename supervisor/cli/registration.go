package cli

import (
	"context"
	"encoding/json"
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

// registrationView is what a listing shows.
type registrationView struct {
	Realm    domain.Realm    `json:"realm"`
	User     domain.User     `json:"user"`
	ID       domain.CacheID  `json:"id"`
	Contact  string          `json:"contact"`
	Deadline time.Time       `json:"deadline"`
	Fields   json.RawMessage `json:"fields"`
}

// Run lists what has not ended.
func (c *registrationListCmd) Run(ctx context.Context, env Env) error {
	realm, now := domain.Realm(strings.ToLower(c.Realm)), time.Now()
	return withStore(c.Data, func(s console.Store) error {
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
			err = json.NewEncoder(env.Stdout).Encode(v)
		} else {
			err = printf(env.Stdout, "%s\t%s\tends in %s\n", r.Key, b.Contact, b.Deadline.Sub(now).Round(time.Second))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

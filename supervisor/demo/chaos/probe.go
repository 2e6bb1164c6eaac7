package chaos

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"registrar/actors/domain"
	"registrar/amqpbridge/client"
	"registrar/supervisor/demo/fleet"
)

// probe uses one service of the registrar and reports whether it worked.
type probe struct {
	service service
	try     func(context.Context) error
}

const (
	probeEvery = 20 * time.Millisecond
	// inRow is how many probes in a row must succeed: the end of a killed process may go
	// unnoticed for a moment.
	inRow = 10
	// healWithin bounds the time to recover from any fault.
	healWithin = 90 * time.Second
	probeRealm = "probe.test"
	probeUsers = 256
	// passwordTimeout bounds the time to set a password during faults.
	passwordTimeout = time.Minute
)

// heal probes every few milliseconds and returns the time of the first of ten successes in a row.
func (r *run) heal(ctx context.Context, try func(context.Context) error) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, healWithin)
	defer cancel()
	type end struct {
		n   int
		at  time.Time
		err error
	}
	ends := make(chan end)
	var at []time.Time // of each success
	var last error
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	open := 0
	defer func() {
		for ; open > 0; open-- {
			<-ends
		}
	}()
	for {
		select {
		case <-tick.C:
			n := len(at)
			at = append(at, time.Time{})
			open++
			go func() {
				once, cancel := context.WithTimeout(context.WithoutCancel(ctx), replyTimeout)
				defer cancel()
				err := try(once)
				ends <- end{n: n, at: time.Now(), err: err}
			}()
		case e := <-ends:
			open--
			if last = e.err; e.err == nil {
				at[e.n] = e.at
			}
			if first := row(at); !first.IsZero() {
				return first, nil
			}
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("not recovered within %v: %w", healWithin, errors.Join(context.Cause(ctx), last))
		}
	}
}

// row returns the end of the first probe of a row of successes, zero for no row.
func row(at []time.Time) (first time.Time) {
	n := 0
	for _, t := range at {
		if t.IsZero() {
			n, first = 0, time.Time{}
			continue
		}
		if n == 0 || t.Before(first) {
			first = t
		}
		if n++; n == inRow {
			return first
		}
	}
	return time.Time{}
}

// askAuthn asks for the credentials of a known user.
func (r *run) askAuthn(ctx context.Context) error {
	k := r.key(int(r.probes.Add(1)) % r.opts.Phones)
	_, err := r.client.Authn(ctx, string(k.Realm), string(k.User))
	return err
}

// register reports a registration and queries it until it is shown. Each probe has a user of its
// own.
func (r *run) register(ctx context.Context) error {
	n := r.probes.Add(1)
	user := fleet.UserOf(int(n) % probeUsers)
	contact := "sip:" + user + "@192.0.2.1:" + strconv.FormatInt(n, 10)
	if err := r.client.Report(ctx, client.Registration{Realm: probeRealm, User: user, Contact: contact, Expires: time.Hour}); err != nil {
		return err
	}
	for wait := 5 * time.Millisecond; ; wait *= 2 {
		m, err := r.client.Query(ctx, probeRealm, user, "Contact")
		if err == nil {
			if shown, _ := contactOf(m); shown == contact {
				return nil
			}
		}
		if pause(ctx, wait); ctx.Err() != nil {
			return fmt.Errorf("not shown: %w", errors.Join(context.Cause(ctx), err))
		}
	}
}

// changePassword sets a password with an operator's command and records it in the ledger.
func (r *run) changePassword(ctx context.Context) error {
	n := r.probes.Add(1)
	return r.setPassword(ctx, keyOf(probeRealm, fleet.UserOf(int(n)%probeUsers)), fmt.Sprint("password-", n))
}

// setPassword sets a password and retries until it is set, even after ctx ends: the ledger needs
// the outcome.
func (r *run) setPassword(ctx context.Context, k domain.Key, password string) error {
	mine := r.setting(k)
	mine.Lock()
	defer mine.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), passwordTimeout)
	defer cancel()
	r.ledger.Changing(k, password, time.Now())
	for {
		_, err := r.proc.client.Import(ctx, []domain.Credential{credential(k, password)})
		if err == nil {
			r.ledger.Changed(k, time.Now())
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("set a password: %w", err)
		}
		pause(ctx, retryDelay)
	}
}

func credential(k domain.Key, password string) domain.Credential {
	return domain.Credential{Key: k, Method: domain.Password, Secret: domain.NewSecret(password), AccountID: "chaos"}
}

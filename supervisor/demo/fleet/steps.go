package fleet

import (
	"context"
	"fmt"
	"sync"
	"time"

	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
)

// step takes one step of a phone. The caller owns the phone meanwhile.
func (f *Fleet) step(ctx context.Context, p *phone, kind stepKind, due time.Time) {
	switch kind {
	case query:
		f.query(ctx, p, due)
	case unregister:
		f.report(ctx, p, "", 0)
	case refresh:
		if f.authn(ctx, p, due) {
			f.report(ctx, p, p.contact, f.cfg.Lifetime)
		}
	case move:
		if f.authn(ctx, p, due) {
			f.report(ctx, p, p.newContact(), f.cfg.Lifetime)
		}
	}
}

// authn asks for the phone's credentials, as a switch does before it accepts a REGISTER.
func (f *Fleet) authn(ctx context.Context, p *phone, due time.Time) bool {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	m, err := f.cfg.Switch.Authn(ctx, p.realm, p.user)
	if err == nil {
		r, ok := m.(*wire.AuthnResponse)
		switch {
		case !ok:
			err = fmt.Errorf("%w: %s@%s has a %T", errWrong, p.user, p.realm, m)
		case f.cfg.Password != nil && r.Password.Reveal() != f.cfg.Password(p.realm, p.user):
			err = fmt.Errorf("%w: %s@%s has another password", errWrong, p.user, p.realm)
		}
	}
	f.meters[OpAuthn].note(time.Since(due), err)
	return err == nil
}

// report reports a registration, or an unregistration when the contact is empty.
func (f *Fleet) report(ctx context.Context, p *phone, contact string, lifetime time.Duration) {
	named := contact
	if named == "" {
		named = p.contact
	}
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	began := time.Now()
	err := f.cfg.Switch.Report(ctx, client.Registration{
		Realm: p.realm, User: p.user, Contact: named, CallID: fmt.Sprintf("%s@%s", p.user, p.realm), Expires: lifetime,
	})
	f.meters[OpRegistration].note(time.Since(began), err)
	p.unknown = err != nil
	p.report(contact, time.Now())
}

// ask queries the phone's registration, as an application does before a call.
func (f *Fleet) query(ctx context.Context, p *phone, due time.Time) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	sent := time.Now()
	shown, err := f.shown(ctx, p)
	if err == nil && !p.mayShow(shown, sent) {
		err = fmt.Errorf("%w: %s@%s shows %q, not %q", errWrong, p.user, p.realm, shown, p.contact)
	}
	f.meters[OpQuery].note(time.Since(due), err)
}

// shown returns the contact in the reply to a query, empty for none.
func (f *Fleet) shown(ctx context.Context, p *phone) (contact string, err error) {
	m, err := f.cfg.Switch.Query(ctx, p.realm, p.user, "Contact")
	if err != nil {
		return "", err
	}
	r, ok := m.(*wire.RegQueryResponse)
	if !ok {
		return "", nil
	}
	if contact, err = r.Contact(); err != nil {
		return "", fmt.Errorf("%w: %s@%s: %w", errWrong, p.user, p.realm, err)
	}
	return contact, nil
}

// Verdict is the result of [Fleet.Verify].
type Verdict struct {
	// Checked counts the phones. Of those with a confirmed last report, Lost show nothing and
	// Wrong show another contact.
	Checked, Lost, Wrong int
	// Examples describe a few of them.
	Examples []string
}

// maxConcurrent bounds the phones verified at a time.
const maxConcurrent = 64

// Verify queries every phone and compares the reply with its last report, at a quiet moment. It
// repeats queries until the reply is right or ctx ends.
func (f *Fleet) Verify(ctx context.Context) Verdict {
	var (
		mu    sync.Mutex
		v     Verdict
		tasks sync.WaitGroup
	)
	places := make(chan struct{}, maxConcurrent)
	for _, p := range f.all {
		places <- struct{}{}
		tasks.Go(func() {
			defer func() { <-places }()
			shown, ok := f.agrees(ctx, p)
			mu.Lock()
			defer mu.Unlock()
			v.Checked++
			if ok {
				return
			}
			if shown == "" {
				v.Lost++
			} else {
				v.Wrong++
			}
			if len(v.Examples) < 5 {
				v.Examples = append(v.Examples, fmt.Sprintf("%s@%s shows %q instead of %q", p.user, p.realm, shown, p.contact))
			}
		})
	}
	tasks.Wait()
	return v
}

// agrees queries until the reply shows the phone's last report.
func (f *Fleet) agrees(ctx context.Context, p *phone) (shown string, ok bool) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var err error
		again, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
		shown, err = f.shown(again, p)
		cancel()
		if err == nil && (shown == p.contact || p.unknown) {
			return shown, true
		}
		select {
		case <-ctx.Done():
			return shown, false
		case <-tick.C:
		}
	}
}

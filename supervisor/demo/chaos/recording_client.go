package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"registrar/actors/domain"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
)

// Answers counts the requests at their sender.
type Answers struct {
	// Asked counts all. Answered had a reply. Nobody were returned by the broker: no registrar
	// had bound its queue. Cut failed because the sender had lost the broker. GivenUp had no
	// reply in time.
	Asked, Answered, Nobody, Cut, GivenUp int
	// Unexplained are those of GivenUp without a fault meanwhile.
	Unexplained int
}

const (
	replyTimeout   = 2500 * time.Millisecond // for a reply, as in a proxy
	confirmTimeout = 10 * time.Second        // for one confirm
	retryDelay     = 100 * time.Millisecond  // before a report is published again
	publishTimeout = 2 * time.Minute         // for a report to be confirmed
	shownTimeout   = 20 * time.Second        // for a contact to be shown before its unregistration
	redelivery     = 20 * time.Second        // from a dead connection to the delivery of its messages again
)

// recordingClient records every request and reply, and repeats a report until the broker confirms
// it. It is safe for concurrent use; reports about one user wait for each other.
type recordingClient struct {
	line   client.Client
	ledger *Ledger
	// quiet reports whether there was no fault between two times.
	quiet func(from, to time.Time) bool

	ids     atomic.Uint64
	mu      sync.Mutex
	users   map[domain.Key]*sync.Mutex
	authns  Answers
	queries Answers
	// published counts reports, repeated those published again.
	published, repeated int
}

func newRecordingClient(line client.Client, ledger *Ledger, quiet func(from, to time.Time) bool) *recordingClient {
	return &recordingClient{line: line, ledger: ledger, quiet: quiet, users: map[domain.Key]*sync.Mutex{}}
}

func keyOf(realm, user string) domain.Key {
	return domain.Key{Realm: domain.Realm(realm), User: domain.User(user)}
}

// Authn implements [client.Client].
func (w *recordingClient) Authn(ctx context.Context, realm, user string) (wire.Message, error) {
	called := time.Now()
	m, err := w.line.Authn(ctx, realm, user)
	returned := time.Now()
	w.count(&w.authns, called, returned, err)
	if err != nil {
		return nil, err
	}
	r := Read{Called: called, Returned: returned, By: "authn"}
	if a, ok := m.(*wire.AuthnResponse); ok {
		r.Value = a.Password.Reveal()
	}
	w.ledger.Answered(keyOf(realm, user), r)
	return m, nil
}

// Query implements [client.Client], for a contact.
func (w *recordingClient) Query(ctx context.Context, realm, user string, fields ...string) (wire.Message, error) {
	called := time.Now()
	m, err := w.line.Query(ctx, realm, user, fields...)
	returned := time.Now()
	w.count(&w.queries, called, returned, err)
	if err != nil {
		return nil, err
	}
	contact, err := contactOf(m)
	if err != nil {
		return nil, err
	}
	w.ledger.Shown(keyOf(realm, user), Read{Value: contact, Called: called, Returned: returned, By: "query"})
	return m, nil
}

// contactOf reads the contact in a reply, empty for none.
func contactOf(m wire.Message) (contact string, err error) {
	r, ok := m.(*wire.RegQueryResponse)
	if !ok {
		return "", nil
	}
	return r.Contact()
}

// Report implements [client.Client]; it returns when the broker has confirmed the report. It
// avoids reports that the registrar cannot order: two of one user within a second, an
// unregistration before the contact was shown, and one that overtakes a report of an earlier
// contact.
func (w *recordingClient) Report(ctx context.Context, r client.Registration) error {
	k := keyOf(r.Realm, r.User)
	mine := w.user(k)
	mine.Lock()
	defer mine.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	pause(ctx, time.Until(w.ledger.last(k).Called.Truncate(time.Second).Add(time.Second)))
	contact := r.Contact
	if r.Expires == 0 {
		w.awaitShown(ctx, k, contact)
		w.awaitRedelivery(ctx, k)
		contact = ""
	}
	r.At, r.ID = time.Now(), fmt.Sprintf("chaos-%d", w.ids.Add(1))
	w.ledger.Reporting(k, r.ID, contact, r.At)
	for n := 0; ; n++ {
		w.tally(n)
		err := w.publish(ctx, r)
		if err == nil {
			w.ledger.Confirmed(k, time.Now())
			return nil
		}
		pause := time.NewTimer(retryDelay)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return fmt.Errorf("the broker did not confirm a report of %v within %v: %w", k, publishTimeout, err)
		}
	}
}

// awaitRedelivery waits until the report before the last one cannot be in a dead connection any
// more: there was no fault since, or the broker has had time to deliver it again. A tombstone
// refuses older reports of the removed contact only, not of contacts before it.
func (w *recordingClient) awaitRedelivery(ctx context.Context, k domain.Key) {
	before := w.ledger.beforeLast(k).Called
	for time.Since(before) < redelivery && !w.quiet(before, time.Now()) && ctx.Err() == nil {
		pause(ctx, retryDelay)
	}
}

// awaitShown waits until a reply has shown a user's contact.
func (w *recordingClient) awaitShown(ctx context.Context, k domain.Key, contact string) {
	ctx, cancel := context.WithTimeout(ctx, shownTimeout)
	defer cancel()
	for ctx.Err() == nil && !w.ledger.seen(k, contact) {
		once, cancel := context.WithTimeout(ctx, replyTimeout)
		_, _ = w.Query(once, string(k.Realm), string(k.User), "Contact") // the ledger has the reply
		cancel()
		pause(ctx, retryDelay)
	}
}

func (w *recordingClient) tally(repeat int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if repeat > 0 {
		w.repeated++
		return
	}
	w.published++
}

func (w *recordingClient) publish(ctx context.Context, r client.Registration) error {
	ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	return w.line.Report(ctx, r)
}

func (w *recordingClient) user(k domain.Key) *sync.Mutex {
	w.mu.Lock()
	defer w.mu.Unlock()
	mine := w.users[k]
	if mine == nil {
		mine = new(sync.Mutex)
		w.users[k] = mine
	}
	return mine
}

// count records the end of a request.
func (w *recordingClient) count(a *Answers, called, returned time.Time, err error) {
	unexplained := err != nil && w.quiet(called, returned)
	w.mu.Lock()
	defer w.mu.Unlock()
	a.Asked++
	switch {
	case err == nil:
		a.Answered++
	case errors.Is(err, client.ErrUnroutable):
		a.Nobody++
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		a.GivenUp++
	default:
		a.Cut++
	}
	if unexplained {
		a.Unexplained++
	}
}

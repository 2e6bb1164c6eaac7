package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// recoverWithin bounds the time from the last fault until the registrar is ready and its tree is
// as declared.
const recoverWithin = 60 * time.Second

// verify checks the result: by queries, then in the file after one more kill -9, then by queries
// after the restart.
func (r *run) verify(ctx context.Context) error {
	if err := errors.Join(r.ready(ctx), r.treeAsDeclared(ctx)); err != nil {
		return err
	}
	r.shownAll(ctx, "the final query")
	if err := r.counters.read(ctx); err != nil {
		return err
	}
	r.proc.kill()
	if err := errors.Join(r.audit(ctx, time.Now()), r.proc.start(ctx), r.ready(ctx)); err != nil {
		return err
	}
	r.shownAll(ctx, "a query after a restart")
	if err := errors.Join(r.treeAsDeclared(ctx), r.counters.read(ctx)); err != nil {
		return err
	}
	r.fillReport()
	return nil
}

// fillReport fills in the report.
func (r *run) fillReport() {
	r.client.mu.Lock()
	r.report.Authns, r.report.Queries, r.report.Published, r.report.Repeated = r.client.authns, r.client.queries, r.client.published, r.client.repeated
	r.client.mu.Unlock()
	_, r.report.Unconfirmed = r.ledger.Newest()
	r.report.Wrong, r.report.Judged = r.ledger.Judge()
	r.report.Heals = r.heals.heals()
	r.report.Counted = map[string]map[string]int{}
	for _, flow := range []string{"authn", "registrations", "queries", "publisher"} {
		r.report.Counted[flow] = r.counters.of(flow)
	}
	r.report.Starts = int(r.proc.starts.Load())
}

// until waits for a condition; ok also says why it does not hold.
func until(ctx context.Context, what string, ok func(context.Context) (bool, string)) error {
	ctx, cancel := context.WithTimeout(ctx, recoverWithin)
	defer cancel()
	for {
		done, why := ok(ctx)
		if done {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("not %s within %v: %s", what, recoverWithin, why)
		}
		pause(ctx, retryDelay)
	}
}

// ready waits until the registrar reports that it is ready.
func (r *run) ready(ctx context.Context) error { return until(ctx, "ready", r.proc.ready) }

// treeAsDeclared waits until the process tree is as it was declared.
func (r *run) treeAsDeclared(ctx context.Context) error {
	return until(ctx, "the tree as declared", func(ctx context.Context) (bool, string) {
		tree, err := r.proc.client.Tree(ctx)
		if err != nil {
			return false, err.Error()
		}
		why := differs(r.tree, tree)
		return why == "", why
	})
}

// differs describes the first difference to the declared tree, or the first process that is not
// up.
func differs(want, got otp.Node) string {
	switch {
	case want.Name != got.Name || want.Kind != got.Kind || len(want.Children) != len(got.Children):
		return fmt.Sprintf("%s %s with %d children instead of %s %s with %d", got.Kind, got.Name, len(got.Children), want.Kind, want.Name, len(want.Children))
	case got.State != "up":
		return got.Name + " is " + got.State
	}
	for i, c := range want.Children {
		if why := differs(c, got.Children[i]); why != "" {
			return why
		}
	}
	return ""
}

// shownAll queries every user until the last report is shown. Users whose last report is still
// missing when nothing changes any more are lost.
func (r *run) shownAll(ctx context.Context, by string) {
	left, _ := r.ledger.Newest()
	kept := map[domain.Key]string{}
	for last := time.Now(); len(left) > 0 && time.Since(last) < r.opts.ShownWithin; pause(ctx, retryDelay) {
		for k, contact := range left {
			once, cancel := context.WithTimeout(ctx, replyTimeout)
			m, err := r.client.Query(once, string(k.Realm), string(k.User), "Contact")
			cancel()
			if err != nil {
				continue
			}
			if kept[k], err = contactOf(m); err == nil && kept[k] == contact {
				delete(left, k)
				last = time.Now()
			}
		}
	}
	for k, contact := range left {
		r.report.Lost = append(r.report.Lost, Loss{By: by, Key: k, Kept: kept[k], Settled: contact})
	}
}

package persistence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
)

// retryAfter is how long a writer waits between attempts to open its file again, or to write when there was no space.
const retryAfter = 500 * time.Millisecond

// state is what a file can be used for.
type state uint8

// A file is ok; or read-only, because the disk is full or the file may not grow; or not open, because it could not be opened again after a commit
// that failed.
const (
	stateOK state = iota
	stateReadOnly
	stateReopening
)

// String names the state for operators.
func (s state) String() string { return [...]string{"ok", "read-only", "reopening"}[s] }

// keeper opens a file and keeps it usable: it knows what a commit that failed means. It belongs to the file's writer; only its health is for
// all.
type keeper struct {
	opts  Options
	kind  string
	file  *file
	turn  otp.Epoch // of the incarnation
	state state
	why   error
	// full says that the file itself may not grow: writes are taken all the same, since those that do not make it longer are carried out.
	full   bool
	health *health
}

// health is what a file says of itself to the outside.
type health struct {
	trouble  atomic.Pointer[string]
	commits  atomic.Uint64
	failures atomic.Uint64
}

// Trouble says why writes are refused now, or why nothing can be read; empty when all is well.
func (h *health) Trouble() string {
	if text := h.trouble.Load(); text != nil {
		return *text
	}
	return ""
}

// Commits counts the commits since the store was made.
func (h *health) Commits() uint64 { return h.commits.Load() }

// Failures counts how often the file has come into trouble since the store was made.
func (h *health) Failures() uint64 { return h.failures.Load() }

func newKeeper(o Options, kind string, f *file, h *health) *keeper {
	return &keeper{opts: o, kind: kind, file: f, health: h}
}

// begin opens the file for an incarnation.
func (k *keeper) begin(turn otp.Epoch, v visit) error {
	k.turn = turn
	return k.open(v)
}

// open looks through the file, shows v every value, and opens it.
func (k *keeper) open(v visit) error {
	err := k.file.replace(k.turn, func() (*bolt.DB, error) { return open(k.opts, k.kind, v) }, func(err error) {
		if err != nil {
			k.opts.Log.Warn().Err(err).Str("file", k.name()).Msg("closing the file")
		}
	})
	if err == nil {
		k.become(stateOK, nil)
	}
	return err
}

// update runs a transaction, see [file.update].
func (k *keeper) update(write func(data *bolt.Bucket) error) error {
	return k.file.update(k.turn, write)
}

// close closes the file.
func (k *keeper) close() error { return k.file.close(k.turn) }

func (k *keeper) name() string { return k.kind + ".db" }

// refusesWrites returns why writes cannot be accepted now, nil if they can.
func (k *keeper) refusesWrites() error {
	if k.state == stateOK || k.full {
		return nil
	}
	return k.why
}

// failed takes note of an update that failed and reports whether [keeper.retry] has to be called in a while. Unless it was refused before anything was
// written, the outcome is unknown: a page may have reached the disk or not. So the file is looked through and opened again before anything is
// read from it or decided on it.
func (k *keeper) failed(err error) (again bool) {
	if errors.Is(err, errNotOurs) {
		return false // the successor has opened it long since
	}
	if domain.KindOf(err) == domain.Full {
		k.fullNow()
		return false
	}
	k.opts.Log.Error().Err(err).Str("file", k.name()).Msg("commit failed: its outcome is unknown, the file is opened again")
	if opened := k.open(verifyOnly(k.opts, k.kind)); opened != nil {
		k.become(stateReopening, opened)
		return true
	}
	if noSpace(err) {
		k.become(stateReadOnly, fmt.Errorf("there is no space to write (%w): make room, and writing goes on by itself", err))
		return true
	}
	return false
}

// faulty runs a commit between its two fault points.
func faulty(hit func(fault.Point, string) error, commit func() error) error {
	err := hit(fault.BeforeCommit, "")
	if err != nil && !errors.Is(err, fault.ErrTorn) {
		return err
	}
	if failed := commit(); failed != nil {
		return failed
	}
	return err // torn: it is on disk and its writer does not know
}

// fullNow takes note of a write that did not fit.
func (k *keeper) fullNow() {
	k.full = true
	k.become(stateReadOnly, fmt.Errorf("the file has reached the size that it may have (%d MiB): raise --max-store, or compact it", k.opts.MaxSize>>20))
}

// succeeded takes note of an update that was committed, and whether the file has room.
func (k *keeper) succeeded(roomy bool) {
	k.health.commits.Add(1)
	if k.state != stateOK && (roomy || !k.full) {
		k.become(stateOK, nil)
	}
}

// retry tries to leave the state that failed has led to, and reports whether it has to be called once more.
func (k *keeper) retry() (again bool) {
	var err error
	switch k.state {
	case stateOK:
		return false
	case stateReopening:
		err = k.open(verifyOnly(k.opts, k.kind))
	case stateReadOnly:
		err = probe(k.opts.Dir)
	}
	if err == nil {
		k.become(stateOK, nil)
		return false
	}
	if k.state == stateReopening {
		k.become(stateReopening, err)
	}
	return true
}

// become takes note of a state, unless a successor has the file: what a writer that was abandoned thinks of it is not to be said.
func (k *keeper) become(s state, why error) {
	if !k.file.ours(k.turn) {
		return
	}
	if s == stateOK {
		why, k.full = nil, false
	}
	if s != k.state {
		log := k.opts.Log.Warn()
		if s == stateOK {
			log = k.opts.Log.Info()
		}
		log.AnErr("reason", why).Str("file", k.name()).Stringer("state", s).Msg("state of the store")
	}
	k.state, k.why = s, nil
	if why == nil {
		k.health.trouble.Store(nil)
		return
	}
	k.why = domain.Wrap(domain.Unavailable, k.name(), why)
	text := k.why.Error()
	if k.health.trouble.Swap(&text) == nil {
		k.health.failures.Add(1)
	}
}

// noSpace reports whether a write failed because there is no room for it. Some of its errors bbolt flattens to text.
func noSpace(err error) bool {
	for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EROFS} {
		if errors.Is(err, e) || strings.Contains(err.Error(), e.Error()) {
			return true
		}
	}
	return false
}

// probe writes a megabyte beside the file and reports whether it reached the disk.
func probe(dir string) (err error) {
	f, err := os.OpenFile(filepath.Join(dir, "probe.tmp"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the operator's own directory.
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if _, err := f.Write(make([]byte, 1<<20)); err != nil {
		return err
	}
	return f.Sync()
}

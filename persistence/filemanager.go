package persistence

import (
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
)

// retryAfter is the interval between attempts to reopen a file, or to write to a full disk.
const retryAfter = 500 * time.Millisecond

// fileManager opens a file and handles failed commits. It belongs to the file's writer; only its
// health is shared.
type fileManager struct {
	opts  Options
	kind  string
	file  *file
	epoch otp.Epoch // of the incarnation
	state state
	why   error
	// full reports that the file may not grow. Writes are accepted: those that do not grow the
	// file are carried out.
	full   bool
	health *health
}

func newFileManager(o Options, kind string, f *file, h *health) *fileManager {
	return &fileManager{opts: o, kind: kind, file: f, health: h}
}

// begin opens the file for an incarnation.
func (k *fileManager) begin(turn otp.Epoch, v visit) error {
	k.epoch = turn
	return k.open(v)
}

// open verifies the file, calls v for every value, and opens the file.
func (k *fileManager) open(v visit) error {
	err := k.file.replace(k.epoch, func() (*bolt.DB, error) { return open(k.opts, k.kind, v) }, func(err error) {
		if err != nil {
			k.opts.Log.Warn().Err(err).Str("file", k.name()).Msg("file close failed")
		}
	})
	if err == nil {
		k.setState(stateOK, nil)
	}
	return err
}

// update runs a transaction, see [file.update].
func (k *fileManager) update(write func(data *bolt.Bucket) error) error {
	return k.file.update(k.epoch, write)
}

// close closes the file.
func (k *fileManager) close() error { return k.file.close(k.epoch) }

func (k *fileManager) name() string { return k.kind + ".db" }

// failed handles the error of an update, and reports whether [fileManager.retry] has to be
// called after [retryAfter]. Unless the update was refused before it wrote, its outcome is
// unknown. So the file is verified and reopened before anything is read from it.
func (k *fileManager) failed(err error) (again bool) {
	if errors.Is(err, errNotOwner) {
		return false // the successor has opened it
	}
	if domain.KindOf(err) == domain.Full {
		k.markFull()
		return false
	}
	k.opts.Log.Error().Err(err).Str("file", k.name()).Msg("commit failed, reopening the file")
	if opened := k.open(verifyOnly(k.opts, k.kind)); opened != nil {
		k.setState(stateReopening, opened)
		return true
	}
	if noSpace(err) {
		k.setState(stateReadOnly, fmt.Errorf("no space left to write (%w): free space, and writing resumes by itself", err))
		return true
	}
	return false
}

// withFaultPoints runs a commit between its two fault points.
func withFaultPoints(hit func(fault.Point, string) error, commit func() error) error {
	err := hit(fault.BeforeCommit, "")
	if err != nil && !errors.Is(err, fault.ErrTorn) {
		return err
	}
	if failed := commit(); failed != nil {
		return failed
	}
	return err // torn: the commit is on disk, and the writer does not know
}

// markFull makes the file read-only after a write that did not fit.
func (k *fileManager) markFull() {
	k.full = true
	k.setState(stateReadOnly, fmt.Errorf("the file has reached its maximum size (%d MiB): raise --max-store, or compact it", k.opts.MaxSize>>20))
}

// succeeded handles a committed update. The file leaves the read-only state if it has headroom.
func (k *fileManager) succeeded(roomy bool) {
	k.health.commits.Add(1)
	if k.state != stateOK && (roomy || !k.full) {
		k.setState(stateOK, nil)
	}
}

// retry tries to leave the state after a failure, and reports whether it has to be called again.
func (k *fileManager) retry() (again bool) {
	var err error
	switch k.state {
	case stateOK:
		return false
	case stateReopening:
		err = k.open(verifyOnly(k.opts, k.kind))
	case stateReadOnly:
		err = probeSpace(k.opts.Dir)
	}
	if err == nil {
		k.setState(stateOK, nil)
		return false
	}
	if k.state == stateReopening {
		k.setState(stateReopening, err)
	}
	return true
}

package persistence

import (
	"errors"
	"os"
	"time"

	"registrar/actors/domain"
)

// Upgrade describes the upgrade of a file to the current format.
type Upgrade struct {
	// File is the name of the file; From is its format, To the current format.
	File     string
	From, To uint32
	// Records counts its records.
	Records int
	// Space is about the number of bytes that the upgrade needs in the data directory: those of the
	// backup and of the new file. The new file replaces the old one at the end.
	Space int64
	// Backup is the name of the backup beside the file; empty when nothing is to be done.
	Backup string
}

// Needed reports whether the file has an earlier format.
func (u Upgrade) Needed() bool { return u.From < u.To }

// PlanUpgrade verifies a file and describes its upgrade. It changes nothing and needs no keys.
// The caller holds the directory's lock. No file is [domain.NotFound].
func PlanUpgrade(o Options, kind string) (u Upgrade, err error) {
	u = Upgrade{File: kind + ".db", To: formatOf(kind)}
	info, err := os.Stat(o.path(kind))
	if errors.Is(err, os.ErrNotExist) {
		return u, domain.Wrap(domain.NotFound, u.File, errors.New("does not exist"))
	}
	if err != nil {
		return u, domain.Wrap(domain.Unavailable, u.File, err)
	}
	if err := checkNotTruncated(o.path(kind)); err != nil {
		return u, err
	}
	u.From, err = verifyFile(o, kind, func(k, v []byte) error {
		u.Records++
		if kind == credentialsKind {
			return verify(k, v, credentialHeader, credentialFormat)
		}
		return verify(k, v, registrationHeader, registrationFormat)
	})
	if err != nil || !u.Needed() {
		return u, err
	}
	u.Backup = backupName(kind, u.From, time.Now())
	u.Space, err = newSize(o, kind, u.From)
	u.Space += info.Size()
	return u, err
}

// newSize returns how many bytes a file takes after its migration, about.
func newSize(o Options, kind string, from uint32) (size int64, err error) {
	const elementHeader = 16 // of bbolt, for each key
	_, err = verifyFile(o, kind, func(k, v []byte) error {
		v, err := migrateValue(kind, from, formatOf(kind), migrations(kind), k, v)
		size += int64(elementHeader + len(k) + len(v))
		return err
	})
	// Pages are filled to nine tenths, see [chunked]; the values that do not fit leave more free.
	return size*5/4 + 64<<10, err
}

// UpgradeFile brings a file to the current format and describes the upgrade. The caller holds
// the directory's lock. No file is [domain.NotFound].
func UpgradeFile(o Options, kind string) (Upgrade, error) {
	u, err := PlanUpgrade(o, kind)
	if err != nil || !u.Needed() {
		return u, err
	}
	u.Backup, err = migrate(o, kind, u.From)
	return u, err
}

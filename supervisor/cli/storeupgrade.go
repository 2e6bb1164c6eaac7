package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/persistence"
)

// ExitUpgrade is the exit code of store upgrade --check when a file has an earlier format.
const ExitUpgrade = 3

// upgradeNeededError is the error of store upgrade --check when a file has an earlier format.
type upgradeNeededError struct{ error }

// storeUpgradeCmd is registrar store upgrade.
type storeUpgradeCmd struct {
	dataFlag
	Check bool `help:"Only print what would be done. Exit code 0: nothing to do; 3: an upgrade is needed; 1: a file cannot be read."`
}

// Run upgrades each file that has an earlier format.
func (c *storeUpgradeCmd) Run(env Env) (err error) {
	if _, err := os.Stat(c.Data); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	hold, upgrade := persistence.LockDir, persistence.UpgradeFile
	if c.Check { // nothing is changed, not even the lock file
		hold, upgrade = persistence.HoldDir, persistence.PlanUpgrade
	}
	lock, err := hold(c.Data)
	if domain.KindOf(err) == domain.Unavailable {
		return fmt.Errorf("stop the server first, or start the newer version: it upgrades by itself: %w", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	files, needed := 0, 0
	for _, kind := range persistence.Kinds() {
		u, err := upgrade(persistence.Options{Dir: c.Data, Log: zerolog.Nop()}, kind)
		if domain.KindOf(err) == domain.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		files++
		if u.Needed() {
			needed++
		}
		if err := c.print(env.Stdout, u); err != nil {
			return err
		}
	}
	switch {
	case files == 0:
		return fmt.Errorf("no store in %s: check --data", c.Data)
	case c.Check && needed > 0:
		return upgradeNeededError{errors.New("an upgrade is needed; stop the server and run: registrar store upgrade")}
	}
	return nil
}

func (c *storeUpgradeCmd) print(out io.Writer, u persistence.Upgrade) error {
	records := recordCount(u.Records)
	switch {
	case !u.Needed():
		return printf(out, "%s: format %d is current, %s\n", u.File, u.From, records)
	case c.Check:
		return printf(out, "%s: upgrade from format %d to %d, %s, needs %.1f MiB\n  backup: %s\n",
			u.File, u.From, u.To, records, mebibytes(u.Space), u.Backup)
	}
	return printf(out, "%s: upgraded from format %d to %d, %s\n  backup: %s\n", u.File, u.From, u.To, records, u.Backup)
}

func recordCount(n int) string {
	if n == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", n)
}

//go:build linux

package persistence_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"registrar/persistence"
	"registrar/persistence/crashtest"
)

// The power fails before single changes of the disk during an upgrade. Afterwards the file is
// the old or the new one with all records, and the new file has its backup.
func TestPowerFailureDuringUpgrade(t *testing.T) {
	crashtest.NeedsFUSE(t)
	file, want := loadStore(t)
	// Each part tries other changes.
	parts := crashtest.Rounds(t, 1, 16)
	for part := range parts {
		images := upgradeImages(t, file, uint64(part))
		formats := map[uint32]int{}
		for i, image := range images {
			if i%16 != part%16 && i < len(images)-8 {
				continue // near the end the file is replaced
			}
			from, err := afterPowerFailure(t, image, want)
			if err != nil {
				t.Fatalf("part %d, before change %d of %d: %v", part, i, len(images), err)
			}
			formats[from]++
		}
		if formats[1] == 0 || formats[2] == 0 {
			t.Errorf("files by format after the power failures: %v", formats)
		}
	}
}

// upgradeImages upgrades a file and returns an image of a power failure before each change.
func upgradeImages(t *testing.T, file []byte, seed uint64) (images []map[string][]byte) {
	t.Helper()
	dir := t.TempDir()
	fs, err := crashtest.Mount(dir, map[string][]byte{"registrations.db": file})
	must(t, err)
	r := rand.New(rand.NewPCG(seed, 3))
	fs.OnChange(r, func(image map[string][]byte) { images = append(images, image) })
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), upgradeChild+"="+dir)
	cmd.Stderr = os.Stderr
	must(t, cmd.Run())
	images = append(images, fs.Crash(r))
	must(t, fs.Unmount())
	return images
}

// afterPowerFailure opens the image of a disk, and returns the format that its file had.
func afterPowerFailure(t *testing.T, image map[string][]byte, want string) (format uint32, err error) {
	t.Helper()
	dir := t.TempDir()
	for name, b := range image {
		must(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	names := slices.Sorted(maps.Keys(image))
	must(t, persistence.Tidy(dir))
	plan, err := persistence.PlanUpgrade(persistence.Options{Dir: dir}, "registrations")
	if err != nil {
		return 0, fmt.Errorf("%v: %w", names, err)
	}
	if got, _ := export(t, dir); got != want {
		return 0, fmt.Errorf("%v: the records differ", names)
	}
	kept := backups(t, dir)
	if len(kept) != 1 {
		return 0, fmt.Errorf("%v: backups %v", names, kept)
	}
	must(t, os.Rename(kept[0], filepath.Join(dir, "registrations.db")))
	if old, err := persistence.PlanUpgrade(persistence.Options{Dir: dir}, "registrations"); err != nil || old.From != 1 ||
		old.Records != strings.Count(want, "\n") {
		return 0, fmt.Errorf("%v: the backup: %+v, %w", names, old, err)
	}
	return plan.From, nil
}

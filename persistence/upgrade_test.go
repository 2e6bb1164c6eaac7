package persistence_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/persistence"
)

// upgradeChild is the environment variable with the data directory of the process that upgrades.
const upgradeChild = "REGISTRAR_TEST_UPGRADE_DIR"

func runUpgradeChild(dir string) int {
	if _, err := persistence.UpgradeFile(persistence.Options{Dir: dir}, "registrations"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// loadStore returns the registrations file that the last version with format 1 wrote under load,
// and that version's export of it; see testdata/README.md.
func loadStore(t *testing.T) (file []byte, export string) {
	t.Helper()
	return unzip(t, "registrations.db.gz"), string(unzip(t, "registrations.jsonl.gz"))
}

func unzip(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata/format1/load", name))
	must(t, err)
	z, err := gzip.NewReader(f)
	must(t, err)
	b, err := io.ReadAll(z)
	must(t, err)
	must(t, f.Close())
	return b
}

// export prints a file as the command store export does.
func export(t *testing.T, dir string) (text string, recs []domain.Record) {
	t.Helper()
	r, err := persistence.OpenRegistrations(persistence.Options{Dir: dir})
	must(t, err)
	recs, err = r.Page("", domain.Key{}, 10_000)
	must(t, err)
	must(t, r.Close())
	var out bytes.Buffer
	for _, rec := range recs {
		must(t, persistence.WriteRecord(&out, rec))
	}
	return out.String(), recs
}

func backups(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "registrations.format1.*.db"))
	must(t, err)
	return list
}

// An upgrade of a store written under load keeps every record, and derives the flows from
// document and contact.
func TestUpgradeOfStoreWrittenUnderLoad(t *testing.T) {
	file, want := loadStore(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "registrations.db")
	must(t, os.WriteFile(path, file, 0o600))
	u, err := persistence.UpgradeFile(persistence.Options{Dir: dir}, "registrations")
	must(t, err)
	if u.Records != strings.Count(want, "\n") || u.From != 1 || u.To != 2 {
		t.Errorf("upgraded %+v", u)
	}
	got, recs := export(t, dir)
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Error(diff)
	}
	instance, regID := regexp.MustCompile(`sip\.instance="([^"]*)"`), regexp.MustCompile(`reg-id=(\d+)`)
	first := func(re *regexp.Regexp, s string) string {
		return strings.Join(re.FindStringSubmatch(s)[min(1, len(re.FindStringSubmatch(s))):], "")
	}
	instances := 0
	for _, rec := range recs {
		for _, b := range rec.Bindings {
			var doc map[string]any
			must(t, json.Unmarshal(b.Doc, &doc))
			text := func(field string) string { return strings.TrimSuffix(fmt.Sprint(doc[field]), "<nil>") }
			var number uint32
			_, _ = fmt.Sscan(first(regID, b.Contact), &number) // none: 0
			want := domain.Flow{
				CallID: text("Call-ID"), ProxyPath: text("Proxy-Path"), InstanceID: first(instance, b.Contact), RegID: number,
			}
			if diff := cmp.Diff(want, b.Flow); diff != "" {
				t.Errorf("%v %s: %s", rec.Key, b.Contact, diff)
			}
			if b.InstanceID != "" {
				instances++
			}
		}
	}
	if instances < 50 {
		t.Errorf("only %d instance IDs", instances)
	}
}

// The plan of an upgrade changes nothing; the upgrade then does the same, once.
func TestUpgradeDoesWhatThePlanSays(t *testing.T) {
	file, _ := loadStore(t)
	dir := t.TempDir()
	path, o := filepath.Join(dir, "registrations.db"), persistence.Options{Dir: dir}
	if _, err := persistence.PlanUpgrade(o, "registrations"); domain.KindOf(err) != domain.NotFound {
		t.Errorf("without a file: %v", err)
	}
	must(t, os.WriteFile(path, file, 0o600))
	plan, err := persistence.PlanUpgrade(o, "registrations")
	must(t, err)
	after, err := os.ReadFile(path)
	must(t, err)
	if names, _ := os.ReadDir(dir); len(names) != 1 || !bytes.Equal(after, file) || !plan.Needed() {
		t.Errorf("plan %+v, or it changed something: %v", plan, names)
	}
	done, err := persistence.UpgradeFile(o, "registrations")
	must(t, err)
	size := func(name string) int64 {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		return info.Size()
	}
	if needed := size("registrations.db") + size(done.Backup); needed > plan.Space || needed < plan.Space/2 {
		t.Errorf("needs %d bytes, announced %d", needed, plan.Space)
	}
	done.Backup, done.Space, plan.Backup, plan.Space = "", 0, "", 0
	if diff := cmp.Diff(plan, done); diff != "" {
		t.Error(diff)
	}
	again, err := persistence.UpgradeFile(o, "registrations")
	if err != nil || again.Needed() || again.Backup != "" || len(backups(t, dir)) != 1 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// A backup restores the older file, is never overwritten, and is made once of the same file.
func TestBackupBeforeUpgrade(t *testing.T) {
	file, want := loadStore(t)
	dir := t.TempDir()
	path, o := filepath.Join(dir, "registrations.db"), persistence.Options{Dir: dir}
	upgrade := func() string {
		t.Helper()
		u, err := persistence.UpgradeFile(o, "registrations")
		must(t, err)
		return filepath.Join(dir, u.Backup)
	}
	must(t, os.WriteFile(path, file, 0o600))
	first := upgrade()
	must(t, os.Rename(first, path)) // back to the older version
	if plan, err := persistence.PlanUpgrade(o, "registrations"); err != nil || plan.From != 1 {
		t.Errorf("the backup: %+v, %v", plan, err)
	}
	first = upgrade()
	kept, err := os.ReadFile(first)
	must(t, err)
	must(t, os.WriteFile(path, kept, 0o600))
	if second := upgrade(); second != first {
		t.Errorf("backups %s and %s of the same file", first, second)
	}
	must(t, os.WriteFile(path, kept, 0o600))
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	must(t, err)
	must(t, db.Update(func(tx *bolt.Tx) error { // another older file
		c := tx.Bucket([]byte("data")).Cursor()
		c.First()
		return c.Delete()
	}))
	must(t, db.Close())
	if second := upgrade(); second == first || len(backups(t, dir)) != 2 {
		t.Errorf("backups %v", backups(t, dir))
	}
	if now, err := os.ReadFile(first); err != nil || !bytes.Equal(now, kept) {
		t.Errorf("the first backup has changed: %v", err)
	}
	if got, _ := export(t, dir); strings.Count(got, "\n") != strings.Count(want, "\n")-1 {
		t.Error("a record was lost")
	}
}

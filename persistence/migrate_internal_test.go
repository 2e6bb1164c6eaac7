package persistence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/domain"
)

// A file of an earlier format is upgraded step by step. A newer file, and one without a step,
// are refused with the reason.
func TestMigration(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	path := o.path(registrationsKind)
	const format = registrationFormat
	if err := build(o, path, registrationsKind, format, func(put func(k, v []byte) error) error {
		return errors.Join(put([]byte("a"), []byte("1")), put([]byte("b"), []byte("2")), put([]byte("c"), []byte("3")))
	}); err != nil {
		t.Fatal(err)
	}
	steps := map[uint32]migration{
		format: func(_ string, k, v []byte) ([]byte, error) {
			if string(k) == "b" {
				return nil, nil
			}
			return append(append([]byte(nil), v...), '+'), nil
		},
		format + 1: func(_ string, _, v []byte) ([]byte, error) { return append(append([]byte(nil), v...), '!'), nil },
	}
	if _, err := migrateWith(o, registrationsKind, format, format+3, steps); err == nil || !strings.Contains(err.Error(), "cannot upgrade") {
		t.Errorf("a step is missing: %v", err)
	}
	if _, err := migrateWith(o, registrationsKind, format, format+2, steps); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	_, err := verifyFile(o, registrationsKind, func(k, v []byte) error {
		got[string(k)] = string(v)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "use the newer program that wrote it") {
		t.Errorf("a newer format: %v", err)
	}
	f := &file{}
	if err := errors.Join(rewrite(o, registrationsKind, format, func(k, v []byte) ([]byte, error) {
		got[string(k)] = string(v)
		return v, nil
	}), f.close(0)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "1+!", "c": "3+!"}, got); diff != "" {
		t.Error(diff)
	}
}

// This program reads the files of every earlier format: testdata has a backup of each.
func TestEveryFormatIsRead(t *testing.T) {
	for format := uint32(1); format <= registrationFormat; format++ {
		want := goldenRecord()
		if format == 1 {
			want.Bindings[0].Flow = domain.Flow{}
		}
		archive, err := os.Open(filepath.Join("testdata", fmt.Sprint("format", format), "backup.tar"))
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Dir: t.TempDir()}
		reports, err := Restore(o, archive, false)
		if err = errors.Join(err, archive.Close()); err != nil || len(reports) != 2 {
			t.Fatalf("%v, %v", reports, err)
		}
		r, err := OpenRegistrations(o)
		if err != nil {
			t.Fatal(err)
		}
		rec, found, err := r.Get(want.Key)
		if diff := cmp.Diff(want, rec); diff != "" || !found || err != nil {
			t.Errorf("%v, %v\n%s", found, err, diff)
		}
		c, err := OpenCredentials(o)
		if err != nil {
			t.Fatal(err)
		}
		creds, err := c.Page("", domain.Key{}, 10)
		if diff := cmp.Diff([]domain.Credential{goldenCredential()}, creds); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		if err := errors.Join(r.Close(), c.Close()); err != nil {
			t.Error(err)
		}
	}
}

package persistence

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/domain"
)

func goldenRecord() domain.Record {
	at := time.UnixMilli(1_795_392_520_123).UTC()
	return domain.Record{
		Key: domain.Key{Realm: "acme.test", User: "100"}, Unprovisioned: true,
		Bindings: []domain.Binding{
			{
				ID: "id-1", Contact: "sip:100@192.0.2.1", Deadline: at.Add(time.Hour), Stamp: domain.Stamp{Sender: 7, Event: -1, Arrival: 3},
				Digest: domain.Digest{1, 2}, Doc: domain.Document(`{"Contact":"x"}`),
			},
			{ID: "id-2", Contact: "sip:100@192.0.2.2", Deadline: at.Add(2 * time.Hour), Stamp: domain.Stamp{Sender: 8, Event: 5, Arrival: 6}, Doc: domain.Document(`{}`)},
		},
		Tombstones: []domain.Tombstone{
			{ID: "gone", Stamp: domain.Stamp{Sender: 9, Event: 1, Arrival: 2}, Digest: domain.Digest{3}, RemovedDigest: domain.Digest{4}, Until: at.Add(24 * time.Hour)},
		},
	}
}

func goldenCredential() domain.Credential {
	return domain.Credential{
		Key: domain.Key{Realm: "acme.test", User: "100"}, Method: domain.A1Hash, Secret: domain.NewSecret("0123456789abcdef0123456789abcdef"), Disabled: true,
		AccountID: "acc", AuthorizingID: "auth", OwnerID: "own", CCV: []byte(`{"x":1}`), Response: []byte(`{"Expires":60}`),
	}
}

// The values on disk, byte by byte: a change of the format has to be a decision, with a migration.
func TestGoldenValues(t *testing.T) {
	rec, cred := goldenRecord(), goldenCredential()
	for name, v := range map[string][]byte{"record": encodeRecord(&rec, 5), "credential": encodeCredential(&cred, nil)} {
		path := filepath.Join("testdata", "format1", name+".hex")
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.Dump(v); got != string(want) {
			t.Errorf("%s is\n%s", path, got)
		}
	}
	k := keyOf(rec.Key)
	got, err := decodeRecord(k, encodeRecord(&rec, 5))
	if diff := cmp.Diff(rec, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	c, err := decodeCredential(k, encodeCredential(&cred, nil), nil)
	if diff := cmp.Diff(cred, c); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// A value of which any bit has been flipped is refused, and so is one that is cut anywhere, and one that stands under another key.
func TestEveryFlippedBitIsSeen(t *testing.T) {
	keys, err := ReadKeyring(strings.NewReader(NewKey(1)))
	if err != nil {
		t.Fatal(err)
	}
	rec, cred := goldenRecord(), goldenCredential()
	k := keyOf(rec.Key)
	for name, tc := range map[string]struct {
		v      []byte
		decode func(k, v []byte) error
	}{
		"record": {encodeRecord(&rec, 5), func(k, v []byte) error {
			_, err := decodeRecord(k, v)
			return err
		}},
		"header": {encodeRecord(&rec, 5), func(k, v []byte) error {
			_, err := decodeHeader(k, v)
			return err
		}},
		"credential": {encodeCredential(&cred, nil), func(k, v []byte) error {
			_, err := decodeCredential(k, v, nil)
			return err
		}},
		"sealed credential": {encodeCredential(&cred, keys), func(k, v []byte) error {
			_, err := decodeCredential(k, v, keys)
			return err
		}},
	} {
		if err := tc.decode(k, tc.v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range len(tc.v) * 8 {
			bad := append([]byte(nil), tc.v...)
			bad[i/8] ^= 1 << (i % 8)
			if tc.decode(k, bad) == nil {
				t.Errorf("%s: bit %d", name, i)
			}
		}
		for n := range tc.v {
			if tc.decode(k, tc.v[:n]) == nil {
				t.Errorf("%s: cut to %d bytes", name, n)
			}
		}
		if tc.decode([]byte("acme.test\x00101"), tc.v) == nil {
			t.Errorf("%s: taken for another user's", name)
		}
	}
}

// A sealed secret cannot be given to another user, not even with a checksum that fits.
func TestSealedSecretBelongsToItsUser(t *testing.T) {
	keys, err := ReadKeyring(strings.NewReader("# ours\n\n" + NewKey(3)))
	if err != nil {
		t.Fatal(err)
	}
	cred := goldenCredential()
	v := encodeCredential(&cred, keys)
	if strings.Contains(string(v), cred.Secret.Reveal()) {
		t.Error("the secret can be read")
	}
	other := []byte("acme.test\x00101")
	if _, err := decodeCredential(other, sign(other, v), keys); !errors.Is(err, errSealed) {
		t.Errorf("got %v", err)
	}
	for text, want := range map[string]string{
		"":                    "there is no key",
		"x y":                 "line 1: does not begin with a number",
		"0 AAAA":              "line 1: does not begin with a number",
		"1 c2hvcnQ=":          "line 1: is not 32 bytes in base64",
		NewKey(1) + NewKey(1): "line 2: key 1 is there twice",
	} {
		if _, err := ReadKeyring(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) || domain.KindOf(err) != domain.Invalid {
			t.Errorf("%.10q: %v", text, err)
		}
	}
}

// A file of an earlier format is brought forward by its steps, a newer one is refused, and one whose step is gone is refused by name.
func TestMigration(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	path := o.path(registrationsKind)
	if err := build(o, path, registrationsKind, fileFormat, func(put func(k, v []byte) error) error {
		return errors.Join(put([]byte("a"), []byte("1")), put([]byte("b"), []byte("2")), put([]byte("c"), []byte("3")))
	}); err != nil {
		t.Fatal(err)
	}
	steps := map[uint32]migration{
		fileFormat: func(_ string, k, v []byte) ([]byte, error) {
			if string(k) == "b" {
				return nil, nil
			}
			return append(append([]byte(nil), v...), '+'), nil
		},
		fileFormat + 1: func(_ string, _, v []byte) ([]byte, error) { return append(append([]byte(nil), v...), '!'), nil },
	}
	if err := migrateWith(o, registrationsKind, fileFormat, fileFormat+3, steps); err == nil || !strings.Contains(err.Error(), "does not know any more") {
		t.Errorf("a step is missing: %v", err)
	}
	if err := migrateWith(o, registrationsKind, fileFormat, fileFormat+2, steps); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	_, err := look(o, registrationsKind, func(k, v []byte) error {
		got[string(k)] = string(v)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "use the newer program that wrote it") {
		t.Errorf("a newer format: %v", err)
	}
	f := &file{}
	if err := errors.Join(rewrite(o, registrationsKind, fileFormat, func(k, v []byte) ([]byte, error) {
		got[string(k)] = string(v)
		return v, nil
	}), f.close(0)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "1+!", "c": "3+!"}, got); diff != "" {
		t.Error(diff)
	}
}

// Every format of which there was a release has its files in testdata, and this program reads them: what was in them is there.
func TestEveryEarlierFormatIsRead(t *testing.T) {
	for format := 1; format <= fileFormat; format++ {
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
		rec, found, err := r.Get(goldenRecord().Key)
		if diff := cmp.Diff(goldenRecord(), rec); diff != "" || !found || err != nil {
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

package persistence

import (
	"encoding/hex"
	"errors"
	"os"
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
				Flow: domain.Flow{CallID: "call-1", ProxyPath: "sip:192.0.2.9", InstanceID: "urn:uuid:1", RegID: 3},
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

// TestGoldenValues pins the values on disk byte by byte: a new format needs a new directory in
// testdata and a migration, see testdata/README.md.
func TestGoldenValues(t *testing.T) {
	rec, cred := goldenRecord(), goldenCredential()
	for path, v := range map[string][]byte{
		"testdata/format2/record.hex":     encodeRecord(&rec, 5),
		"testdata/format1/credential.hex": encodeCredential(&cred, nil),
	} {
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

// A value of format 1 becomes the golden value of format 2, byte by byte, but for the flow: the
// golden documents of format 1 have none.
func TestGoldenValueOfFormat1(t *testing.T) {
	want := goldenRecord()
	want.Bindings[0].Flow = domain.Flow{}
	key, old := keyOf(want.Key), undump(t, "testdata/format1/record.hex")
	got, err := decodeRecord(key, old)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	migrated, err := registrationTo2("", key, old)
	if diff := cmp.Diff(encodeRecord(&want, 5), migrated); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// undump reads the output of [hex.Dump].
func undump(t *testing.T, path string) (out []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		digits, _, _ := strings.Cut(line[min(8, len(line)):], "|")
		b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(digits), " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
	}
	return out
}

// A value is refused if any bit is flipped, if it is truncated, and under another key.
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

// A sealed secret cannot be moved to another user, even with a matching checksum.
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
		"":                    "no key",
		"x y":                 "line 1: does not begin with a number",
		"0 AAAA":              "line 1: does not begin with a number",
		"1 c2hvcnQ=":          "line 1: is not 32 bytes in base64",
		NewKey(1) + NewKey(1): "line 2: key 1 is listed twice",
	} {
		if _, err := ReadKeyring(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) || domain.KindOf(err) != domain.Invalid {
			t.Errorf("%.10q: %v", text, err)
		}
	}
}

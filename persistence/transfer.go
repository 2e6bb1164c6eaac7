package persistence

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
)

// recordLine is one user's record in a file of JSON Lines. Times are RFC 3339 with milliseconds, digests hexadecimal.
type recordLine struct {
	Realm      string          `json:"realm"`
	User       string          `json:"user"`
	Guest      bool            `json:"guest,omitempty"`
	Bindings   []bindingLine   `json:"bindings,omitempty"`
	Tombstones []tombstoneLine `json:"tombstones,omitempty"`
}

type bindingLine struct {
	ID       domain.CacheID  `json:"id"`
	Contact  string          `json:"contact"`
	Deadline time.Time       `json:"deadline"`
	Stamp    stampLine       `json:"stamp"`
	Digest   hexDigest       `json:"digest"`
	Doc      json.RawMessage `json:"fields"`
	// Flow is written where it differs from [flowOf] only, so an export of format 1 reads the same.
	Flow *flowLine `json:"flow,omitempty"`
}

type flowLine struct {
	CallID     string `json:"call_id,omitempty"`
	ProxyPath  string `json:"proxy_path,omitempty"`
	InstanceID string `json:"instance_id,omitempty"`
	RegID      uint32 `json:"reg_id,omitempty"`
}

type tombstoneLine struct {
	ID     domain.CacheID `json:"id"`
	Stamp  stampLine      `json:"stamp"`
	Digest hexDigest      `json:"digest"`
	Of     hexDigest      `json:"of"`
	Until  time.Time      `json:"until"`
}

type stampLine struct {
	Sender  uint64 `json:"sender"`
	Event   int64  `json:"event"`
	Arrival int64  `json:"arrival"`
}

type hexDigest domain.Digest

// MarshalText writes hexadecimal.
func (d hexDigest) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", d[:]), nil }

// UnmarshalText reads it.
func (d *hexDigest) UnmarshalText(b []byte) error {
	if n, err := hex.Decode(d[:min(len(d), len(b)/2)], b[:min(len(b), 2*len(d))]); err != nil || n != len(d) || len(b) != 2*len(d) {
		return fmt.Errorf("a digest is %d hexadecimal digits", 2*len(d))
	}
	return nil
}

// WriteRecord writes a record as a line of JSON.
func WriteRecord(w io.Writer, rec domain.Record) error {
	l := recordLine{Realm: string(rec.Key.Realm), User: string(rec.Key.User), Guest: rec.Unprovisioned}
	for _, b := range rec.Bindings {
		line := bindingLine{
			ID: b.ID, Contact: b.Contact, Deadline: b.Deadline, Stamp: stampLine(b.Stamp), Digest: hexDigest(b.Digest),
			Doc: json.RawMessage(b.Doc),
		}
		if b.Flow != flowOf(&b) {
			line.Flow = (*flowLine)(&b.Flow)
		}
		l.Bindings = append(l.Bindings, line)
	}
	for _, t := range rec.Tombstones {
		l.Tombstones = append(l.Tombstones, tombstoneLine{t.ID, stampLine(t.Stamp), hexDigest(t.Digest), hexDigest(t.RemovedDigest), t.Until})
	}
	if err := json.NewEncoder(w).Encode(l); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

func (l *recordLine) record() (domain.Record, error) {
	key, err := domain.ParseKey(l.Realm, l.User)
	if err != nil {
		return domain.Record{}, err
	}
	rec := domain.Record{Key: key, Unprovisioned: l.Guest}
	for _, line := range l.Bindings {
		b := domain.Binding{
			ID: line.ID, Contact: line.Contact, Deadline: line.Deadline.UTC(), Stamp: domain.Stamp(line.Stamp),
			Digest: domain.Digest(line.Digest), Doc: domain.Document(line.Doc),
		}
		if line.Flow != nil {
			b.Flow = domain.Flow(*line.Flow)
		} else {
			b.Flow = flowOf(&b)
		}
		rec.Bindings = append(rec.Bindings, b)
	}
	for _, t := range l.Tombstones {
		rec.Tombstones = append(rec.Tombstones, domain.Tombstone{
			ID: t.ID, Stamp: domain.Stamp(t.Stamp), Digest: domain.Digest(t.Digest), RemovedDigest: domain.Digest(t.Of), Until: t.Until.UTC(),
		})
	}
	return rec, mapping(rec.Header(), rec)
}

// importMost bounds a line: a record with a hundred bindings of 64 KiB, and their flows.
const importMost = 16 << 20

// ReadRecords reads lines that [WriteRecord] has written. The error names the first line that is none.
func ReadRecords(r io.Reader, each func(domain.Record) error) (n int, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), importMost)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var l recordLine
		rec, err := domain.Record{}, json.Unmarshal(lines.Bytes(), &l)
		if err == nil {
			rec, err = l.record()
		}
		if err == nil {
			err = fits(rec.Key)
		}
		if err != nil {
			return n, domain.Wrap(domain.Invalid, fmt.Sprintf("line %d", n+1), err)
		}
		if err := each(rec); err != nil {
			return n, err
		}
		n++
	}
	if err := lines.Err(); err != nil {
		return n, domain.Wrap(domain.Invalid, fmt.Sprintf("line %d", n+1), err)
	}
	return n, nil
}

// Import writes the records of a file of JSON Lines, all or none: each takes the place of what its user had. It returns how many there were.
func (r *RegistrationsFile) Import(in io.Reader) (n int, err error) {
	err = r.f.update(0, func(data *bolt.Bucket) error {
		n, err = ReadRecords(in, func(rec domain.Record) error { return data.Put(keyOf(rec.Key), encodeRecord(&rec, 0)) })
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

package persistence

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
)

func (l *recordLine) record() (domain.Record, error) {
	key, err := domain.ParseKey(l.Realm, l.User)
	if err != nil {
		return domain.Record{}, err
	}
	rec := domain.Record{Key: key, Unprovisioned: l.Unprovisioned}
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
	return rec, checkConsistent(rec.Header(), rec)
}

// maxLine bounds a line: a record with a hundred bindings of 64 KiB, and their flows.
const maxLine = 16 << 20

// ReadRecords reads lines of [WriteRecord]. The error names the first invalid line.
func ReadRecords(r io.Reader, each func(domain.Record) error) (n int, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
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
			err = checkKeySize(rec.Key)
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

// Import writes the records of a JSON Lines file, all or none. Each replaces the record of its
// user. It returns the number of records.
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

package persistence

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"registrar/actors/domain"
)

// recordLine is a user's record in a JSON Lines file. Times are RFC 3339 with milliseconds;
// digests are hexadecimal.
type recordLine struct {
	Realm         string          `json:"realm"`
	User          string          `json:"user"`
	Unprovisioned bool            `json:"guest,omitempty"`
	Bindings      []bindingLine   `json:"bindings,omitempty"`
	Tombstones    []tombstoneLine `json:"tombstones,omitempty"`
}

type bindingLine struct {
	ID       domain.CacheID  `json:"id"`
	Contact  string          `json:"contact"`
	Deadline time.Time       `json:"deadline"`
	Stamp    stampLine       `json:"stamp"`
	Digest   hexDigest       `json:"digest"`
	Doc      json.RawMessage `json:"fields"`
	// Flow is written only if it differs from [flowOf], so an export of format 1 reads the same.
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

// MarshalText returns hexadecimal digits.
func (d hexDigest) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", d[:]), nil }

// UnmarshalText reads hexadecimal digits.
func (d *hexDigest) UnmarshalText(b []byte) error {
	if n, err := hex.Decode(d[:min(len(d), len(b)/2)], b[:min(len(b), 2*len(d))]); err != nil || n != len(d) || len(b) != 2*len(d) {
		return fmt.Errorf("a digest is %d hexadecimal digits", 2*len(d))
	}
	return nil
}

// WriteRecord writes a record as a line of JSON.
func WriteRecord(w io.Writer, rec domain.Record) error {
	l := recordLine{Realm: string(rec.Key.Realm), User: string(rec.Key.User), Unprovisioned: rec.Unprovisioned}
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

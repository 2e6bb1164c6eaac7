package persistence

import (
	"registrar/actors/domain"
	"registrar/actors/trace"
)

// The notes of recorded events name the user of an operation, and never show the record.

func noteOf(k domain.Key, text string) trace.Note {
	return trace.Note{Realm: string(k.Realm), User: string(k.User), Text: text}
}

// TraceNote returns the user.
func (op fenceOp) TraceNote() trace.Note { return noteOf(op.key, "") }

// TraceNote returns the user, and whether the record is written or deleted.
func (op writeOp) TraceNote() trace.Note {
	if op.value == nil {
		return noteOf(op.rec.Key, "delete")
	}
	return noteOf(op.rec.Key, "put")
}

// TraceNote returns the user.
func (op releaseOp) TraceNote() trace.Note { return noteOf(op.key, "") }

// TraceNote returns the user of a read, or the key before a page.
func (r read) TraceNote() trace.Note { return noteOf(r.key, "") }

package persistence

import (
	"registrar/actors/domain"
	"registrar/actors/trace"
)

// What a recorded event tells of an operation: whose record it is about, and nothing of what is in it.

func noteOf(k domain.Key, text string) trace.Note {
	return trace.Note{Realm: string(k.Realm), User: string(k.User), Text: text}
}

// TraceNote tells the user.
func (op fenceOp) TraceNote() trace.Note { return noteOf(op.key, "") }

// TraceNote tells the user, and what becomes of the record.
func (op writeOp) TraceNote() trace.Note {
	if op.value == nil {
		return noteOf(op.rec.Key, "delete")
	}
	return noteOf(op.rec.Key, "put")
}

// TraceNote tells the user.
func (op releaseOp) TraceNote() trace.Note { return noteOf(op.key, "") }

// TraceNote tells the user whose record is read, or behind whom a page begins.
func (r read) TraceNote() trace.Note { return noteOf(r.key, "") }

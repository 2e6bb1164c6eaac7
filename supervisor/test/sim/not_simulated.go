package sim

import "registrar/actors/fault"

// NotSimulated lists the actors that the simulator replaces by a model or does not run. The
// packages supervisor and console test their cells on real files.
func NotSimulated() []Actor {
	return []Actor{
		{
			Name: "writer", Interface: "registrar/persistence.WriterMessage", Process: "registrations/writer",
			Points: []fault.Point{fault.BeforeCommit, fault.AfterCommit}, Messages: []Message{
				{Name: "persistence.fenceOp", Way: Told},
				{Name: "persistence.writeOp", Way: Told},
				{Name: "persistence.releaseOp", Way: Told},
				{Name: "persistence.primeOp", Way: Told},
				{Name: "persistence.pruneOp", Way: Told},
				{Name: "persistence.commitNow"},
				{Name: "persistence.reopen"},
			},
		},
		{
			Name: "credentials writer", Interface: "registrar/persistence.CredentialMessage", Process: "credentials/writer",
			Points: []fault.Point{fault.BeforeCommit, fault.AfterCommit}, Messages: []Message{
				{Name: "persistence.applyOp", Way: Told},
				{Name: "persistence.realmsOp", Way: Told},
				{Name: "persistence.resealOp", Way: Told},
				{Name: "persistence.reopen"},
			},
		},
		{Name: "reader", Interface: "registrar/persistence.ReaderMessage", Process: "registrations/reader/*", Messages: []Message{{Name: "persistence.read", Way: Told}}},
		{Name: "credentials reader", Interface: "registrar/persistence.ReaderMessage", Process: "credentials/reader/*", Messages: []Message{
			{Name: "persistence.read", Way: Told},
		}},
		{Name: "crash reports", Interface: "registrar/supervisor/console.CrashReportsMessage", Process: "observe/crashes", Messages: []Message{
			{Name: "console.Crashed", Way: Told}, {Name: "console.List", Way: Asked}, {Name: "console.save"},
		}},
		{Name: "server", Interface: "registrar/supervisor/console.ServerMessage", Process: "observe/admin", Messages: []Message{{Name: "console.ended", Ends: true}}},
	}
}

package console

import (
	"context"
	"io"

	"registrar/actors/domain"
	"registrar/persistence"
)

// Source is what the admin server shows.
type Source interface {
	// Ready reports whether the registrar is primed, consuming and able to answer, and one line for each thing to know: if it is not, each reason.
	Ready() (ok bool, reasons []string)
	// Samples returns what became of messages so far.
	Samples() []Sample
	// Parts returns the parts of the registrar that may be in trouble while it runs.
	Components() []domain.Component
	// Commits counts the commits of each file of the store since it was started.
	Commits() map[string]uint64
	// Processes counts the processes of the tree that are up, and the restarts of all.
	Processes() (up int, restarts uint64)
}

// Sample is how often an outcome was seen in a flow.
type Sample struct {
	Flow, Outcome string
	Count         uint64
}

// Store is what the control API works on.
type Store interface {
	// Import writes credentials, all or none, and returns how many.
	Import(ctx context.Context, creds []domain.Credential) (int, error)
	// Delete deletes a credential and reports whether there was one.
	Delete(ctx context.Context, key domain.Key) (bool, error)
	// Credentials and Registrations list in key order, at most limit behind after, of one realm or of all.
	Credentials(ctx context.Context, realm domain.Realm, after domain.Key, limit int) ([]domain.Credential, error)
	Registrations(ctx context.Context, realm domain.Realm, after domain.Key, limit int) ([]domain.Record, error)
	// Registration returns one user's record, an empty one when there is none.
	Registration(ctx context.Context, key domain.Key) (domain.Record, error)
	// Secrets lists credentials as Credentials does, with what Credentials leaves out: for an export to the owner of the data directory alone.
	Secrets(ctx context.Context, after domain.Key, limit int) ([]domain.Credential, error)
	// Reseal seals every secret with the key that seals now, and returns how many it has changed.
	Reseal(ctx context.Context) (int, error)
	// Copy writes a consistent copy of one of the files (credentials, registrations).
	Copy(ctx context.Context, file string, w io.Writer) error
	// Stats returns the sizes of the files.
	Stats(ctx context.Context) ([]persistence.FileStats, error)
	// Flush removes the registrations of a user, or of the whole realm when user is empty, and returns of how many users.
	Flush(ctx context.Context, realm domain.Realm, user domain.User) (int, error)
}

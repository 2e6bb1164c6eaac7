package console

import (
	"context"
	"io"

	"registrar/actors/domain"
	"registrar/persistence"
)

// Source provides the values that the admin server shows.
type Source interface {
	// Ready reports whether the registrar is primed, consuming and able to answer. Each reason
	// against it is one line; armed faults add a line while the registrar is ready as well.
	Ready() (ok bool, reasons []string)
	// Samples returns the number of messages by flow and outcome.
	Samples() []Sample
	// Retries counts the retries of each flow, RejectedTimestamps its messages with an unusable event
	// time. Outcome is empty.
	Retries() []Sample
	RejectedTimestamps() []Sample
	// Components returns the components of the bridge and the files of the store.
	Components() []domain.Component
	// Commits returns the number of commits since the start, by file of the store.
	Commits() map[string]uint64
	// Processes returns the number of running processes of the tree and of all restarts.
	Processes() (up int, restarts uint64)
}

// Sample is the number of messages of a flow with an outcome.
type Sample struct {
	Flow, Outcome string
	Count         uint64
}

// Store holds the credentials and registrations that the control API reads and changes.
type Store interface {
	// Import stores credentials, all or none, and returns the number of changed ones.
	Import(ctx context.Context, creds []domain.Credential) (int, error)
	// Delete deletes a credential and reports whether it existed.
	Delete(ctx context.Context, key domain.Key) (bool, error)
	// Credentials and Registrations return at most limit items after a key, in key order, of one
	// realm or, if it is empty, of all. Credentials leaves out the secrets.
	Credentials(ctx context.Context, realm domain.Realm, after domain.Key, limit int) ([]domain.Credential, error)
	Registrations(ctx context.Context, realm domain.Realm, after domain.Key, limit int) ([]domain.Record, error)
	// Registration returns the record of a user; it is empty if the user has none.
	Registration(ctx context.Context, key domain.Key) (domain.Record, error)
	// Secrets is like Credentials for all realms, with the secrets. It serves the export to the
	// owner of the data directory.
	Secrets(ctx context.Context, after domain.Key, limit int) ([]domain.Credential, error)
	// Reseal encrypts every secret with the current key and returns the number of changed ones.
	Reseal(ctx context.Context) (int, error)
	// Copy writes a consistent copy of a file (credentials, registrations).
	Copy(ctx context.Context, file string, w io.Writer) error
	// Stats returns the sizes of the files.
	Stats(ctx context.Context) ([]persistence.FileStats, error)
	// Flush removes the registrations of a user, or of a realm if user is empty, and returns the
	// number of users.
	Flush(ctx context.Context, realm domain.Realm, user domain.User) (int, error)
}

package console

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"registrar/actors/domain"
	"registrar/persistence"
)

func storeRoutes(mux *http.ServeMux, s Store) {
	mux.HandleFunc("GET /v1/store/stats", func(w http.ResponseWriter, r *http.Request) {
		stats, err := s.Stats(r.Context())
		writeResult(w, stats, err)
	})
	mux.HandleFunc("POST /v1/store/reseal", func(w http.ResponseWriter, r *http.Request) {
		n, err := s.Reseal(r.Context())
		writeResult(w, n, err)
	})
	mux.HandleFunc("GET /v1/store/copy", func(w http.ResponseWriter, r *http.Request) {
		out := &copyResponse{w: w}
		if err := s.Copy(r.Context(), r.FormValue("file"), out); err != nil {
			out.fail(err)
		}
	})
	mux.HandleFunc("GET /v1/store/secrets", func(w http.ResponseWriter, r *http.Request) {
		_, after, limit := paging(r)
		creds, err := s.Secrets(r.Context(), after, limit)
		if err != nil {
			writeResult(w, nil, err)
			return
		}
		w.Header().Set("Content-Type", "application/jsonl")
		_ = WriteCredentials(w, creds) // an error means that the client has gone
	})
}

// copyResponse is a response whose status is open until the first byte is written.
type copyResponse struct {
	w       http.ResponseWriter
	started bool
}

func (l *copyResponse) Write(b []byte) (int, error) {
	l.started = true
	return l.w.Write(b) //nolint:wrapcheck // it implements io.Writer.
}

// fail writes the error. If a part of the copy was sent already, it cuts the connection, so that
// the client does not take the part for the whole.
func (l *copyResponse) fail(err error) {
	if !l.started {
		writeText(l.w, status(err), err.Error())
		return
	}
	panic(http.ErrAbortHandler)
}

// Secrets returns a page of credentials with their secrets.
func (c *Client) Secrets(ctx context.Context, after domain.Key, limit int) (out []domain.Credential, err error) {
	err = c.stream(ctx, "/v1/store/secrets", page("", after, limit), func(r io.Reader) error {
		out, err = ReadCredentials(r)
		return err
	})
	return out, err
}

// Reseal encrypts every secret with the current key and returns the number of changed ones.
func (c *Client) Reseal(ctx context.Context) (n int, err error) {
	err = c.do(ctx, http.MethodPost, "/v1/store/reseal", nil, nil, &n)
	return n, err
}

// Copy writes a consistent copy of a file to w.
func (c *Client) Copy(ctx context.Context, file string, w io.Writer) error {
	return c.stream(ctx, "/v1/store/copy", url.Values{"file": {file}}, func(r io.Reader) error {
		if _, err := io.Copy(w, r); err != nil {
			return fmt.Errorf("copy of %s interrupted: %w", file, err)
		}
		return nil
	})
}

// Stats returns the sizes of the files of the store.
func (c *Client) Stats(ctx context.Context) (out []persistence.FileStats, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/store/stats", nil, nil, &out)
	return out, err
}

package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"registrar/actors/domain"
)

// Client calls the control API of a running registrar. It is safe for use by many goroutines.
type Client struct{ http *http.Client }

// NewClient returns a client for the control socket of a data directory.
func NewClient(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return dialSocket(ctx, socket) }
	return &Client{http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Import stores credentials, all or none, and returns their number.
func (c *Client) Import(ctx context.Context, creds []domain.Credential) (int, error) {
	var body bytes.Buffer
	if err := WriteCredentials(&body, creds); err != nil {
		return 0, err
	}
	var n int
	err := c.do(ctx, http.MethodPost, "/v1/credentials", nil, &body, &n)
	return n, err
}

// Delete deletes a credential and reports whether it existed.
func (c *Client) Delete(ctx context.Context, key domain.Key) (existed bool, err error) {
	q := url.Values{"realm": {string(key.Realm)}, "user": {string(key.User)}}
	err = c.do(ctx, http.MethodDelete, "/v1/credentials", q, nil, &existed)
	return existed, err
}

// Credentials returns a page of credentials without secrets; see [Store].
func (c *Client) Credentials(ctx context.Context, realm domain.Realm, after domain.Key, limit int) (out []domain.Credential, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/credentials", page(realm, after, limit), nil, &out)
	return out, err
}

// Registrations returns a page of records; see [Store].
func (c *Client) Registrations(ctx context.Context, realm domain.Realm, after domain.Key, limit int) (out []domain.Record, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/registrations", page(realm, after, limit), nil, &out)
	return out, err
}

// Registration returns the record of a user; it is empty if the user has none.
func (c *Client) Registration(ctx context.Context, key domain.Key) (rec domain.Record, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/registration", url.Values{"realm": {string(key.Realm)}, "user": {string(key.User)}}, nil, &rec)
	return rec, err
}

// Flush removes the registrations of a user, or of a realm if user is empty, and returns the
// number of users.
func (c *Client) Flush(ctx context.Context, realm domain.Realm, user domain.User) (n int, err error) {
	err = c.do(ctx, http.MethodDelete, "/v1/registrations", url.Values{"realm": {string(realm)}, "user": {string(user)}}, nil, &n)
	return n, err
}

func page(realm domain.Realm, after domain.Key, limit int) url.Values {
	return url.Values{
		"realm": {string(realm)}, "after_realm": {string(after.Realm)}, "after_user": {string(after.User)}, "limit": {strconv.Itoa(limit)},
	}
}

// do sends a request and decodes the JSON response within requestTimeout.
func (c *Client) do(ctx context.Context, method, path string, q url.Values, body io.Reader, into any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return c.request(ctx, method, path, q, body, func(r io.Reader) error {
		if err := json.NewDecoder(r).Decode(into); err != nil {
			return fmt.Errorf("control: %w", err)
		}
		return nil
	})
}

// stream reads a response without a time limit other than that of ctx.
func (c *Client) stream(ctx context.Context, path string, q url.Values, read func(io.Reader) error) error {
	return c.request(ctx, http.MethodGet, path, q, nil, read)
}

func (c *Client) request(ctx context.Context, method, path string, q url.Values, body io.Reader, read func(io.Reader) error) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://control"+path+"?"+q.Encode(), body)
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("the registrar that uses the data directory does not answer on its control socket: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		return errors.New(strings.TrimSpace(string(text)))
	}
	return read(resp.Body)
}

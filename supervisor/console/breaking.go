package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"registrar/actors/domain"
	"registrar/actors/fault"
)

// ErrNotAllowed means that a server is not to be broken on purpose.
var ErrFaultsNotAllowed = errors.New("this server does not let itself be broken on purpose: start it with --allow-faults")

// Breaker is what the control API does to break a registrar on purpose.
type FaultControl interface {
	// Breaking reports whether it may be. If not, the others answer [ErrNotAllowed], but for Kill and Abandon, which are not called.
	FaultsAllowed() bool
	// Arm arms a fault and returns its number; Disarm takes it away, all for 0, and returns how many; Faults lists them.
	Arm(r fault.Rule) (uint64, error)
	Disarm(id uint64) (int, error)
	Faults() ([]fault.Rule, error)
	// Kill makes a process crash between two messages, Abandon kills one without its cooperation.
	Kill(process string) error
	Abandon(process string) error
}

func faultRoutes(mux *http.ServeMux, b FaultControl) {
	mux.HandleFunc("GET /v1/faults", func(w http.ResponseWriter, _ *http.Request) {
		all, err := b.Faults()
		writeResult(w, all, err)
	})
	mux.HandleFunc("POST /v1/faults", func(w http.ResponseWriter, r *http.Request) {
		var rule fault.Rule
		if err := json.NewDecoder(r.Body).Decode(&rule); err != nil {
			writeResult(w, nil, domain.Wrap(domain.Invalid, "fault", err))
			return
		}
		id, err := b.Arm(rule)
		writeResult(w, id, err)
	})
	mux.HandleFunc("DELETE /v1/faults", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseUint(r.FormValue("id"), 10, 64)
		if err != nil {
			writeResult(w, nil, domain.Wrap(domain.Invalid, "fault", err))
			return
		}
		n, err := b.Disarm(id)
		writeResult(w, n, err)
	})
	for verb, do := range map[string]func(string) error{"kill": b.Kill, "abandon": b.Abandon} {
		mux.HandleFunc("POST /v1/process/"+verb, func(w http.ResponseWriter, r *http.Request) {
			err := ErrFaultsNotAllowed
			if b.FaultsAllowed() {
				err = do(r.FormValue("name"))
			}
			writeResult(w, struct{}{}, err)
		})
	}
}

// Faults lists the faults that were armed and not disarmed, with how often each has hit.
func (c *Client) Faults(ctx context.Context) (all []fault.Rule, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/faults", nil, nil, &all)
	return all, err
}

// Arm arms a fault and returns its number.
func (c *Client) Arm(ctx context.Context, r fault.Rule) (id uint64, err error) {
	text, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("fault: %w", err)
	}
	err = c.do(ctx, http.MethodPost, "/v1/faults", nil, bytes.NewReader(text), &id)
	return id, err
}

// Disarm takes a fault away, all of them for 0, ends its hangs, and returns how many there were.
func (c *Client) Disarm(ctx context.Context, id uint64) (n int, err error) {
	err = c.do(ctx, http.MethodDelete, "/v1/faults", url.Values{"id": {strconv.FormatUint(id, 10)}}, nil, &n)
	return n, err
}

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

// ErrFaultsNotAllowed means that the server was started without --allow-faults.
var ErrFaultsNotAllowed = errors.New("this server does not allow faults; start it with --allow-faults")

// FaultControl injects faults into a registrar.
type FaultControl interface {
	// FaultsAllowed reports whether faults are allowed. If not, Arm, Disarm and Faults return
	// [ErrFaultsNotAllowed], and Kill and Abandon are not called.
	FaultsAllowed() bool
	// Arm arms a fault and returns its ID. Disarm removes one fault, or all for ID 0, and returns
	// the number of removed faults. Faults returns the faults that are not disarmed.
	Arm(r fault.Rule) (uint64, error)
	Disarm(id uint64) (int, error)
	Faults() ([]fault.Rule, error)
	// Kill makes a process crash between two messages. Abandon ends an incarnation without its
	// cooperation, even while it hangs.
	Kill(process string) error
	Abandon(process string) error
}

func faultRoutes(mux *http.ServeMux, f FaultControl) {
	mux.HandleFunc("GET /v1/faults", func(w http.ResponseWriter, _ *http.Request) {
		all, err := f.Faults()
		writeResult(w, all, err)
	})
	mux.HandleFunc("POST /v1/faults", func(w http.ResponseWriter, r *http.Request) {
		var rule fault.Rule
		if err := json.NewDecoder(r.Body).Decode(&rule); err != nil {
			writeResult(w, nil, domain.Wrap(domain.Invalid, "fault", err))
			return
		}
		id, err := f.Arm(rule)
		writeResult(w, id, err)
	})
	mux.HandleFunc("DELETE /v1/faults", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseUint(r.FormValue("id"), 10, 64)
		if err != nil {
			writeResult(w, nil, domain.Wrap(domain.Invalid, "fault", err))
			return
		}
		n, err := f.Disarm(id)
		writeResult(w, n, err)
	})
	for verb, do := range map[string]func(string) error{"kill": f.Kill, "abandon": f.Abandon} {
		mux.HandleFunc("POST /v1/process/"+verb, func(w http.ResponseWriter, r *http.Request) {
			err := ErrFaultsNotAllowed
			if f.FaultsAllowed() {
				err = do(r.FormValue("name"))
			}
			writeResult(w, struct{}{}, err)
		})
	}
}

// Faults returns the faults that are not disarmed, with their hits.
func (c *Client) Faults(ctx context.Context) (all []fault.Rule, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/faults", nil, nil, &all)
	return all, err
}

// Arm arms a fault and returns its ID.
func (c *Client) Arm(ctx context.Context, r fault.Rule) (id uint64, err error) {
	text, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("fault: %w", err)
	}
	err = c.do(ctx, http.MethodPost, "/v1/faults", nil, bytes.NewReader(text), &id)
	return id, err
}

// Disarm removes one fault, or all for ID 0, ends their delays and hangs, and returns the number
// of removed faults.
func (c *Client) Disarm(ctx context.Context, id uint64) (n int, err error) {
	err = c.do(ctx, http.MethodDelete, "/v1/faults", url.Values{"id": {strconv.FormatUint(id, 10)}}, nil, &n)
	return n, err
}

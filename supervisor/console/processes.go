package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"registrar/actors/otp"
)

// ErrStarting means that the tree is not complete yet: the control socket is its first process.
var ErrStarting = errors.New("the server is still starting")

// ProcessControl shows and controls the processes of a running registrar.
type ProcessControl interface {
	// Tree returns the current supervision tree. While the server starts, it is empty, and the
	// other methods return [ErrStarting].
	Tree() otp.Node
	// Inspect returns the state of a process; ctx bounds the wait for its behaviour.
	Inspect(ctx context.Context, process string) (otp.Info, error)
	// Suspend, Resume and Step are documented at [otp.App].
	Suspend(process string) error
	Resume(process string) error
	Step(process string) error
}

// Process is the state of a process. Shown hides otp.Info.Shown: it is the same as text.
type Process struct {
	otp.Info
	BehaviourState string
}

// controls returns the operations on one process by verb.
func controls(c ProcessControl) map[string]func(string) error {
	return map[string]func(string) error{"suspend": c.Suspend, "resume": c.Resume, "step": c.Step}
}

func processRoutes(mux *http.ServeMux, c ProcessControl) {
	mux.HandleFunc("GET /v1/tree", func(w http.ResponseWriter, _ *http.Request) {
		root, err := c.Tree(), error(nil)
		if root.Name == "" {
			err = ErrStarting
		}
		writeResult(w, root, err)
	})
	mux.HandleFunc("GET /v1/process", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), inspectTimeout)
		defer cancel()
		info, err := c.Inspect(ctx, r.FormValue("name"))
		p := Process{Info: info}
		if info.BehaviourState != nil {
			p.BehaviourState = fmt.Sprintf("%+v", info.BehaviourState)
		}
		writeResult(w, p, err)
	})
	for verb, do := range controls(c) {
		mux.HandleFunc("POST /v1/process/"+verb, func(w http.ResponseWriter, r *http.Request) {
			writeResult(w, struct{}{}, do(r.FormValue("name")))
		})
	}
}

// Tree returns the current supervision tree.
func (c *Client) Tree(ctx context.Context) (n otp.Node, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/tree", nil, nil, &n)
	return n, err
}

// Inspect returns the state of a process.
func (c *Client) Inspect(ctx context.Context, process string) (p Process, err error) {
	err = c.do(ctx, http.MethodGet, "/v1/process", url.Values{"name": {process}}, nil, &p)
	return p, err
}

// Control applies a verb (suspend, resume, step, kill, abandon) to a process.
func (c *Client) Control(ctx context.Context, verb, process string) error {
	var none struct{}
	return c.do(ctx, http.MethodPost, "/v1/process/"+verb, url.Values{"name": {process}}, nil, &none)
}
